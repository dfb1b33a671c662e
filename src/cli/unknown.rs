//! Messages about texts that are mostly outside the vocabulary of the model, whose vectors are uninformative.

use embed::engine::{Embedder, Totals};

use crate::cli::args::global::GlobalArguments;
use crate::cli::render::counted;
use crate::cli::report::note;

/// Texts of a command that stores nothing.
#[derive(Debug, Default)]
pub(crate) struct UnknownTexts {
    count: u64,
    /// The name of the first one.
    first: Option<String>,
}

impl UnknownTexts {
    /// Counts `text` if it is mostly outside the vocabulary; `name` names it.
    pub(crate) fn count(&mut self, embedder: &dyn Embedder, text: &str, name: impl FnOnce() -> String) {
        if embedder.is_mostly_unknown(text) {
            self.count += 1;
            self.first.get_or_insert_with(name);
        }
    }

    /// Prints their number, if there are any.
    pub(crate) fn note(&self, global: &GlobalArguments, model: &str) {
        if let Some(first) = &self.first {
            let texts = mostly_outside(self.count, model);
            let their = if self.count == 1 { "its vector is" } else { "their vectors are" };
            note(global, &format!("{texts}, first {first}: {their} uninformative"));
        }
    }
}

/// Prints how many texts of a run over sources are mostly outside the vocabulary, if any.
pub(crate) fn note_mostly_unknown(global: &GlobalArguments, totals: &Totals, model: &str) {
    if let Some(first) = &totals.first_mostly_unknown {
        let texts = mostly_outside(totals.mostly_unknown, model);
        let found = if totals.mostly_unknown == 1 { "it" } else { "them" };
        note(global, &format!("{texts}, first {first}: search finds {found} by words, not by meaning"));
    }
}

/// `3 texts are mostly outside the vocabulary of BAAI/bge-small-en-v1.5`.
pub(crate) fn mostly_outside(count: u64, model: &str) -> String {
    let verb = if count == 1 { "is" } else { "are" };
    format!("{} {verb} mostly outside the vocabulary of {model}", counted(count, "text"))
}

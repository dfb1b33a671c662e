//! Files and folders that a command reads and embeds instead of looking at the index.

use std::path::PathBuf;

use embed::corpus::{CorpusError, Found, SourceFinder};
use embed::filter::Filters;
use embed::model::Model;
use embed::search::{Collection, Wanted};

use crate::cli::args::corpus::CorpusArguments;
use crate::cli::args::global::GlobalArguments;
use crate::cli::progress::TerminalProgress;
use crate::cli::report::note_left_out;
use crate::cli::resolve;
use crate::cli::usage::UsageError;

/// What is read.
pub(crate) struct Reading<'a> {
    pub(crate) paths: &'a [PathBuf],
    pub(crate) corpus: &'a CorpusArguments,
    pub(crate) filters: &'a Filters,
    /// Ids of documents that are read whether the filters hold or not.
    pub(crate) liked: &'a [String],
}

impl Reading<'_> {
    /// The files that the paths mean.
    pub(crate) fn find(&self) -> Result<SourceFinder, CorpusError> {
        SourceFinder::new(self.paths, resolve::walk_options(self.corpus))
    }

    /// Reads and embeds what `finder` finds, and tells the user what was left out.
    pub(crate) fn read(
        &self,
        model: &Model,
        finder: SourceFinder,
        global: &GlobalArguments,
    ) -> anyhow::Result<Collection> {
        let mut sources = Vec::new();
        let mut skipped = Vec::new();
        for found in finder {
            match found {
                Found::Source(source) => sources.push(source),
                Found::Skipped(file) => skipped.push(file),
            }
        }
        if sources.is_empty() && skipped.is_empty() {
            return Err(UsageError::NoFiles { names: resolve::listed(self.paths) }.into());
        }
        let read = resolve::read_options(self.corpus, model);
        let wanted = Wanted { read: &read, filters: self.filters, references: self.liked };
        let bytes = resolve::total_bytes(&sources);
        let mut progress = TerminalProgress::new(bytes, resolve::progress_visibility(global));
        let mut gathered = Collection::read(model, &sources, &wanted, &mut progress)?;
        drop(progress);
        for file in skipped {
            gathered.left_out.add_file(file);
        }
        note_left_out(global, &gathered.left_out);
        if gathered.collection.is_empty() && self.filters.is_empty() {
            return Err(UsageError::NoText { names: resolve::listed(self.paths) }.into());
        }
        Ok(gathered.collection)
    }
}

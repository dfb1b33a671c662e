//! The case of a text before the tokenizer.

use std::borrow::Cow;

/// What becomes of the case of a text before its tokenizer, which may change it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Casing {
    /// It stays.
    #[default]
    AsWritten,
    /// The whole text is lower-cased, as `do_lower_case` of `sentence_bert_config.json` says: special tokens and prefixes
    /// too, and a final sigma by its place in the word.
    Lower,
}

impl Casing {
    pub(super) fn apply(self, text: &str) -> Cow<'_, str> {
        match self {
            Self::AsWritten => text.into(),
            Self::Lower => text.to_lowercase().into(),
        }
    }
}

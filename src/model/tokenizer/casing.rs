//! Lower-casing before the tokenizer.

use std::borrow::Cow;

/// The treatment of case before the tokenizer, which may lower-case, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Casing {
    /// The text is unchanged.
    #[default]
    AsWritten,
    /// The whole text is lower-cased (`do_lower_case` of `sentence_bert_config.json`), including special tokens and
    /// prefixes; a final sigma depends on its place in the word.
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

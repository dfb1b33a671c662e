//! The length of a text in tokens.

/// Counts the tokens of a text for a model, without special tokens.
///
/// The length of a passage is the sum over its words. That is exact for tokenizers that split at white space first, as
/// `WordPiece` and `SentencePiece` with a word mark do, and close for others.
pub trait TokenCounter: Sync {
    /// The number of tokens of `text`.
    fn count(&self, text: &str) -> usize;
}

impl<F: Fn(&str) -> usize + Sync> TokenCounter for F {
    fn count(&self, text: &str) -> usize {
        self(text)
    }
}

//! The length of a text in tokens.

/// Counts the tokens that a model makes of a text, without special tokens.
///
/// Passages are measured as the sum over their words. That is exact for tokenizers that split at white space first, as
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

//! The size of passages.

use crate::corpus::error::CorpusError;

/// The size of passages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassageSettings {
    /// The most tokens of a passage, its context included.
    pub tokens: usize,
    /// The most tokens at the end of a passage that the next one repeats.
    pub overlap: usize,
}

impl Default for PassageSettings {
    fn default() -> Self {
        Self::of_tokens(Self::DEFAULT_TOKENS)
    }
}

impl PassageSettings {
    /// Half of the limit of common models, so that a passage has one topic.
    pub const DEFAULT_TOKENS: usize = 256;

    /// Passages of at most `tokens` tokens, of which the next one repeats an eighth.
    #[must_use]
    pub const fn of_tokens(tokens: usize) -> Self {
        const OVERLAP_DIVISOR: usize = 8;
        Self { tokens, overlap: tokens / OVERLAP_DIVISOR }
    }

    /// # Errors
    ///
    /// [`CorpusError::Overlap`] unless the overlap is smaller than the passage.
    pub(in crate::corpus) const fn check(self) -> Result<(), CorpusError> {
        let Self { tokens, overlap } = self;
        if overlap < tokens { Ok(()) } else { Err(CorpusError::Overlap { overlap, tokens }) }
    }

    /// The most tokens of a context: a quarter, so that most of a passage is its own text.
    pub(super) const fn context_tokens(self) -> usize {
        self.tokens / 4
    }

    /// The tokens that remain for the text with the longest context.
    pub(super) const fn text_tokens(self) -> usize {
        self.tokens - self.context_tokens()
    }

    /// Sections below this many tokens are joined with their neighbors.
    pub(super) const fn small_section_tokens(self) -> usize {
        self.tokens / 4
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_overlap_must_be_smaller_than_a_passage() {
        assert!(PassageSettings { tokens: 8, overlap: 8 }.check().is_err());
        assert!(PassageSettings { tokens: 0, overlap: 0 }.check().is_err());
        assert!(PassageSettings::default().check().is_ok());
    }
}

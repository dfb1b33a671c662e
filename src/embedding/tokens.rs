//! Token ids as input: for callers that batch, count or check texts before they are encoded.

use std::ops::Range;

use super::{EmbedError, Role};
use crate::vectors::UnitVectors;

/// The token ids of one text, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizedText {
    /// At least one id, at most the model's longest length.
    pub ids: Vec<u32>,
    /// Whether the text was truncated.
    pub truncated: bool,
}

/// A token and its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id in the vocabulary.
    pub id: u32,
    /// Its text in the vocabulary.
    pub text: String,
    /// Whether it stands for no part of the text, such as `[CLS]`.
    pub is_special: bool,
    /// The characters of the text that it stands for, counted from 0; empty for a special token.
    pub characters: Range<usize>,
}

/// A model whose texts are tokenized in this process.
pub trait TokenEmbedder: Send + Sync {
    /// The number of entries of the vocabulary: every id is below.
    fn vocabulary_size(&self) -> usize;

    /// The token ids of `text` in `role`, with its prefix and special tokens.
    ///
    /// # Errors
    ///
    /// An [`EmbedError`] where the tokenizer refuses the text.
    fn token_ids(&self, role: Role, text: &str) -> Result<TokenizedText, EmbedError>;

    /// All tokens of `text` without a prefix, however long it is, special tokens included.
    ///
    /// # Errors
    ///
    /// As [`TokenEmbedder::token_ids`].
    fn tokens(&self, text: &str) -> Result<Vec<Token>, EmbedError>;

    /// `ids` between the special tokens that surround every text, unless they are there already.
    ///
    /// # Errors
    ///
    /// As [`TokenEmbedder::token_ids`].
    fn with_special_tokens(&self, ids: &[u32]) -> Result<Vec<u32>, EmbedError>;

    /// The vectors of texts that [`TokenEmbedder::token_ids`] tokenized: texts x dimension, in order.
    ///
    /// # Errors
    ///
    /// An [`EmbedError`] where a text cannot be encoded.
    fn embed_tokens(&self, texts: &[&[u32]]) -> Result<UnitVectors, EmbedError>;
}

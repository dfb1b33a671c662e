//! From text to token ids, cut at the model's longest length.

use std::path::Path;

use rayon::prelude::*;
use tokenizers::utils::truncation::TruncationParams;

use super::ModelError;

/// A `tokenizer.json`, with padding off and truncation at the model's own length whatever the file says.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
}

/// The token ids of one text, special tokens included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenizedText {
    /// At least one id, at most the tokenizer's longest length.
    pub ids: Vec<u32>,
    /// Whether the end of the text was left out.
    pub truncated: bool,
}

impl Tokenizer {
    /// Parses `tokenizer.json`; `path` is named in errors. Texts are cut to `max_tokens`, and every id must be below
    /// `embeddings`, the number of rows of the model's word embedding.
    ///
    /// # Errors
    ///
    /// [`ModelError::TokenizerFile`] or [`ModelError::VocabularySize`].
    pub fn from_json(
        json: &[u8],
        path: &Path,
        max_tokens: usize,
        embeddings: usize,
    ) -> Result<Self, ModelError> {
        let invalid = |source| ModelError::TokenizerFile { path: path.to_owned(), source };
        let mut inner = tokenizers::Tokenizer::from_bytes(json).map_err(invalid)?;
        let tokens = inner.get_vocab(true).into_values().max().map_or(0, |id| id as usize + 1);
        if tokens > embeddings {
            return Err(ModelError::VocabularySize { path: path.to_owned(), tokens, embeddings });
        }
        inner.with_padding(None);
        let truncation = TruncationParams { max_length: max_tokens, ..TruncationParams::default() };
        inner.with_truncation(Some(truncation)).map_err(invalid)?;
        Ok(Self { inner })
    }

    /// The token ids of `text`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Tokenize`] where the tokenizer's own rules fail (a WordPiece tokenizer's do not).
    pub fn tokenize(&self, text: &str) -> Result<TokenizedText, ModelError> {
        let encoding =
            self.inner.encode_fast(text, true).map_err(|source| ModelError::Tokenize { source })?;
        Ok(TokenizedText {
            ids: encoding.get_ids().to_vec(),
            truncated: !encoding.get_overflowing().is_empty(),
        })
    }

    /// The token ids of every text, in order, computed on all threads.
    ///
    /// # Errors
    ///
    /// As [`Tokenizer::tokenize`].
    pub fn tokenize_all<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Vec<TokenizedText>, ModelError> {
        texts.par_iter().map(|text| self.tokenize(text.as_ref())).collect()
    }
}

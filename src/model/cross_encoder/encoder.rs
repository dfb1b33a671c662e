//! A cross-encoder that is ready to score.

use super::CrossEncoderFiles;
use super::head::Head;
use crate::model::fastest_encoder::fastest_encoder;
use crate::model::{
    Casing, Device, Encoder, EncoderPrecision, ModelError, PairTokenizer, Pooling, TokenizedPair,
    TokenizerSettings,
};

/// Scores how well texts answer a query. Shared by threads; the score of a pair does not depend on other pairs, on the
/// CPU bit for bit.
#[derive(Debug)]
pub struct CrossEncoder {
    name: String,
    max_tokens: usize,
    tokenizer: PairTokenizer,
    encoder: Box<dyn Encoder>,
    pooling: Pooling,
    head: Head,
    /// Whether the encoder has token types for the two texts of a pair.
    types_pairs: bool,
}

/// Scores of pairs, and counts of tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct PairScores {
    /// One for each pair, in order: the model's raw output, a logit. Higher is better, on the model's own scale.
    pub scores: Vec<f32>,
    /// Tokens encoded, special tokens included.
    pub tokens: usize,
    /// The number of pairs that exceed the model's limit and were truncated.
    pub truncated: usize,
}

impl CrossEncoder {
    /// Loads a cross-encoder from its files.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where the tokenizer or the encoder does not load, or the device cannot be used.
    pub fn new(
        files: &CrossEncoderFiles,
        precision: EncoderPrecision,
        device: Device,
    ) -> Result<Self, ModelError> {
        let encoder = fastest_encoder(&files.architecture, &files.weights, device, precision)?;
        Self::with_encoder(files, encoder)
    }

    /// As [`CrossEncoder::new`], with `encoder`, which has the weights of `files`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn with_encoder(files: &CrossEncoderFiles, encoder: Box<dyn Encoder>) -> Result<Self, ModelError> {
        let settings = TokenizerSettings {
            max_tokens: files.max_tokens,
            embeddings: files.architecture.vocab_size(),
            casing: Casing::AsWritten,
        };
        Ok(Self {
            name: files.name.clone(),
            max_tokens: files.max_tokens,
            tokenizer: PairTokenizer::from_json(&files.tokenizer_json, &files.tokenizer_path, settings)?,
            encoder,
            pooling: files.layout.pooling,
            head: Head::new(&files.layout, &files.head_weights),
            types_pairs: files.architecture.types_pairs(),
        })
    }

    /// The name by which the model is found again.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The longest pair in tokens, special tokens included. The text of a longer pair is truncated. A query of more
    /// than three quarters of this length is truncated, too.
    #[must_use]
    pub const fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Its tokenizer.
    #[must_use]
    pub const fn tokenizer(&self) -> &PairTokenizer {
        &self.tokenizer
    }

    /// The scores of `texts` for `query`.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a text cannot be tokenized or encoded.
    pub fn score<S: AsRef<str> + Sync>(&self, query: &str, texts: &[S]) -> Result<PairScores, ModelError> {
        self.score_tokens(&self.tokenizer.tokenize_all(query, texts)?)
    }

    /// The scores of pairs that [`CrossEncoder::tokenizer`] has turned into token ids. The encoders group pairs
    /// themselves: sorting them by length saves no time.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a pair cannot be encoded.
    pub fn score_tokens(&self, pairs: &[TokenizedPair]) -> Result<PairScores, ModelError> {
        let sequences: Vec<&[u32]> = pairs.iter().map(|pair| pair.ids.as_slice()).collect();
        let pooled = if self.types_pairs {
            let seconds: Vec<usize> = pairs.iter().map(|pair| pair.second).collect();
            self.encoder.encode_pairs(&sequences, &seconds, self.pooling)?
        } else {
            self.encoder.encode(&sequences, self.pooling)?
        };
        Ok(PairScores {
            scores: self.head.scores(&pooled),
            tokens: sequences.iter().map(|ids| ids.len()).sum(),
            truncated: pairs.iter().filter(|pair| pair.truncated).count(),
        })
    }
}

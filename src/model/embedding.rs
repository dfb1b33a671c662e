//! A model ready to embed texts.

use super::fastest_encoder::fastest_encoder;
use super::tokenizer::TokenizerSettings;
use super::{
    Device, EmbeddingSettings, Encoder, Fingerprint, ModelError, ModelFiles, TokenizedText, Tokenizer,
};
use crate::vectors::{Dimension, UnitVectors};

/// Turns texts into unit vectors.
#[derive(Debug)]
pub struct Model {
    name: String,
    settings: EmbeddingSettings,
    fingerprint: Fingerprint,
    dimension: Dimension,
    /// Components of the encoder's vectors, of which the first are kept.
    hidden_size: usize,
    max_tokens: usize,
    tokenizer: Tokenizer,
    encoder: Box<dyn Encoder>,
}

/// The vectors of some texts, and what it took.
#[derive(Debug, Clone, PartialEq)]
pub struct EmbeddedTexts {
    /// One row for each text, in order.
    pub vectors: UnitVectors,
    /// Tokens encoded, special tokens included.
    pub tokens: usize,
    /// Texts longer than the model's longest length, whose end was left out.
    pub truncated: usize,
}

impl Model {
    /// Makes a model of its files, for this CPU.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where the tokenizer or the encoder does not load.
    pub fn new(files: &ModelFiles, settings: EmbeddingSettings) -> Result<Self, ModelError> {
        Self::on_device(files, settings, Device::Cpu)
    }

    /// As [`Model::new`], for `device`.
    ///
    /// # Errors
    ///
    /// As there, and where the device cannot be used.
    pub fn on_device(
        files: &ModelFiles,
        settings: EmbeddingSettings,
        device: Device,
    ) -> Result<Self, ModelError> {
        let encoder = fastest_encoder(&files.architecture, &files.weights, device, settings.precision)?;
        Self::with_encoder(files, settings, encoder)
    }

    /// As [`Model::new`], computed by `encoder`, which has the weights of `files` and the precision of `settings`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn with_encoder(
        files: &ModelFiles,
        settings: EmbeddingSettings,
        encoder: Box<dyn Encoder>,
    ) -> Result<Self, ModelError> {
        let dimension = files.dimension(&settings)?;
        let fingerprint = Fingerprint::of(files, &settings);
        let tokenizer_settings = TokenizerSettings {
            max_tokens: files.max_tokens,
            embeddings: files.architecture.vocab_size(),
            casing: files.casing,
        };
        let tokenizer =
            Tokenizer::from_json(&files.tokenizer_json, &files.tokenizer_path, tokenizer_settings)?;
        Ok(Self {
            name: files.name.clone(),
            settings,
            fingerprint,
            dimension,
            hidden_size: files.architecture.hidden_size(),
            max_tokens: files.max_tokens,
            tokenizer,
            encoder,
        })
    }

    /// The name by which the model is found again.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What decides its vectors beside its files.
    #[must_use]
    pub const fn settings(&self) -> &EmbeddingSettings {
        &self.settings
    }

    /// What identifies its document vectors.
    #[must_use]
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Components of its vectors.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The longest text in tokens, special tokens included.
    #[must_use]
    pub const fn max_tokens(&self) -> usize {
        self.max_tokens
    }

    /// Its tokenizer.
    #[must_use]
    pub const fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The vectors of texts that are searched.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a text cannot be tokenized or encoded.
    pub fn embed_documents<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<EmbeddedTexts, ModelError> {
        self.embed(&self.settings.document_prefix, texts)
    }

    /// The vectors of texts that are searched for.
    ///
    /// # Errors
    ///
    /// As [`Model::embed_documents`].
    pub fn embed_queries<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<EmbeddedTexts, ModelError> {
        self.embed(&self.settings.query_prefix, texts)
    }

    fn embed<S: AsRef<str> + Sync>(&self, prefix: &str, texts: &[S]) -> Result<EmbeddedTexts, ModelError> {
        // A tokenizer takes a while to make, and nothing would be made of it.
        if texts.is_empty() {
            return Ok(EmbeddedTexts { vectors: UnitVectors::new(self.dimension), tokens: 0, truncated: 0 });
        }
        let tokenized = if prefix.is_empty() {
            self.tokenizer.tokenize_all(texts)?
        } else {
            let prefixed: Vec<String> =
                texts.iter().map(|text| format!("{prefix}{}", text.as_ref())).collect();
            self.tokenizer.tokenize_all(&prefixed)?
        };
        self.embed_tokens(&tokenized)
    }

    /// The vectors of texts that [`Model::tokenizer`] has turned into token ids; prefixes are the caller's to put.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a text cannot be encoded.
    pub fn embed_tokens(&self, texts: &[TokenizedText]) -> Result<EmbeddedTexts, ModelError> {
        let sequences: Vec<&[u32]> = texts.iter().map(|text| text.ids.as_slice()).collect();
        let hidden = self.encoder.encode(&sequences, self.settings.pooling)?;
        let mut vectors = UnitVectors::new(self.dimension);
        for row in hidden.chunks_exact(self.hidden_size) {
            vectors.push(&row[..self.dimension.get()])?;
        }
        Ok(EmbeddedTexts {
            vectors,
            tokens: sequences.iter().map(|ids| ids.len()).sum(),
            truncated: texts.iter().filter(|text| text.truncated).count(),
        })
    }
}

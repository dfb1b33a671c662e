//! A loaded model.

use super::fastest_encoder::fastest_encoder;
use super::tokenizer::TokenizerSettings;
use super::{Device, EmbeddingSettings, Encoder, ModelError, ModelFiles, Tokenizer};
use crate::corpus::TokenCounter;
use crate::embedding::{
    EmbedError, Embedded, Embedder, Fingerprint, Identity, Input, ModelDescription, Role, Token,
    TokenEmbedder, TokenizedText,
};
use crate::vectors::{Dimension, UnitVectors};

impl ModelFiles {
    /// The description of the model with `settings`, without loading it.
    ///
    /// # Errors
    ///
    /// As [`ModelFiles::dimension`].
    pub fn describe(&self, settings: &EmbeddingSettings) -> Result<ModelDescription, ModelError> {
        Ok(ModelDescription {
            name: self.name.clone(),
            dimension: self.dimension(settings)?,
            identity: Identity::Computed(Fingerprint::of(self, settings)),
            kept_dimensions: settings.dimensions,
            pooling: settings.pooling.name().to_owned(),
            query_prefix: settings.query_prefix.clone(),
            document_prefix: settings.document_prefix.clone(),
            max_tokens: u32::try_from(self.max_tokens).expect("a model's positions were checked"),
            encoder_precision: settings.precision.name().to_owned(),
        })
    }
}

/// Turns texts into unit vectors.
#[derive(Debug)]
pub struct Model {
    settings: EmbeddingSettings,
    description: ModelDescription,
    /// The components of the encoder's vectors, of which the first ones are kept.
    hidden_size: usize,
    max_tokens: usize,
    tokenizer: Tokenizer,
    encoder: Box<dyn Encoder>,
}

impl Model {
    /// Loads a model from its files, for this CPU.
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
    /// As [`Model::new`], and if the device cannot be used.
    pub fn on_device(
        files: &ModelFiles,
        settings: EmbeddingSettings,
        device: Device,
    ) -> Result<Self, ModelError> {
        let encoder = fastest_encoder(&files.architecture, &files.weights, device, settings.precision)?;
        Self::with_encoder(files, settings, encoder)
    }

    /// As [`Model::new`], with `encoder`, which has the weights of `files` and the precision of `settings`.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn with_encoder(
        files: &ModelFiles,
        settings: EmbeddingSettings,
        encoder: Box<dyn Encoder>,
    ) -> Result<Self, ModelError> {
        let description = files.describe(&settings)?;
        let tokenizer_settings = TokenizerSettings {
            max_tokens: files.max_tokens,
            embeddings: files.architecture.vocab_size(),
            casing: files.casing,
        };
        let tokenizer =
            Tokenizer::from_json(&files.tokenizer_json, &files.tokenizer_path, tokenizer_settings)?;
        Ok(Self {
            description,
            settings,
            hidden_size: files.architecture.hidden_size(),
            max_tokens: files.max_tokens,
            tokenizer,
            encoder,
        })
    }

    /// The name by which the model is found again.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.description.name
    }

    /// The settings that determine its vectors, in addition to its files.
    #[must_use]
    pub const fn settings(&self) -> &EmbeddingSettings {
        &self.settings
    }

    /// The fingerprint of its document vectors.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        match &self.description.identity {
            Identity::Computed(fingerprint) => fingerprint,
            Identity::Served(_) | Identity::External { .. } => {
                unreachable!("a model that runs has a fingerprint")
            }
        }
    }

    /// Components of its vectors.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.description.dimension
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

    /// The vectors of documents.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a text cannot be tokenized or encoded.
    pub fn embed_documents<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Embedded, ModelError> {
        self.embed_prefixed(self.prefix(Role::Document), texts)
    }

    /// The vectors of queries.
    ///
    /// # Errors
    ///
    /// As [`Model::embed_documents`].
    pub fn embed_queries<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Embedded, ModelError> {
        self.embed_prefixed(self.prefix(Role::Query), texts)
    }

    fn embed_prefixed<S: AsRef<str> + Sync>(
        &self,
        prefix: &str,
        texts: &[S],
    ) -> Result<Embedded, ModelError> {
        // Without texts, building a tokenizer would waste time.
        if texts.is_empty() {
            return Ok(Embedded { vectors: UnitVectors::new(self.dimension()), tokens: 0, truncated: 0 });
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

    /// The vectors of texts that [`Model::tokenizer`] has turned into token ids; the caller adds prefixes.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a text cannot be encoded.
    pub fn embed_tokens(&self, texts: &[TokenizedText]) -> Result<Embedded, ModelError> {
        let sequences: Vec<&[u32]> = texts.iter().map(|text| text.ids.as_slice()).collect();
        Ok(Embedded {
            vectors: self.embed_sequences(&sequences)?,
            tokens: sequences.iter().map(|ids| ids.len()).sum(),
            truncated: texts.iter().filter(|text| text.truncated).count(),
        })
    }

    fn embed_sequences(&self, sequences: &[&[u32]]) -> Result<UnitVectors, ModelError> {
        let hidden = self.encoder.encode(sequences, self.settings.pooling)?;
        let mut vectors = UnitVectors::new(self.dimension());
        for row in hidden.chunks_exact(self.hidden_size) {
            vectors.push(&row[..self.dimension().get()])?;
        }
        Ok(vectors)
    }

    fn prefix(&self, role: Role) -> &str {
        match role {
            Role::Query => &self.settings.query_prefix,
            Role::Document => &self.settings.document_prefix,
        }
    }
}

impl TokenEmbedder for Model {
    fn vocabulary_size(&self) -> usize {
        self.tokenizer.vocabulary_size()
    }

    fn token_ids(&self, role: Role, text: &str) -> Result<TokenizedText, EmbedError> {
        let tokenized = match self.prefix(role) {
            "" => self.tokenizer.tokenize(text),
            prefix => self.tokenizer.tokenize(&format!("{prefix}{text}")),
        };
        tokenized.map_err(EmbedError::new)
    }

    fn tokens(&self, text: &str) -> Result<Vec<Token>, EmbedError> {
        self.tokenizer.tokens(text).map_err(EmbedError::new)
    }

    fn with_special_tokens(&self, ids: &[u32]) -> Result<Vec<u32>, EmbedError> {
        self.tokenizer.with_special_tokens(ids).map_err(EmbedError::new)
    }

    fn embed_tokens(&self, texts: &[&[u32]]) -> Result<UnitVectors, EmbedError> {
        self.embed_sequences(texts).map_err(EmbedError::new)
    }
}

impl Embedder for Model {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn longest_document(&self) -> usize {
        /// One special token before the text and one after it.
        const SPECIAL_TOKENS: usize = 2;
        let prefix = match self.settings.document_prefix.as_str() {
            // Counting builds a tokenizer, which takes longer than the rest of a small search.
            "" => 0,
            prefix => self.tokenizer.count(prefix),
        };
        self.max_tokens.saturating_sub(SPECIAL_TOKENS + prefix).max(1)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    fn is_mostly_unknown(&self, text: &str) -> bool {
        self.tokenizer.is_mostly_unknown(text)
    }

    fn token_embedder(&self) -> Option<&dyn TokenEmbedder> {
        Some(self)
    }

    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
        let texts: Vec<&str> = inputs.iter().map(|Input::Text(text)| *text).collect();
        self.embed_prefixed(self.prefix(role), &texts).map_err(EmbedError::new)
    }
}

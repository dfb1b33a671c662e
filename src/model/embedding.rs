//! A model ready to embed texts.

use super::encoder::fastest_encoder;
use super::{
    Device, Encoder, EncoderPrecision, ModelError, ModelFiles, Pooling, PoolingChoice, StatedPooling,
    TokenizedText, Tokenizer,
};
use crate::corpus::TokenCounter;
use crate::embedding::{
    EmbedError, Embedded, Embedder, Fingerprint, Identity, Input, ModelDescription, Role,
};
use crate::vectors::{Dimension, UnitVectors};

/// What decides the vectors of a model beside its files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingSettings {
    /// How token states become a text's vector.
    pub pooling: Pooling,
    /// Put before every query.
    pub query_prefix: String,
    /// Put before every document.
    pub document_prefix: String,
    /// What the encoder computes with.
    pub precision: EncoderPrecision,
    /// Keep only so many components, the first, of every vector (Kusupati et al., arXiv 2205.13147).
    pub dimensions: Option<Dimension>,
}

impl Default for EmbeddingSettings {
    fn default() -> Self {
        Self {
            pooling: Pooling::Mean,
            query_prefix: String::new(),
            document_prefix: String::new(),
            precision: EncoderPrecision::Float32,
            dimensions: None,
        }
    }
}

impl ModelFiles {
    /// The pooling that a user's choice means for this model.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnsupportedPooling`] where the choice is that of the authors, and theirs is not computed here.
    pub fn resolve_pooling(&self, choice: PoolingChoice) -> Result<Pooling, ModelError> {
        match (choice, &self.pooling) {
            (PoolingChoice::Cls, _) => Ok(Pooling::Cls),
            (PoolingChoice::Auto, Some(StatedPooling::Known(pooling))) => Ok(*pooling),
            (PoolingChoice::Auto, Some(StatedPooling::Other(pooling))) => {
                Err(ModelError::UnsupportedPooling { model: self.name.clone(), pooling: pooling.clone() })
            }
            (PoolingChoice::Mean, _) | (PoolingChoice::Auto, None) => Ok(Pooling::Mean),
        }
    }

    /// The prompt that the model's authors call `name`.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnknownPrompt`] with the names of those that there are.
    pub fn prompt(&self, name: &str) -> Result<&str, ModelError> {
        self.prompts.get(name).ok_or_else(|| ModelError::UnknownPrompt {
            model: self.name.clone(),
            prompt: name.to_owned(),
            known: self.prompts.names().map(str::to_owned).collect(),
        })
    }

    /// Components of the vectors under `settings`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Dimensions`] where more are to be kept than there are.
    pub fn dimension(&self, settings: &EmbeddingSettings) -> Result<Dimension, ModelError> {
        let hidden_size = self.architecture.hidden_size();
        let dimension = Dimension::new(hidden_size).expect("the configuration's sizes were checked");
        match settings.dimensions {
            Some(asked) if asked.get() > hidden_size => {
                Err(ModelError::Dimensions { model: self.name.clone(), asked, dimension })
            }
            asked => Ok(asked.unwrap_or(dimension)),
        }
    }

    /// The model under `settings`, without loading it.
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
    /// Components of the encoder's vectors, of which the first are kept.
    hidden_size: usize,
    max_tokens: usize,
    tokenizer: Tokenizer,
    encoder: Box<dyn Encoder>,
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
        let description = files.describe(&settings)?;
        let tokenizer = Tokenizer::from_json(
            &files.tokenizer_json,
            &files.tokenizer_path,
            files.max_tokens,
            files.architecture.vocab_size(),
        )?;
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

    /// What decides its vectors beside its files.
    #[must_use]
    pub const fn settings(&self) -> &EmbeddingSettings {
        &self.settings
    }

    /// What identifies its document vectors.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        match &self.description.identity {
            Identity::Computed(fingerprint) => fingerprint,
            Identity::External { .. } => unreachable!("a model that runs has a fingerprint"),
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

    /// The vectors of texts that are searched.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a text cannot be tokenized or encoded.
    pub fn embed_documents<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Embedded, ModelError> {
        self.embed_prefixed(&self.settings.document_prefix, texts)
    }

    /// The vectors of texts that are searched for.
    ///
    /// # Errors
    ///
    /// As [`Model::embed_documents`].
    pub fn embed_queries<S: AsRef<str> + Sync>(&self, texts: &[S]) -> Result<Embedded, ModelError> {
        self.embed_prefixed(&self.settings.query_prefix, texts)
    }

    fn embed_prefixed<S: AsRef<str> + Sync>(
        &self,
        prefix: &str,
        texts: &[S],
    ) -> Result<Embedded, ModelError> {
        // A tokenizer takes a while to make, and nothing would be made of it.
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

    /// The vectors of texts that [`Model::tokenizer`] has turned into token ids; prefixes are the caller's to put.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] where a text cannot be encoded.
    pub fn embed_tokens(&self, texts: &[TokenizedText]) -> Result<Embedded, ModelError> {
        let sequences: Vec<&[u32]> = texts.iter().map(|text| text.ids.as_slice()).collect();
        let hidden = self.encoder.encode(&sequences, self.settings.pooling)?;
        let mut vectors = UnitVectors::new(self.dimension());
        for row in hidden.chunks_exact(self.hidden_size) {
            vectors.push(&row[..self.dimension().get()])?;
        }
        Ok(Embedded {
            vectors,
            tokens: sequences.iter().map(|ids| ids.len()).sum(),
            truncated: texts.iter().filter(|text| text.truncated).count(),
        })
    }
}

impl Embedder for Model {
    fn description(&self) -> &ModelDescription {
        &self.description
    }

    fn longest_document(&self) -> usize {
        /// One before the text and one after it.
        const SPECIAL_TOKENS: usize = 2;
        let prefix = match self.settings.document_prefix.as_str() {
            // Counting makes a tokenizer, which takes longer than all else of a small search.
            "" => 0,
            prefix => self.tokenizer.count(prefix),
        };
        self.max_tokens.saturating_sub(SPECIAL_TOKENS + prefix).max(1)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.tokenizer.count(text)
    }

    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
        let texts: Vec<&str> = inputs.iter().map(|Input::Text(text)| *text).collect();
        let embedded = match role {
            Role::Query => self.embed_queries(&texts),
            Role::Document => self.embed_documents(&texts),
        };
        embedded.map_err(EmbedError::new)
    }
}

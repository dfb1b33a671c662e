//! The files of a model and what they declare.

use std::borrow::Cow;
use std::path::PathBuf;

use super::{
    Architecture, BUNDLED_NAME, Casing, DeclaredPooling, DigestCache, EmbeddingSettings, ModelError, Pooling,
    PoolingChoice, Prompts, Weights,
};
use crate::vectors::Dimension;

/// A model's files, read and checked but not yet ready to run.
#[derive(Debug)]
pub struct ModelFiles {
    /// The name by which an index finds the model again: the bundled model's, a folder's absolute path, or a name on the
    /// hub with its commit.
    pub name: String,
    /// The architecture of the encoder.
    pub architecture: Architecture,
    /// The encoder's weights.
    pub weights: Weights,
    /// `tokenizer.json`.
    pub tokenizer_json: Cow<'static, [u8]>,
    /// The origin of `tokenizer_json`.
    pub tokenizer_path: PathBuf,
    /// Whether texts are lower-cased before the tokenizer.
    pub casing: Casing,
    /// The pooling that the files declare, if any.
    pub declared_pooling: Option<DeclaredPooling>,
    /// The prompts of the model's authors.
    pub prompts: Prompts,
    /// The longest text in tokens, special tokens included.
    pub max_tokens: usize,
}

impl ModelFiles {
    /// The default pooling: mean for the bundled model, the declared pooling for others, and mean for models that
    /// declare none.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnsupportedPooling`] where the declared pooling is not supported.
    pub fn default_pooling(&self) -> Result<Pooling, ModelError> {
        let choice = if self.name == BUNDLED_NAME { PoolingChoice::Mean } else { PoolingChoice::Auto };
        self.resolve_pooling(choice)
    }

    /// The pooling of this model for a caller's choice.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnsupportedPooling`] if the choice is the declared pooling and it is not supported.
    pub fn resolve_pooling(&self, choice: PoolingChoice) -> Result<Pooling, ModelError> {
        match (choice, &self.declared_pooling) {
            (PoolingChoice::Cls, _) => Ok(Pooling::Cls),
            (PoolingChoice::Auto, Some(DeclaredPooling::Known(pooling))) => Ok(*pooling),
            (PoolingChoice::Auto, Some(DeclaredPooling::Other(pooling))) => {
                Err(ModelError::UnsupportedPooling { model: self.name.clone(), pooling: pooling.clone() })
            }
            (PoolingChoice::Mean, _) | (PoolingChoice::Auto, None) => Ok(Pooling::Mean),
        }
    }

    /// The model's prompt `name`.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnknownPrompt`] with the names of the existing prompts.
    pub fn prompt(&self, name: &str) -> Result<&str, ModelError> {
        self.prompts.get(name).ok_or_else(|| ModelError::UnknownPrompt {
            model: self.name.clone(),
            prompt: name.to_owned(),
            known: self.prompts.names().map(str::to_owned).collect(),
        })
    }

    /// The dimension of the vectors with `settings`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Dimensions`] if the settings keep more components than the vectors have.
    pub fn dimension(&self, settings: &EmbeddingSettings) -> Result<Dimension, ModelError> {
        let hidden_size = self.architecture.hidden_size();
        let dimension = Dimension::new(hidden_size).expect("the configuration's sizes were checked");
        match settings.dimensions {
            Some(kept) if kept.get() > hidden_size => {
                Err(ModelError::Dimensions { model: self.name.clone(), kept, dimension })
            }
            kept => Ok(kept.unwrap_or(dimension)),
        }
    }

    /// Caches the digest of the weights in `cache`, so that later runs need not hash them.
    #[must_use]
    pub fn with_digest_cache(self, cache: DigestCache) -> Self {
        Self { weights: self.weights.with_digest_cache(cache), ..self }
    }
}

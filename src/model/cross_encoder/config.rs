//! The fields of `config.json` about the head.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::model::{Activation, ModelError, Pooling};

/// The fields of `config.json` that a head depends on; their defaults are those of transformers.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::model) struct HeadConfig {
    architectures: Option<Vec<String>>,
    num_labels: Option<usize>,
    id2label: Option<BTreeMap<String, serde_json::Value>>,
    classifier_pooling: Option<String>,
    classifier_activation: Option<String>,
    classifier_bias: Option<bool>,
    norm_eps: Option<f64>,
}

impl HeadConfig {
    /// Parses `config.json`; errors name `path`.
    pub(in crate::model) fn from_json(json: &[u8], path: &Path) -> Result<Self, ModelError> {
        serde_json::from_slice(json).map_err(|source| ModelError::Json { path: path.to_owned(), source })
    }

    /// Whether the model is a cross-encoder: a sequence-classification model with one output.
    pub(in crate::model) fn is_cross_encoder(&self) -> bool {
        let labels = self.num_labels.or_else(|| self.id2label.as_ref().map(BTreeMap::len));
        let mut architectures = self.architectures.iter().flatten();
        labels == Some(1) && architectures.any(|name| name.ends_with("ForSequenceClassification"))
    }

    /// Which hidden states `ModernBERT`'s head reads.
    pub(super) fn pooling(&self, path: &Path) -> Result<Pooling, ModelError> {
        match self.classifier_pooling.as_deref() {
            None | Some("cls") => Ok(Pooling::Cls),
            Some("mean") => Ok(Pooling::Mean),
            Some(other) => {
                Err(invalid(path, "classifier_pooling", other, "only 'cls' and 'mean' are supported"))
            }
        }
    }

    /// The function after the first product of `ModernBERT`'s head.
    pub(super) fn activation(&self, path: &Path) -> Result<Activation, ModelError> {
        let name = self.classifier_activation.as_deref().unwrap_or("gelu");
        let unsupported = || invalid(path, "classifier_activation", name, "which is not supported");
        Activation::from_name(name).ok_or_else(unsupported)
    }

    /// Whether the first product of `ModernBERT`'s head has a bias.
    pub(super) fn has_dense_bias(&self) -> bool {
        self.classifier_bias.unwrap_or(false)
    }

    /// Added to the variance in the normalization of `ModernBERT`'s head.
    pub(super) fn epsilon(&self) -> f32 {
        self.norm_eps.unwrap_or(1e-5) as f32
    }
}

fn invalid(path: &Path, field: &'static str, value: &str, expected: &'static str) -> ModelError {
    ModelError::InvalidConfig { path: path.to_owned(), field, value: value.to_owned(), expected }
}

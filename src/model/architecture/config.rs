//! `config.json`: which architecture a model has, its sizes, and the tensors that follow from it.

use std::path::Path;

use candle_core::Device;
use serde_json::Value;

use super::checks::ConfigFault;
use super::network::Network;
use super::{
    BertFamily, ModernBertConfig, NomicBertConfig, SUPPORTED_ARCHITECTURES, bert, distilbert, mpnet, roberta,
};
use crate::model::{ExpectedTensors, ModelError, Weights};

/// How a model computes, with the sizes of `config.json`.
#[derive(Debug, Clone, PartialEq)]
pub enum Architecture {
    /// BERT (Devlin et al., arXiv 1810.04805) and models that differ from it only in names and positions.
    Bert(BertFamily),
    /// `ModernBERT` (Warner et al., arXiv 2412.13663).
    ModernBert(ModernBertConfig),
    /// Nomic BERT (Nussbaum et al., arXiv 2402.01613).
    NomicBert(NomicBertConfig),
}

impl Architecture {
    /// Parses and checks `config.json`; errors name `path`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Json`], [`ModelError::UnsupportedArchitecture`] or [`ModelError::InvalidConfig`].
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self, ModelError> {
        let json_error = |source| ModelError::Json { path: path.to_owned(), source };
        let value: Value = serde_json::from_slice(json).map_err(json_error)?;
        let name = value["model_type"].as_str().unwrap_or("unknown");
        let Some(&name) = SUPPORTED_ARCHITECTURES.iter().find(|&&supported| supported == name) else {
            let architecture = name.to_owned();
            return Err(ModelError::UnsupportedArchitecture { path: path.to_owned(), architecture });
        };
        Self::of(name, value).map_err(|fault| match fault {
            ConfigFault::Json(source) => json_error(source),
            ConfigFault::Field(field, value, expected) => {
                ModelError::InvalidConfig { path: path.to_owned(), field, value, expected }
            }
        })
    }

    fn of(name: &'static str, value: Value) -> Result<Self, ConfigFault> {
        Ok(match name {
            "bert" => Self::Bert(bert::family(value)?),
            "distilbert" => Self::Bert(distilbert::family(value)?),
            "mpnet" => Self::Bert(mpnet::family(value)?),
            "modernbert" => Self::ModernBert(ModernBertConfig::from_value(value)?),
            "nomic_bert" => Self::NomicBert(NomicBertConfig::from_value(value)?),
            _ => Self::Bert(roberta::family(name, value)?),
        })
    }

    /// Whether [`CpuEncoder`](crate::model::CpuEncoder) supports it; otherwise the reference encoder computes it.
    #[must_use]
    pub const fn has_cpu_encoder(&self) -> bool {
        matches!(self, Self::Bert(_))
    }

    /// `model_type` in `config.json`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Bert(family) => family.model_type(),
            Self::ModernBert(_) => "modernbert",
            Self::NomicBert(_) => "nomic_bert",
        }
    }

    /// Whether the tokens of the second text of a pair have type 1.
    #[must_use]
    pub(in crate::model) const fn types_pairs(&self) -> bool {
        match self {
            Self::Bert(family) => family.types_pairs(),
            Self::ModernBert(_) | Self::NomicBert(_) => false,
        }
    }

    /// Components of a hidden state.
    #[must_use]
    pub const fn hidden_size(&self) -> usize {
        match self {
            Self::Bert(family) => family.config().hidden_size,
            Self::ModernBert(config) => config.hidden_size,
            Self::NomicBert(config) => config.hidden_size,
        }
    }

    /// Rows of the word embedding.
    #[must_use]
    pub const fn vocab_size(&self) -> usize {
        match self {
            Self::Bert(family) => family.config().vocab_size,
            Self::ModernBert(config) => config.vocab_size,
            Self::NomicBert(config) => config.vocab_size,
        }
    }

    /// The longest text in tokens.
    #[must_use]
    pub const fn positions(&self) -> usize {
        match self {
            Self::Bert(family) => family.positions(),
            Self::ModernBert(config) => config.max_position_embeddings,
            Self::NomicBert(config) => config.max_position_embeddings,
        }
    }

    /// The tensors that the encoder uses, with their shapes, in a fixed order; without poolers and heads.
    #[must_use]
    pub fn expected_tensors(&self) -> ExpectedTensors {
        let (tensors, nested_prefix) = match self {
            Self::Bert(family) => (family.tensors(), family.nested_prefix()),
            Self::ModernBert(config) => (config.tensors(), "model."),
            Self::NomicBert(config) => (config.tensors(), "nomic_bert."),
        };
        ExpectedTensors { tensors, nested_prefix }
    }

    /// The facts besides the tensors that determine vectors, for the fingerprint.
    pub(in crate::model) fn facts(&self) -> String {
        match self {
            Self::Bert(family) => family.facts(),
            Self::ModernBert(config) => config.facts(),
            Self::NomicBert(config) => config.facts(),
        }
    }

    /// The architecture in candle, with a copy of the weights on `device`.
    pub(in crate::model) fn network(
        &self,
        weights: &Weights,
        device: &Device,
    ) -> Result<Box<dyn Network>, candle_core::Error> {
        match self {
            Self::Bert(family) => family.network(weights, device),
            Self::ModernBert(config) => config.network(weights, device),
            Self::NomicBert(config) => config.network(weights, device),
        }
    }
}

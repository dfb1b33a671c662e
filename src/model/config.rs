//! `config.json` of a BERT model, checked, and the tensors that follow from it.

use std::path::Path;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use super::cpu::BertShape;
use super::{ModelError, files::MIN_TOKENS};
use crate::simd::Activation;

/// The shape of a BERT encoder, named as in Hugging Face's `config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BertConfig {
    /// The architecture; `bert` is the only one loaded.
    model_type: String,
    /// Rows of the word embedding.
    pub vocab_size: usize,
    /// Components of a hidden state, and of the model's vectors.
    pub hidden_size: usize,
    /// Encoder layers.
    pub num_hidden_layers: usize,
    /// Attention heads; they divide `hidden_size` evenly.
    pub num_attention_heads: usize,
    /// Width of the feed-forward block.
    pub intermediate_size: usize,
    /// Activation of the feed-forward block.
    #[serde(deserialize_with = "activation")]
    pub hidden_act: Activation,
    /// Rows of the position embedding: the longest text in tokens.
    pub max_position_embeddings: usize,
    /// Rows of the token-type embedding.
    pub type_vocab_size: usize,
    /// Added to the variance in every layer normalization.
    pub layer_norm_eps: f64,
    #[serde(default = "absolute")]
    position_embedding_type: String,
}

fn activation<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Activation, D::Error> {
    let name = String::deserialize(deserializer)?;
    Activation::from_name(&name).ok_or_else(|| D::Error::custom(format!("unknown hidden_act '{name}'")))
}

fn absolute() -> String {
    "absolute".to_owned()
}

impl BertConfig {
    /// Parses and checks `config.json`; `path` is named in errors.
    ///
    /// # Errors
    ///
    /// [`ModelError::Json`], [`ModelError::UnsupportedArchitecture`] or [`ModelError::InvalidConfig`].
    pub fn from_json(json: &[u8], path: &Path) -> Result<Self, ModelError> {
        let json_error = |source| ModelError::Json { path: path.to_owned(), source };
        let value: serde_json::Value = serde_json::from_slice(json).map_err(json_error)?;
        let architecture = value["model_type"].as_str().unwrap_or("unknown");
        if architecture != "bert" {
            let architecture = architecture.to_owned();
            return Err(ModelError::UnsupportedArchitecture { path: path.to_owned(), architecture });
        }
        let config: Self = serde_json::from_value(value).map_err(json_error)?;
        config.check().map_err(|(field, value, expected)| ModelError::InvalidConfig {
            path: path.to_owned(),
            field,
            value,
            expected,
        })?;
        Ok(config)
    }

    fn check(&self) -> Result<(), (&'static str, String, &'static str)> {
        const LARGEST: usize = 1 << 24;
        let sizes = [
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ];
        for (field, value) in sizes {
            if value == 0 || value > LARGEST {
                return Err((field, value.to_string(), "expected 1 to 16777216"));
            }
        }
        if crate::vectors::Dimension::new(self.hidden_size).is_none() {
            return Err(("hidden_size", self.hidden_size.to_string(), "expected 1 to 65536"));
        }
        if !self.hidden_size.is_multiple_of(self.num_attention_heads) {
            let heads = self.num_attention_heads.to_string();
            return Err(("num_attention_heads", heads, "which does not divide hidden_size"));
        }
        if self.max_position_embeddings < MIN_TOKENS {
            let positions = self.max_position_embeddings.to_string();
            return Err(("max_position_embeddings", positions, "too few for a text and its special tokens"));
        }
        if self.position_embedding_type != "absolute" {
            let kind = self.position_embedding_type.clone();
            return Err(("position_embedding_type", kind, "only 'absolute' is supported"));
        }
        if !(self.layer_norm_eps >= 0.0 && self.layer_norm_eps < 1.0) {
            return Err(("layer_norm_eps", self.layer_norm_eps.to_string(), "expected 0 to 1"));
        }
        Ok(())
    }

    /// What the encoder needs to know of it.
    pub(super) const fn shape(&self) -> BertShape {
        BertShape {
            vocabulary: self.vocab_size,
            positions: self.max_position_embeddings,
            hidden: self.hidden_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            intermediate: self.intermediate_size,
            activation: self.hidden_act,
            layer_norm_epsilon: self.layer_norm_eps as f32,
        }
    }

    /// The tensors that the encoder uses, with their shapes, in a fixed order; the pooler is not among them.
    #[must_use]
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let (hidden, wide) = (self.hidden_size, self.intermediate_size);
        let mut tensors = Vec::new();
        let mut add = |name: String, shape: &[usize]| tensors.push((name, shape.to_vec()));
        for (table, rows) in [
            ("word", self.vocab_size),
            ("position", self.max_position_embeddings),
            ("token_type", self.type_vocab_size),
        ] {
            add(format!("embeddings.{table}_embeddings.weight"), &[rows, hidden]);
        }
        add("embeddings.LayerNorm.weight".to_owned(), &[hidden]);
        add("embeddings.LayerNorm.bias".to_owned(), &[hidden]);
        for layer in 0..self.num_hidden_layers {
            for (part, shape) in [
                ("attention.self.query", [hidden, hidden]),
                ("attention.self.key", [hidden, hidden]),
                ("attention.self.value", [hidden, hidden]),
                ("attention.output.dense", [hidden, hidden]),
                ("intermediate.dense", [wide, hidden]),
                ("output.dense", [hidden, wide]),
            ] {
                add(format!("encoder.layer.{layer}.{part}.weight"), &shape);
                add(format!("encoder.layer.{layer}.{part}.bias"), &shape[..1]);
            }
            for norm in ["attention.output", "output"] {
                add(format!("encoder.layer.{layer}.{norm}.LayerNorm.weight"), &[hidden]);
                add(format!("encoder.layer.{layer}.{norm}.LayerNorm.bias"), &[hidden]);
            }
        }
        tensors
    }
}

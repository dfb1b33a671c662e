//! The configuration of BERT and the tensors that follow from it.

use serde::Deserialize;

use super::checks::{self, ConfigFault};
use crate::simd::Activation;

/// The shape of a BERT encoder, named as in Hugging Face's `config.json`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct BertConfig {
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
    #[serde(deserialize_with = "checks::activation")]
    pub hidden_act: Activation,
    /// Rows of the position embedding.
    pub max_position_embeddings: usize,
    /// Rows of the token-type embedding.
    pub type_vocab_size: usize,
    /// Added to the variance in every layer normalization.
    pub layer_norm_eps: f64,
    #[serde(default = "absolute")]
    pub(super) position_embedding_type: String,
}

pub(super) fn absolute() -> String {
    "absolute".to_owned()
}

impl BertConfig {
    pub(super) fn check(&self, first_position: usize) -> Result<(), ConfigFault> {
        checks::layers("num_hidden_layers", self.num_hidden_layers)?;
        checks::sizes(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_attention_heads", self.num_attention_heads),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ])?;
        checks::hidden(self.hidden_size, self.num_attention_heads)?;
        checks::positions(self.max_position_embeddings, first_position)?;
        let position_type = &self.position_embedding_type;
        checks::only("position_embedding_type", position_type, &absolute(), "only 'absolute' is supported")?;
        checks::epsilon(self.layer_norm_eps)
    }

    /// The tensors of Hugging Face's `BertModel` without its pooler, with their shapes, in a fixed order.
    pub(super) fn tensors(&self) -> Vec<(String, Vec<usize>)> {
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

//! `DistilBERT` (Sanh et al., arXiv 1910.01108): BERT without token types, under other names.

use serde::Deserialize;
use serde_json::Value;

use super::bert_config::{BertConfig, absolute};
use super::checks::{self, ConfigFault};
use super::family::BertFamily;
use super::tensor_names::TensorNames;
use crate::simd::Activation;

const NAMES: TensorNames = TensorNames {
    nested_prefix: "distilbert.",
    layers: "transformer.layer",
    parts: &[
        ("attention.self.query", "attention.q_lin"),
        ("attention.self.key", "attention.k_lin"),
        ("attention.self.value", "attention.v_lin"),
        ("attention.output.dense", "attention.out_lin"),
        ("attention.output.LayerNorm", "sa_layer_norm"),
        ("intermediate.dense", "ffn.lin1"),
        ("output.dense", "ffn.lin2"),
        ("output.LayerNorm", "output_layer_norm"),
    ],
    token_types: false,
    relative_positions: false,
};

/// `config.json`, which has its own names of sizes.
#[derive(Deserialize)]
struct DistilBertConfig {
    vocab_size: usize,
    dim: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_dim: usize,
    #[serde(deserialize_with = "checks::activation")]
    activation: Activation,
    max_position_embeddings: usize,
}

/// The model of `config`.
pub(super) fn family(config: Value) -> Result<BertFamily, ConfigFault> {
    let config: DistilBertConfig = serde_json::from_value(config)?;
    let bert = BertConfig {
        vocab_size: config.vocab_size,
        hidden_size: config.dim,
        num_hidden_layers: config.n_layers,
        num_attention_heads: config.n_heads,
        intermediate_size: config.hidden_dim,
        hidden_act: config.activation,
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: 1,
        // Fixed in `modeling_distilbert.py`.
        layer_norm_eps: 1e-12,
        position_embedding_type: absolute(),
    };
    BertFamily::new("distilbert", bert, &NAMES, 0)
}

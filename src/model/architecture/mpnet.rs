//! `MPNet` (Song et al., arXiv 2004.09297): BERT without token types, whose attention also depends on the distance
//! between tokens, in the same way in every layer. After `modeling_mpnet.py` of transformers.

use serde::Deserialize;
use serde_json::Value;

use super::checks::{self, ConfigFault};
use super::distances::BUCKETS;
use super::family::BertFamily;
use super::tensor_names::TensorNames;

const NAMES: TensorNames = TensorNames {
    nested_prefix: "mpnet.",
    layers: "encoder.layer",
    parts: &[
        ("attention.self.query", "attention.attn.q"),
        ("attention.self.key", "attention.attn.k"),
        ("attention.self.value", "attention.attn.v"),
        ("attention.output.dense", "attention.attn.o"),
        ("attention.output.LayerNorm", "attention.LayerNorm"),
    ],
    token_types: false,
    relative_positions: true,
};

/// The row after that of padding, which is always row 1.
const FIRST_POSITION: usize = 2;

#[derive(Deserialize)]
struct MpNetConfig {
    #[serde(default = "buckets")]
    relative_attention_num_buckets: usize,
}

const fn buckets() -> usize {
    BUCKETS
}

/// The model of `config`.
pub(super) fn family(mut config: Value) -> Result<BertFamily, ConfigFault> {
    let MpNetConfig { relative_attention_num_buckets } = serde_json::from_value(config.clone())?;
    let field = "relative_attention_num_buckets";
    checks::only(field, &relative_attention_num_buckets, &BUCKETS, "only 32 is supported")?;
    config["type_vocab_size"] = 1.into();
    BertFamily::new("mpnet", serde_json::from_value(config)?, &NAMES, FIRST_POSITION)
}

//! `RoBERTa` (Liu et al., arXiv 1907.11692), XLM-R (arXiv 1911.02116) and `CamemBERT` (arXiv 1911.03894): BERT with
//! other tokens, and positions that are counted from the row after that of padding.

use serde::Deserialize;
use serde_json::Value;

use super::bert_config::BertConfig;
use super::checks::ConfigFault;
use super::family::BertFamily;
use super::tensor_names::TensorNames;

#[derive(Deserialize)]
struct RobertaConfig {
    #[serde(flatten)]
    bert: BertConfig,
    pad_token_id: usize,
}

/// The model of `config`; `name` is its `model_type`.
pub(super) fn family(name: &'static str, config: Value) -> Result<BertFamily, ConfigFault> {
    const NAMES: TensorNames = TensorNames {
        nested_prefix: "roberta.",
        layers: "encoder.layer",
        parts: &[],
        token_types: true,
        relative_positions: false,
    };
    let RobertaConfig { bert, pad_token_id } = serde_json::from_value(config)?;
    BertFamily::new(name, bert, &NAMES, pad_token_id.saturating_add(1))
}

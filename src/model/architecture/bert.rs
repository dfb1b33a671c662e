//! BERT (Devlin et al., arXiv 1810.04805).

use serde_json::Value;

use super::checks::ConfigFault;
use super::family::BertFamily;
use super::tensor_names::TensorNames;

const NAMES: TensorNames = TensorNames {
    nested_prefix: "bert.",
    layers: "encoder.layer",
    parts: &[],
    token_types: true,
    relative_positions: false,
};

/// The model of `config`: names are BERT's own, and the first token has the first position.
pub(super) fn family(config: Value) -> Result<BertFamily, ConfigFault> {
    BertFamily::new("bert", serde_json::from_value(config)?, &NAMES, 0)
}

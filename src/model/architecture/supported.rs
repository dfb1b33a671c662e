//! The names of the supported architectures.

/// The architectures that load, as `model_type` names them.
pub const SUPPORTED_ARCHITECTURES: [&str; 8] =
    ["bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet", "modernbert", "nomic_bert"];

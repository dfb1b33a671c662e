//! The names of the supported architectures.

/// The supported architectures, by `model_type`.
pub const SUPPORTED_ARCHITECTURES: [&str; 8] =
    ["bert", "roberta", "xlm-roberta", "camembert", "distilbert", "mpnet", "modernbert", "nomic_bert"];

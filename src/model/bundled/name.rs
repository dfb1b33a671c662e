//! The name of the model inside the binary.

/// Its name on the Hugging Face hub.
pub const BUNDLED_NAME: &str = "BAAI/bge-small-en-v1.5";

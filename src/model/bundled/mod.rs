//! The model inside the binary; README.md beside this file says where its files come from.

use super::{ModelError, ModelFiles};

/// The Hugging Face name of the model inside the binary.
pub const BUNDLED_NAME: &str = "BAAI/bge-small-en-v1.5";

/// Whether `name` is that name, with or without its organization.
pub(super) fn is_called(name: &str) -> bool {
    BUNDLED_NAME.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest == "BAAI/")
}

#[cfg(feature = "bundled-model")]
pub(super) fn files() -> Result<ModelFiles, ModelError> {
    use super::{Architecture, Pooling, Prompts, StatedPooling, Weights};

    let config = include_bytes!("config.json");
    let architecture = Architecture::from_json(config, "bundled config.json".as_ref())?;
    let weights = include_bytes!("model.safetensors");
    let weights = Weights::from_static(weights, "bundled model.safetensors", &architecture)?;
    Ok(ModelFiles {
        name: BUNDLED_NAME.to_owned(),
        max_tokens: architecture.positions(),
        architecture,
        weights,
        tokenizer_json: include_bytes!("tokenizer.json").into(),
        tokenizer_path: "bundled tokenizer.json".into(),
        pooling: Some(StatedPooling::Known(Pooling::Cls)),
        prompts: Prompts::default(),
    })
}

#[cfg(not(feature = "bundled-model"))]
pub(super) fn files() -> Result<ModelFiles, ModelError> {
    Err(ModelError::NotBundled { bundled: BUNDLED_NAME })
}

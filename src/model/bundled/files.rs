//! The files of the model inside the binary.

use super::BUNDLED_NAME;
use crate::model::{ModelError, ModelFiles};

impl ModelFiles {
    /// Whether `name` is that of the bundled model, with or without its organization.
    #[must_use]
    pub fn is_bundled(name: &str) -> bool {
        BUNDLED_NAME.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest == "BAAI/")
    }

    /// The files inside the binary.
    ///
    /// # Errors
    ///
    /// [`ModelError::NotBundled`] in a build without the `bundled-model` feature.
    pub fn bundled() -> Result<Self, ModelError> {
        files()
    }
}

#[cfg(feature = "bundled-model")]
fn files() -> Result<ModelFiles, ModelError> {
    use crate::model::{Architecture, Casing, DeclaredPooling, Pooling, Prompts, Weights};

    let config = include_bytes!("config.json");
    let architecture = Architecture::from_json(config, "bundled config.json".as_ref())?;
    let weights = include_bytes!("model.safetensors");
    let weights =
        Weights::from_static(weights, "bundled model.safetensors", architecture.expected_tensors())?;
    Ok(ModelFiles {
        name: BUNDLED_NAME.to_owned(),
        max_tokens: architecture.positions(),
        architecture,
        weights,
        tokenizer_json: include_bytes!("tokenizer.json").into(),
        tokenizer_path: "bundled tokenizer.json".into(),
        casing: Casing::AsWritten,
        declared_pooling: Some(DeclaredPooling::Known(Pooling::Cls)),
        prompts: Prompts::default(),
    })
}

#[cfg(not(feature = "bundled-model"))]
fn files() -> Result<ModelFiles, ModelError> {
    Err(ModelError::NotBundled { bundled: BUNDLED_NAME })
}

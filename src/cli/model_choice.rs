//! Which model is meant, and how it is used: flags over what an index says over defaults.

use embed::index;
use embed::model::{
    BUNDLED_NAME, Device, EmbeddingSettings, Model, ModelError, ModelFiles, Pooling, PoolingChoice,
};

use super::args::{DeviceArgument, ModelArguments, PoolingArgument};

/// The chosen model, ready to embed.
pub(crate) fn chosen_model(
    arguments: &ModelArguments,
    indexed: Option<&index::Settings>,
) -> Result<Model, ModelError> {
    let (files, settings) = chosen(arguments, indexed)?;
    Model::on_device(&files, settings, arguments.device.into())
}

/// Files and settings by the flags, then by the index, then by default.
pub(crate) fn chosen(
    arguments: &ModelArguments,
    indexed: Option<&index::Settings>,
) -> Result<(ModelFiles, EmbeddingSettings), ModelError> {
    let stored_name = indexed.map(|settings| settings.model.as_str());
    let files = ModelFiles::find(arguments.model.as_deref().or(stored_name).unwrap_or(BUNDLED_NAME))?;
    let settings = EmbeddingSettings {
        pooling: pooling(arguments, &files, indexed)?,
        query_prefix: prefix(
            &files,
            (arguments.query_prefix.as_ref(), arguments.prompt.as_ref()),
            indexed.map(|settings| &settings.query_prefix),
        )?,
        document_prefix: prefix(
            &files,
            (arguments.document_prefix.as_ref(), arguments.document_prompt.as_ref()),
            indexed.map(|settings| &settings.document_prefix),
        )?,
        // To keep all of them is to leave vectors, and their fingerprint, as they are.
        dimensions: arguments
            .dimensions
            .or_else(|| indexed.and_then(|settings| settings.kept_dimensions))
            .filter(|kept| kept.get() != files.architecture.hidden_size()),
    };
    Ok((files, settings))
}

fn pooling(
    arguments: &ModelArguments,
    files: &ModelFiles,
    indexed: Option<&index::Settings>,
) -> Result<Pooling, ModelError> {
    let stored = indexed.map_or(PoolingChoice::Mean, |settings| match settings.pooling.as_str() {
        "cls" => PoolingChoice::Cls,
        _ => PoolingChoice::Mean,
    });
    files.resolve_pooling(arguments.pooling.map_or(stored, PoolingChoice::from))
}

/// The text that is typed, or that of the prompt that is named, or the stored one, or none.
fn prefix(
    files: &ModelFiles,
    (typed, prompt): (Option<&String>, Option<&String>),
    stored: Option<&String>,
) -> Result<String, ModelError> {
    match prompt {
        Some(name) => files.prompt(name).map(str::to_owned),
        None => Ok(typed.or(stored).cloned().unwrap_or_default()),
    }
}

impl From<PoolingArgument> for PoolingChoice {
    fn from(argument: PoolingArgument) -> Self {
        match argument {
            PoolingArgument::Mean => Self::Mean,
            PoolingArgument::Cls => Self::Cls,
            PoolingArgument::Auto => Self::Auto,
        }
    }
}

impl From<DeviceArgument> for Device {
    fn from(argument: DeviceArgument) -> Self {
        match argument {
            DeviceArgument::Cpu => Self::Cpu,
            DeviceArgument::Cuda => Self::Cuda,
            DeviceArgument::Metal => Self::Metal,
        }
    }
}

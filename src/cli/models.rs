//! Which model the user means: the flags over the index over the bundled one.

use std::path::Path;

use embed::embedding::{Embedder, Fingerprint, Identity, ModelDescription};
use embed::hub::HubName;
use embed::index;
use embed::model::{
    BUNDLED_NAME, Device, EmbeddingSettings, EncoderPrecision, Model, ModelError, ModelFiles, Pooling,
    PoolingChoice,
};
use embed::vectors::Dimension;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::{DeviceArgument, ModelChoice, PoolingArgument};
use crate::cli::progress::{DownloadProgress, Visibility};
use crate::cli::resolve::{Environment, progress_visibility};
use crate::cli::usage::{NamedModel, UsageError};

/// The model that the flags name, or else the bundled one with default settings.
pub(crate) fn model_of_flags(arguments: &ModelChoice, global: &GlobalArguments) -> anyhow::Result<Model> {
    let (files, settings) = chosen(arguments, None, progress_visibility(global))?;
    Ok(Model::on_device(&files, settings, arguments.device.into())?)
}

/// The model of an index, with what the flags say otherwise, whatever vectors the index holds.
pub(crate) fn model_to_rebuild(
    arguments: &ModelChoice,
    global: &GlobalArguments,
    indexed: &index::Settings,
) -> anyhow::Result<Model> {
    let (files, mut settings) = chosen(arguments, Some(indexed), progress_visibility(global))?;
    // The stored pooling is that of the index's model.
    if arguments.pooling.is_none() && files.name != indexed.model.name {
        settings.pooling = files.default_pooling()?;
    }
    Ok(Model::on_device(&files, settings, arguments.device.into())?)
}

/// What becomes of vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// They are compared with those of the index. A query of another precision finds nearly the same: a user may ask for it.
    Search,
    /// They join those of the index.
    Add,
}

/// The model of an index, with what the flags say otherwise; the index is at a folder and has settings.
///
/// # Errors
///
/// [`UsageError::OtherModel`] where that would give other document vectors than the index holds, and
/// [`UsageError::ExternalModel`] where the index's model is known by its name only and the flags name no other.
pub(crate) fn model_of_index(
    arguments: &ModelChoice,
    global: &GlobalArguments,
    (folder, indexed): (&Path, &index::Settings),
    purpose: Purpose,
) -> anyhow::Result<Model> {
    if indexed.model.is_external() && arguments.model.is_none() {
        let (folder, model) = (folder.to_owned(), indexed.model.name.clone());
        return Err(UsageError::ExternalModel { folder, model }.into());
    }
    let (files, settings) = chosen(arguments, Some(indexed), progress_visibility(global))?;
    let model = Model::on_device(&files, settings, arguments.device.into())?;
    if Identity::Computed(documents_fingerprint(&files, &model, indexed, purpose)) == indexed.model.identity {
        return Ok(model);
    }
    let asked = NamedModel::computed(model.name(), model.settings(), model.fingerprint());
    Err(UsageError::other_model(folder, indexed, asked).into())
}

/// The fingerprint of the documents that the vectors of `model` are put beside.
fn documents_fingerprint(
    files: &ModelFiles,
    model: &Model,
    indexed: &index::Settings,
    purpose: Purpose,
) -> Fingerprint {
    let precision = stored_precision(indexed);
    if purpose == Purpose::Add || model.settings().precision == precision {
        return model.fingerprint().clone();
    }
    Fingerprint::of(files, &EmbeddingSettings { precision, ..model.settings().clone() })
}

/// The precision of an index that a user may leave out; one unknown here has a fingerprint of its own.
fn stored_precision(indexed: &index::Settings) -> EncoderPrecision {
    indexed.model.encoder_precision.parse().unwrap_or_default()
}

/// What vectors are that an index is to be made of: those of the model that the flags name, which need not be at hand.
/// `path` has them, of dimension `found`.
pub(crate) fn settings_to_import(
    arguments: &ModelChoice,
    path: &Path,
    found: Dimension,
) -> anyhow::Result<index::Settings> {
    let name = arguments.model.as_deref().filter(|name| !name.trim().is_empty());
    let name = name.ok_or(UsageError::MissingModelName)?;
    if !is_at_hand(name)? {
        refuse_settings_of_external(arguments, name)?;
        return Ok(index::Settings::new(ModelDescription::of_external(name, found)));
    }
    let (files, settings) = chosen(arguments, None, Visibility::Hidden)?;
    let model = Model::on_device(&files, settings, arguments.device.into())?;
    let settings = index::Settings::new(model.description().clone());
    let expected = settings.dimension();
    if found == expected {
        return Ok(settings);
    }
    let (path, owner) = (path.to_owned(), format!("the model {name}"));
    Err(UsageError::OtherDimension { path, found, owner, expected }.into())
}

/// Vectors of the model that the flags name, if they do, must be of the kind that the index holds.
pub(crate) fn refuse_other_model(
    arguments: &ModelChoice,
    folder: &Path,
    indexed: &index::Settings,
) -> anyhow::Result<()> {
    let ModelChoice { model, pooling, document_prefix, document_prompt, precision, dimensions, .. } =
        arguments;
    let document = document_prefix.as_ref().or(document_prompt.as_ref());
    let typed =
        [model.is_some(), pooling.is_some(), document.is_some(), precision.is_some(), dimensions.is_some()];
    if !typed.contains(&true) {
        return Ok(());
    }
    let name = model.as_deref().unwrap_or(&indexed.model.name);
    let is_indexed = model.as_deref().is_none_or(|name| name == indexed.model.name);
    let external = if is_indexed { indexed.model.is_external() } else { !is_at_hand(name)? };
    let (asked, identity) = if external {
        refuse_settings_of_external(arguments, name)?;
        let asked = external_settings(name, indexed.dimension);
        (NamedModel::of(&asked), asked.fingerprint)
    } else {
        let (files, settings) = chosen(arguments, Some(indexed), Visibility::Hidden)?;
        let fingerprint = Fingerprint::of(&files, &settings);
        let asked = NamedModel::computed(&files.name, &settings, &fingerprint);
        (asked, fingerprint.as_hex().to_owned())
    };
    if identity == indexed.model.identity {
        return Ok(());
    }
    Err(UsageError::other_model(folder, indexed, asked).into())
}

/// Whether a model can be loaded by its name without a request.
fn is_at_hand(name: &str) -> anyhow::Result<bool> {
    match ModelFiles::find(name) {
        Ok(_) => Ok(true),
        Err(ModelError::Unknown { .. }) => match name.parse::<HubName>() {
            Ok(name) => Ok(Environment::read()?.hub()?.cached(&name)?.is_some()),
            Err(_) => Ok(false),
        },
        Err(error) => Err(error.into()),
    }
}

/// The files of the model `name`: a folder, the bundled model, or one of the hub, which is fetched if need be.
fn files_of(name: &str, visibility: Visibility) -> anyhow::Result<ModelFiles> {
    match ModelFiles::find(name) {
        Err(ModelError::Unknown { .. }) if HubName::is_meant_by(name) => {
            let name: HubName = name.parse().map_err(ModelError::Hub)?;
            let hub = Environment::read()?.hub()?;
            Ok(ModelFiles::from_hub(&hub, &name, &mut DownloadProgress::new(visibility))?)
        }
        found => Ok(found?),
    }
}

fn refuse_settings_of_external(arguments: &ModelChoice, name: &str) -> Result<(), UsageError> {
    let ModelChoice { pooling, precision, dimensions, .. } = arguments;
    let ModelChoice { query_prefix, document_prefix, prompt, document_prompt, .. } = arguments;
    let texts = [query_prefix, document_prefix, prompt, document_prompt];
    let typed = [pooling.is_some(), precision.is_some(), dimensions.is_some()];
    if !typed.contains(&true) && texts.iter().all(|text| text.is_none()) {
        return Ok(());
    }
    Err(UsageError::ExternalModelSettings { model: name.to_owned() })
}

/// Files and settings by the flags, then by the index, then by default.
pub(crate) fn chosen(
    arguments: &ModelChoice,
    indexed: Option<&index::Settings>,
    visibility: Visibility,
) -> anyhow::Result<(ModelFiles, EmbeddingSettings)> {
    let stored_name = indexed.map(|settings| settings.model.name.as_str());
    let name = arguments.model.as_deref().or(stored_name).unwrap_or(BUNDLED_NAME);
    let mut files = files_of(name, visibility)?;
    if let Some(cache) = Environment::read()?.digest_cache() {
        files = files.with_digest_cache(cache);
    }
    let settings = EmbeddingSettings {
        pooling: pooling(arguments, &files, indexed)?,
        query_prefix: prefix(
            &files,
            (arguments.query_prefix.as_ref(), arguments.prompt.as_ref()),
            indexed.map(|settings| &settings.model.query_prefix),
        )?,
        document_prefix: prefix(
            &files,
            (arguments.document_prefix.as_ref(), arguments.document_prompt.as_ref()),
            indexed.map(|settings| &settings.model.document_prefix),
        )?,
        precision: arguments.precision.or(indexed.map(stored_precision)).unwrap_or_default(),
        // To keep all of them is to leave vectors, and their fingerprint, as they are.
        dimensions: arguments
            .dimensions
            .or_else(|| indexed.and_then(|settings| settings.model.kept_dimensions))
            .filter(|kept| kept.get() != files.architecture.hidden_size()),
    };
    Ok((files, settings))
}

fn pooling(
    arguments: &ModelChoice,
    files: &ModelFiles,
    indexed: Option<&index::Settings>,
) -> Result<Pooling, ModelError> {
    match (arguments.pooling, indexed) {
        (Some(typed), _) => files.resolve_pooling(typed.into()),
        (None, Some(settings)) if settings.model.pooling == Pooling::Cls.name() => Ok(Pooling::Cls),
        (None, Some(_)) => Ok(Pooling::Mean),
        (None, None) => files.default_pooling(),
    }
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

/// The stored query prefix is what searches of the index begin with; a run that adds to the index cannot change it.
pub(crate) fn refuse_other_query_prefix(
    typed: Option<&str>,
    folder: &Path,
    indexed: &index::Settings,
) -> Result<(), UsageError> {
    match typed {
        Some(prefix) if prefix != indexed.model.query_prefix => Err(UsageError::OtherQueryPrefix {
            folder: folder.to_owned(),
            indexed: indexed.model.query_prefix.clone(),
        }),
        _ => Ok(()),
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

impl From<PoolingArgument> for PoolingChoice {
    fn from(argument: PoolingArgument) -> Self {
        match argument {
            PoolingArgument::Mean => Self::Mean,
            PoolingArgument::Cls => Self::Cls,
            PoolingArgument::Auto => Self::Auto,
        }
    }
}

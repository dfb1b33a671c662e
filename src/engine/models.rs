//! Which model computes vectors: the requested one, else that of the index, else the bundled one. This file enforces
//! the rule that vectors of two models never meet.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::error::{LocalSetting, ModelMismatch};
use super::{EngineError, Host};
use crate::embedding::{Embedder, EmbedderRequest, Fingerprint, Identity, ModelDescription, NamedBy};
use crate::hub::{self, Hub, HubName};
use crate::model::{
    BUNDLED_NAME, Device, EmbeddingSettings, EncoderPrecision, Model, ModelError, ModelFiles, Pooling,
    PoolingChoice,
};
use crate::vectors::Dimension;

/// The requested model and settings. Each omitted setting is that of the index, else the model's default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelRequest {
    /// A folder, or the name of the bundled model or of a model of the hub.
    pub name: Option<String>,
    /// How token vectors become one vector.
    pub pooling: Option<PoolingChoice>,
    /// The prefix of every query.
    pub query_prefix: Option<Prefix>,
    /// The prefix of every document.
    pub document_prefix: Option<Prefix>,
    /// The precision of the encoder.
    pub precision: Option<EncoderPrecision>,
    /// The number of components of every vector to keep.
    pub dimensions: Option<Dimension>,
    /// The device that runs the model.
    pub device: Device,
}

/// A text that is put before other texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Prefix {
    /// The text itself.
    Text(String),
    /// The prompt with this name in the model's files.
    Prompt(String),
}

impl Prefix {
    /// The text itself, if it is one.
    pub(super) fn literal(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Prompt(_) => None,
        }
    }
}

impl ModelRequest {
    /// Whether the request has a setting that affects vectors of documents.
    const fn decides_documents(&self) -> bool {
        let Self { name, pooling, document_prefix, precision, dimensions, .. } = self;
        name.is_some()
            || pooling.is_some()
            || document_prefix.is_some()
            || precision.is_some()
            || dimensions.is_some()
    }

    /// The first setting that only local models have.
    const fn setting_of_local_models(&self) -> Option<LocalSetting> {
        let Self { pooling, query_prefix, document_prefix, precision, device, .. } = self;
        if pooling.is_some() {
            Some(LocalSetting::Pooling)
        } else if precision.is_some() {
            Some(LocalSetting::Precision)
        } else if !matches!(device, Device::Cpu) {
            Some(LocalSetting::Device)
        } else if matches!(
            (query_prefix, document_prefix),
            (Some(Prefix::Prompt(_)), _) | (_, Some(Prefix::Prompt(_)))
        ) {
            Some(LocalSetting::Prompt)
        } else {
            None
        }
    }

    /// Whether the request has anything besides the model's name.
    const fn has_settings(&self) -> bool {
        let Self { pooling, query_prefix, document_prefix, precision, dimensions, .. } = self;
        pooling.is_some()
            || query_prefix.is_some()
            || document_prefix.is_some()
            || precision.is_some()
            || dimensions.is_some()
    }
}

/// How closely a model must match that of the index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ModelMatch {
    /// Its document vectors are those of the index: for adding to the index and for analysis.
    Exact,
    /// Exact except for the precision, for queries: a query in the other precision finds nearly the same.
    AnyPrecision,
}

/// The folder and the model of an index.
#[derive(Clone, Copy)]
pub(super) struct Indexed<'a> {
    pub(super) folder: &'a Path,
    pub(super) model: &'a ModelDescription,
}

/// Finds, loads and checks models. Clones share what is loaded.
#[derive(Clone)]
pub struct Models {
    host: Arc<dyn Host>,
    loaded: Arc<Mutex<Vec<LoadedModel>>>,
}

/// A local model that was loaded, by what it was loaded from. It is dropped once nobody uses it.
struct LoadedModel {
    name: String,
    settings: EmbeddingSettings,
    device: Device,
    embedder: Weak<dyn Embedder>,
}

impl Models {
    /// Finds models through `host`.
    #[must_use]
    pub fn new(host: Arc<dyn Host>) -> Self {
        Self { host, loaded: Arc::default() }
    }

    pub(super) fn host(&self) -> &Arc<dyn Host> {
        &self.host
    }

    /// The requested model, else the bundled one.
    ///
    /// # Errors
    ///
    /// [`EngineError::Model`] or [`EngineError::Hub`] where it is unavailable.
    pub fn load(&self, request: &ModelRequest) -> Result<Arc<dyn Embedder>, EngineError> {
        if let Some(name) = self.provided(request, None)? {
            return self.embedder(request, EmbedderRequest::new(name));
        }
        let (files, settings) = self.choose(request, None)?;
        self.local(&files, settings, request.device)
    }

    /// The loaded model of `files` with `settings`, shared with all who use it at the same time.
    fn local(
        &self,
        files: &ModelFiles,
        settings: EmbeddingSettings,
        device: Device,
    ) -> Result<Arc<dyn Embedder>, EngineError> {
        // Held while loading, so that concurrent requests load a model once.
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.retain(|model| model.embedder.strong_count() > 0);
        let same = |model: &&LoadedModel| {
            (&model.name, &model.settings, &model.device) == (&files.name, &settings, &device)
        };
        if let Some(embedder) = loaded.iter().find(same).and_then(|model| model.embedder.upgrade()) {
            return Ok(embedder);
        }
        let model: Arc<dyn Embedder> = Arc::new(Model::on_device(files, settings.clone(), device)?);
        let embedder = self.host.adopt(model);
        let name = files.name.clone();
        loaded.push(LoadedModel { name, settings, device, embedder: Arc::downgrade(&embedder) });
        Ok(embedder)
    }

    /// The files of the requested model, else of the bundled one, and its settings.
    ///
    /// # Errors
    ///
    /// As [`Models::load`], and [`EngineError::NoFilesOfService`].
    pub fn files(&self, request: &ModelRequest) -> Result<(ModelFiles, EmbeddingSettings), EngineError> {
        if let Some(name) = self.provided(request, None)? {
            return Err(EngineError::NoFilesOfService { model: name.to_owned() });
        }
        self.choose(request, None)
    }

    /// The model of an index with the requested changes, regardless of the vectors in the index.
    pub(super) fn load_to_rebuild(
        &self,
        request: &ModelRequest,
        indexed: &ModelDescription,
    ) -> Result<Arc<dyn Embedder>, EngineError> {
        if let Some(name) = self.provided(request, Some(indexed))? {
            let defaults = Some(indexed);
            return self.embedder(request, EmbedderRequest { defaults, ..EmbedderRequest::new(name) });
        }
        let (files, mut settings) = self.choose(request, Some(indexed))?;
        // The stored pooling applies only to the index's model.
        if request.pooling.is_none() && files.name != indexed.name {
            settings.pooling = files.default_pooling()?;
        }
        self.local(&files, settings, request.device)
    }

    /// The model of an index with the requested changes.
    ///
    /// # Errors
    ///
    /// [`EngineError::OtherModel`] if its document vectors would differ from those of the index, and
    /// [`EngineError::ExternalModel`] if the index's model cannot run in this process and no other is requested.
    pub(super) fn load_for(
        &self,
        request: &ModelRequest,
        indexed: Indexed<'_>,
        required: ModelMatch,
    ) -> Result<Arc<dyn Embedder>, EngineError> {
        if let Some(name) = self.provided(request, Some(indexed.model))? {
            let embedder = self.embedder_like(name, request, indexed.model)?;
            let description = embedder.description();
            return if description.identity == indexed.model.identity {
                Ok(embedder)
            } else {
                Err(other_model(indexed, description.clone()))
            };
        }
        if indexed.model.is_external() && request.name.is_none() {
            let (folder, model) = (indexed.folder.to_owned(), indexed.model.name.clone());
            return Err(EngineError::ExternalModel { folder, model });
        }
        let (files, settings) = self.choose(request, Some(indexed.model))?;
        let model = self.local(&files, settings.clone(), request.device)?;
        let identity = documents_identity(&files, &settings, &*model, (indexed.model, required));
        if identity == indexed.model.identity {
            return Ok(model);
        }
        Err(other_model(indexed, model.description().clone()))
    }

    /// Refuses a request for a model whose vectors are not comparable with those of the index.
    pub(super) fn check(&self, request: &ModelRequest, indexed: Indexed<'_>) -> Result<(), EngineError> {
        if !request.decides_documents() {
            return Ok(());
        }
        let requested = self.describe(request, indexed)?;
        if requested.identity == indexed.model.identity {
            return Ok(());
        }
        Err(other_model(indexed, requested))
    }

    /// The model of a request for an index, without loading it.
    fn describe(
        &self,
        request: &ModelRequest,
        indexed: Indexed<'_>,
    ) -> Result<ModelDescription, EngineError> {
        let indexed_name = &indexed.model.name;
        let name = request.name.as_deref().unwrap_or(indexed_name);
        if let Some(name) = self.provided(request, Some(indexed.model))? {
            let embedder = self.embedder_like(name, request, indexed.model)?;
            return Ok(embedder.description().clone());
        }
        let is_external =
            if name == indexed_name { indexed.model.is_external() } else { !self.can_run(name)? };
        if is_external {
            refuse_settings_of_external(request, name)?;
            return Ok(ModelDescription::of_external(name, indexed.model.dimension));
        }
        let (files, settings) = self.choose(request, Some(indexed.model))?;
        Ok(files.describe(&settings)?)
    }

    /// The model of imported vectors of dimension `found`: the requested one, which need not run in this process.
    pub(super) fn describe_import(
        &self,
        request: &ModelRequest,
        found: Dimension,
    ) -> Result<ModelDescription, EngineError> {
        let name = request.name.as_deref().filter(|name| !name.trim().is_empty());
        let name = name.ok_or(EngineError::NoModelName)?;
        if self.provided(request, None)?.is_some() {
            let imported = Some(found);
            let embedder =
                self.embedder(request, EmbedderRequest { imported, ..EmbedderRequest::new(name) })?;
            return matching(embedder.description().clone(), found);
        }
        if !self.can_run(name)? {
            refuse_settings_of_external(request, name)?;
            return Ok(ModelDescription::of_external(name, found));
        }
        let (files, settings) = self.choose(request, None)?;
        matching(files.describe(&settings)?, found)
    }

    /// The name of the requested model, else of the index's, if the host provides it. Settings of local models are then
    /// refused. An index of imported vectors keeps its model, whatever its name means elsewhere.
    fn provided<'a>(
        &self,
        request: &'a ModelRequest,
        indexed: Option<&'a ModelDescription>,
    ) -> Result<Option<&'a str>, EngineError> {
        let stored = indexed.map(|indexed| indexed.name.as_str());
        let name = request.name.as_deref().or(stored).filter(|name| self.host.provides(name));
        let is_imported = indexed.is_some_and(ModelDescription::is_external) && name == stored;
        let Some(name) = name.filter(|_| !is_imported) else { return Ok(None) };
        match request.setting_of_local_models() {
            Some(setting) => Err(EngineError::LocalSetting { model: name.to_owned(), setting }),
            None => Ok(Some(name)),
        }
    }

    /// The host's embedder of the model `name`, whose vectors will meet those of `indexed`.
    fn embedder_like(
        &self,
        name: &str,
        request: &ModelRequest,
        indexed: &ModelDescription,
    ) -> Result<Arc<dyn Embedder>, EngineError> {
        let (defaults, indexed) = (Some(indexed), Some(indexed));
        self.embedder(request, EmbedderRequest { defaults, indexed, ..EmbedderRequest::new(name) })
    }

    /// The host's embedder of the model of `embedder`, with the settings of `request`.
    fn embedder(
        &self,
        request: &ModelRequest,
        embedder: EmbedderRequest<'_>,
    ) -> Result<Arc<dyn Embedder>, EngineError> {
        Ok(self.host.embedder(&EmbedderRequest {
            query_prefix: request.query_prefix.as_ref().and_then(Prefix::literal),
            document_prefix: request.document_prefix.as_ref().and_then(Prefix::literal),
            dimensions: request.dimensions,
            named_by: if request.name.is_some() { NamedBy::User } else { NamedBy::Index },
            ..embedder
        })?)
    }

    /// Whether `model` can be loaded without a request to the hub.
    pub(super) fn is_here(&self, model: &ModelDescription) -> bool {
        !model.is_external()
            && (self.host.provides(&model.name) || self.can_run(&model.name).unwrap_or(false))
    }

    /// Whether a model can be loaded by its name without a request to the hub.
    fn can_run(&self, name: &str) -> Result<bool, EngineError> {
        match ModelFiles::find(name) {
            Ok(_) => Ok(true),
            Err(ModelError::Unknown { .. }) => match name.parse::<HubName>() {
                Ok(name) => {
                    let hub = self.host.hub().map_err(EngineError::Hub)?;
                    Ok(hub.cached(&name).map_err(ModelError::Hub)?.is_some())
                }
                Err(_) => Ok(false),
            },
            Err(error) => Err(error.into()),
        }
    }

    /// The files of the model `name`: a folder, the bundled model, or a model of the hub, which is fetched if
    /// necessary.
    fn find(&self, name: &str) -> Result<ModelFiles, EngineError> {
        match ModelFiles::find(name) {
            Err(ModelError::Unknown { .. }) if HubName::is_meant_by(name) => {
                let name: HubName = name.parse().map_err(ModelError::Hub)?;
                self.with_hub(|hub, progress| ModelFiles::from_hub(hub, &name, progress))
            }
            found => Ok(found?),
        }
    }

    /// The result of `load`, which gets the host's hub.
    pub(super) fn with_hub<T>(
        &self,
        load: impl FnOnce(&Hub, &mut dyn hub::Progress) -> Result<T, ModelError>,
    ) -> Result<T, EngineError> {
        let hub = self.host.hub().map_err(EngineError::Hub)?;
        Ok(load(&hub, &mut *self.host.download_progress())?)
    }

    /// Chooses settings: those of the request, else of the index, else the defaults.
    fn choose(
        &self,
        request: &ModelRequest,
        indexed: Option<&ModelDescription>,
    ) -> Result<(ModelFiles, EmbeddingSettings), EngineError> {
        let name = request.name.as_deref().or(indexed.map(|model| model.name.as_str()));
        let mut files = self.find(name.unwrap_or(BUNDLED_NAME))?;
        if let Some(cache) = self.host.digest_cache() {
            files = files.with_digest_cache(cache);
        }
        let stored_query = indexed.map(|model| &model.query_prefix);
        let stored_document = indexed.map(|model| &model.document_prefix);
        let settings = EmbeddingSettings {
            pooling: pooling(request, &files, indexed)?,
            query_prefix: prefix(&files, request.query_prefix.as_ref(), stored_query)?,
            document_prefix: prefix(&files, request.document_prefix.as_ref(), stored_document)?,
            precision: request.precision.or(indexed.map(stored_precision)).unwrap_or_default(),
            // Keeping all components leaves vectors and their fingerprint unchanged.
            dimensions: request
                .dimensions
                .or_else(|| indexed.and_then(|model| model.kept_dimensions))
                .filter(|kept| kept.get() != files.architecture.hidden_size()),
        };
        Ok((files, settings))
    }
}

/// Searches of the index use the stored query prefix; adding to the index cannot change it.
pub(super) fn refuse_other_query_prefix(
    requested: Option<&str>,
    indexed: Indexed<'_>,
) -> Result<(), EngineError> {
    match requested {
        Some(prefix) if prefix != indexed.model.query_prefix => Err(EngineError::OtherQueryPrefix {
            folder: indexed.folder.to_owned(),
            indexed: indexed.model.query_prefix.clone(),
        }),
        _ => Ok(()),
    }
}

/// `model`, if `found` is its dimension.
fn matching(model: ModelDescription, found: Dimension) -> Result<ModelDescription, EngineError> {
    if model.dimension == found {
        return Ok(model);
    }
    let (owner, expected) = (format!("the model {}", model.name), model.dimension);
    Err(EngineError::OtherDimension { found, owner, expected })
}

fn other_model(indexed: Indexed<'_>, requested: ModelDescription) -> EngineError {
    EngineError::OtherModel(Box::new(ModelMismatch {
        folder: indexed.folder.to_owned(),
        indexed: indexed.model.clone(),
        requested,
    }))
}

/// The identity of documents that the vectors of `model` are compared with in an index of the model `indexed`.
fn documents_identity(
    files: &ModelFiles,
    settings: &EmbeddingSettings,
    model: &dyn Embedder,
    (indexed, required): (&ModelDescription, ModelMatch),
) -> Identity {
    let precision = stored_precision(indexed);
    if required == ModelMatch::Exact || settings.precision == precision {
        return model.description().identity.clone();
    }
    Identity::Computed(Fingerprint::of(files, &EmbeddingSettings { precision, ..settings.clone() }))
}

/// The precision of an index; an unknown precision has a fingerprint of its own.
fn stored_precision(indexed: &ModelDescription) -> EncoderPrecision {
    indexed.encoder_precision.parse().unwrap_or_default()
}

fn refuse_settings_of_external(request: &ModelRequest, name: &str) -> Result<(), EngineError> {
    if request.has_settings() {
        return Err(EngineError::ExternalModelSettings { model: name.to_owned() });
    }
    Ok(())
}

/// The requested pooling, else that of the index, else the model's default.
fn pooling(
    request: &ModelRequest,
    files: &ModelFiles,
    indexed: Option<&ModelDescription>,
) -> Result<Pooling, ModelError> {
    match (request.pooling, indexed) {
        (Some(choice), _) => files.resolve_pooling(choice),
        (None, Some(model)) if model.pooling == Pooling::Cls.name() => Ok(Pooling::Cls),
        (None, Some(_)) => Ok(Pooling::Mean),
        (None, None) => files.default_pooling(),
    }
}

/// The requested prefix, else the stored one, else none.
fn prefix(
    files: &ModelFiles,
    requested: Option<&Prefix>,
    stored: Option<&String>,
) -> Result<String, ModelError> {
    match requested {
        Some(Prefix::Prompt(name)) => files.prompt(name).map(str::to_owned),
        Some(Prefix::Text(text)) => Ok(text.clone()),
        None => Ok(stored.cloned().unwrap_or_default()),
    }
}

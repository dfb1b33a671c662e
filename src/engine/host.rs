//! The interface between the engine and the program around it: the library itself reads no environment.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::embedding::{EmbedError, Embedder, EmbedderRequest};
use crate::hub::{self, Hub};
use crate::model::DigestCache;
use crate::search::IndexPlace;

/// The surroundings of an engine.
pub trait Host: Send + Sync {
    /// The absolute folder to which relative paths and the names of sources are relative.
    fn working_directory(&self) -> &Path;

    /// The hub for models; called only for the name of a hub model.
    ///
    /// # Errors
    ///
    /// The reason why there is none.
    fn hub(&self) -> Result<Hub, Box<dyn Error + Send + Sync>> {
        Err("no hub of models is set up".into())
    }

    /// Whether `name` is that of a model that the host provides: one of a service on a network, for example.
    fn provides(&self, _name: &str) -> bool {
        false
    }

    /// The embedder of a model that the host [provides](Host::provides).
    ///
    /// # Errors
    ///
    /// The reason why it cannot be used.
    fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Arc<dyn Embedder>, EmbedError> {
        Err(EmbedError::new(NotProvided { model: request.name.to_owned() }))
    }

    /// The place that `name` names, if the host supplies it; others are folders.
    fn place(&self, _name: &Path) -> Option<Arc<dyn IndexPlace>> {
        None
    }

    /// A local model that was just loaded becomes what the engine uses in its place: itself, or one that passes requests on
    /// to it, with the same description and vectors.
    fn adopt(&self, embedder: Arc<dyn Embedder>) -> Arc<dyn Embedder> {
        embedder
    }

    /// Receives the progress of a transfer from the hub.
    fn download_progress(&self) -> Box<dyn hub::Progress> {
        Box::new(())
    }

    /// The cache of digests of model files between runs.
    fn digest_cache(&self) -> Option<DigestCache> {
        None
    }
}

/// The host provides no model of that name.
#[derive(Debug, thiserror::Error)]
#[error("no model {model} is provided here")]
pub struct NotProvided {
    /// The name.
    pub model: String,
}

/// A host with only a working directory: models are the bundled one and folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalHost {
    working_directory: PathBuf,
}

impl LocalHost {
    /// Creates a host whose paths are relative to `working_directory`, which is absolute.
    #[must_use]
    pub fn new(working_directory: impl Into<PathBuf>) -> Self {
        Self { working_directory: working_directory.into() }
    }
}

impl Host for LocalHost {
    fn working_directory(&self) -> &Path {
        &self.working_directory
    }
}

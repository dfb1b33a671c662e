//! The interface between the engine and the program around it: the library itself reads no environment.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::embedding::{EmbedError, Embedder};
use crate::hub::{self, Hub};
use crate::model::DigestCache;

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

    /// The embedder of the model `name`, if it is not a local model: a provider on a network, for example.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be used.
    fn embedder(&self, _name: &str) -> Result<Option<Arc<dyn Embedder>>, EmbedError> {
        Ok(None)
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

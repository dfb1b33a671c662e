//! What the engine asks of the program around it: the library itself reads no environment.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::embedding::{EmbedError, Embedder};
use crate::hub::{self, Hub};
use crate::model::DigestCache;

/// The surroundings of an engine.
pub trait Host: Send + Sync {
    /// The absolute folder that typed paths start from, and that sources are shown relative to.
    fn working_directory(&self) -> &Path;

    /// The hub that models are taken from; asked only when a name is that of a model of the hub.
    ///
    /// # Errors
    ///
    /// Why there is none.
    fn hub(&self) -> Result<Hub, Box<dyn Error + Send + Sync>> {
        Err("no hub of models is set up".into())
    }

    /// What embeds for the model `name`, if something other than a local model does: a provider on a network, say.
    ///
    /// # Errors
    ///
    /// Why that cannot be used.
    fn embedder(&self, _name: &str) -> Result<Option<Arc<dyn Embedder>>, EmbedError> {
        Ok(None)
    }

    /// Told of a transfer from the hub.
    fn download_progress(&self) -> Box<dyn hub::Progress> {
        Box::new(())
    }

    /// Remembers digests of model files from run to run.
    fn digest_cache(&self) -> Option<DigestCache> {
        None
    }
}

/// A host with a working directory and nothing else: models are the bundled one and folders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalHost {
    working_directory: PathBuf,
}

impl LocalHost {
    /// Paths start from `working_directory`, which is absolute.
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

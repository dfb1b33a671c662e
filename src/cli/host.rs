//! The program as the engine's surroundings.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use embed::engine::{DigestCache, Host};
use embed::hub::{self, Hub};

use crate::cli::args::global::GlobalArguments;
use crate::cli::progress::{DownloadProgress, Visibility};
use crate::cli::resolve::{Environment, progress_visibility};
use crate::cli::usage::UsageError;

/// The environment of the process, and progress on its terminal.
#[derive(Debug)]
pub(crate) struct ProgramHost {
    pub(crate) environment: Environment,
    visibility: Visibility,
}

impl ProgramHost {
    pub(crate) fn new(global: &GlobalArguments) -> Result<Arc<Self>, UsageError> {
        let environment = Environment::read()?;
        Ok(Arc::new(Self { environment, visibility: progress_visibility(global) }))
    }
}

impl Host for ProgramHost {
    fn working_directory(&self) -> &Path {
        &self.environment.working_directory
    }

    fn hub(&self) -> Result<Hub, Box<dyn Error + Send + Sync>> {
        Ok(self.environment.hub()?)
    }

    fn download_progress(&self) -> Box<dyn hub::Progress> {
        Box::new(DownloadProgress::new(self.visibility))
    }

    fn digest_cache(&self) -> Option<DigestCache> {
        self.environment.digest_cache()
    }
}

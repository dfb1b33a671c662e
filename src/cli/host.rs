//! The program as the engine's surroundings.

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use embed::engine::{DigestCache, EmbedError, Embedder, EmbedderRequest, Host, IndexPlace};
use embed::hub::{self, Hub};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::service::ServiceArguments;
use crate::cli::progress::{DownloadProgress, TerminalProgress, Visibility};
use crate::cli::render::printable;
use crate::cli::resolve::{Environment, progress_visibility};
use crate::cli::services::Services;
use crate::cli::terminal::say;
use crate::cli::usage::UsageError;

/// The environment of the process, and progress on its terminal.
#[derive(Debug)]
pub(crate) struct ProgramHost {
    pub(crate) environment: Environment,
    pub(crate) services: Services,
    visibility: Visibility,
}

impl ProgramHost {
    pub(crate) fn new(global: &GlobalArguments) -> Result<Arc<Self>, UsageError> {
        Self::with_services(global, &ServiceArguments::default())
    }

    pub(crate) fn with_services(
        global: &GlobalArguments,
        services: &ServiceArguments,
    ) -> Result<Arc<Self>, UsageError> {
        let environment = Environment::read()?;
        let services = Services::new(&environment, services);
        Ok(Arc::new(Self { environment, services, visibility: progress_visibility(global) }))
    }

    /// The progress of reading and embedding, with what services used so far.
    pub(crate) fn progress(self: &Arc<Self>) -> TerminalProgress {
        let host = Arc::clone(self);
        TerminalProgress::new(self.visibility, Box::new(move || host.services.meter()))
    }
}

impl Drop for ProgramHost {
    /// Reports what services used, on success and on failure alike. A single text, such as a query, is not worth a line.
    fn drop(&mut self) {
        if self.visibility == Visibility::Terminal {
            self.services.closing_lines().iter().for_each(|line| say(printable(line)));
        }
    }
}

impl Host for ProgramHost {
    fn working_directory(&self) -> &Path {
        &self.environment.working_directory
    }

    fn hub(&self) -> Result<Hub, Box<dyn Error + Send + Sync>> {
        Ok(self.environment.hub()?)
    }

    fn provides(&self, name: &str) -> bool {
        Services::provide(name)
    }

    fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Arc<dyn Embedder>, EmbedError> {
        self.services.embedder(request)
    }

    fn place(&self, name: &Path) -> Option<Arc<dyn IndexPlace>> {
        // A name that is no address was refused when the index was looked for.
        self.environment.place(name).ok().flatten()
    }

    fn download_progress(&self) -> Box<dyn hub::Progress> {
        Box::new(DownloadProgress::new(self.visibility))
    }

    fn digest_cache(&self) -> Option<DigestCache> {
        self.environment.digest_cache()
    }
}

//! A build without the feature `providers`: names of models of services are known, but not the services.

use std::sync::Arc;

use embed::engine::{EmbedError, Embedder, EmbedderRequest};

use crate::cli::args::service::ServiceArguments;
use crate::cli::resolve::Environment;

/// No services.
#[derive(Debug)]
pub(crate) struct Services;

/// A model of a service is named.
#[derive(Debug, thiserror::Error)]
#[error("this build of embed has no models of services, such as {name}")]
pub(crate) struct NoServices {
    name: String,
}

impl Services {
    pub(crate) const fn new(_: &Environment, _: &ServiceArguments) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the signature is that of builds with services")]
    pub(crate) const fn has_limit(&self) -> bool {
        false
    }

    pub(crate) fn provide(name: &str) -> bool {
        name.starts_with("openai:") || name.starts_with("voyage:") || name.contains("://")
    }

    #[expect(clippy::unused_self, reason = "the signature is that of builds with services")]
    pub(crate) fn embedder(&self, request: &EmbedderRequest<'_>) -> Result<Arc<dyn Embedder>, EmbedError> {
        Err(EmbedError::new(NoServices { name: request.name.to_owned() }))
    }

    #[expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "as above")]
    pub(crate) const fn approve(&self, _model: &str, _tokens: u64) -> Result<(), NoServices> {
        Ok(())
    }

    pub(crate) const fn estimates(_model: &str) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) const fn price(&self, _model: &str) -> Option<f64> {
        None
    }

    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) const fn quote(&self, _model: &str, _tokens: u64) -> String {
        String::new()
    }

    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) const fn meter(&self) -> Option<String> {
        None
    }

    #[expect(clippy::unused_self, reason = "as above")]
    pub(crate) const fn closing_lines(&self) -> Vec<String> {
        Vec::new()
    }
}

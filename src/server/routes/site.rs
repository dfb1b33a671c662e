//! `/status` and `/metrics`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use serde::Serialize;

use super::answer::answer;
use crate::engine::{IndexStatus, ModelDescription};
use crate::server::model_name::public_name;
use crate::server::problem::{Problem, Shape};
use crate::server::service::{Content, Service};

/// What the server serves.
#[derive(Debug, Serialize)]
pub(in crate::server) struct Status {
    version: &'static str,
    model: ServedModel,
    reranker: Option<String>,
    pub(in crate::server) indexes: Vec<ServedIndex>,
}

#[derive(Debug, Serialize)]
struct ServedModel {
    name: String,
    dimension: usize,
    max_tokens: u32,
    pooling: String,
    precision: String,
}

#[derive(Debug, Serialize)]
pub(in crate::server) struct ServedIndex {
    pub(in crate::server) name: String,
    /// The folder that sources are relative to.
    pub(in crate::server) root: String,
    id: String,
    pub(in crate::server) model: String,
    pub(in crate::server) sources: u64,
    pub(in crate::server) documents: u64,
    pub(in crate::server) passages: u64,
    generation: u64,
    bytes: u64,
}

pub(in crate::server) async fn get_status(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Response<Body> {
    answer(service, request, Shape::OpenAi, |task, _| Ok(Content::json(&status(task.service)?))).await
}

pub(in crate::server) async fn metrics(State(service): State<Arc<Service>>) -> Response<Body> {
    let text = service.metrics.text(service.admission.admitted());
    let response = Response::builder().header("content-type", "text/plain; version=0.0.4; charset=utf-8");
    response.body(Body::from(text)).expect("the header is a constant")
}

/// What the server serves, at this moment.
pub(in crate::server) fn status(service: &Service) -> Result<Status, Problem> {
    let ModelDescription { name, dimension, max_tokens, pooling, encoder_precision, .. } =
        service.model.description().clone();
    let model = ServedModel {
        name: public_name(&name).to_owned(),
        dimension: dimension.get(),
        max_tokens,
        pooling,
        precision: encoder_precision,
    };
    let mut indexes = Vec::new();
    for index in &service.indexes {
        let IndexStatus { id, model, sources, documents, passages, generation, bytes, .. } =
            index.engine.status()?;
        let (name, model) = (index.name.clone(), public_name(&model.name).to_owned());
        let root = index.engine.names_from().display().to_string();
        indexes.push(ServedIndex { name, root, id, model, sources, documents, passages, generation, bytes });
    }
    let reranker = service.reranker.as_ref().map(|reranker| public_name(reranker.name()).to_owned());
    Ok(Status { version: env!("CARGO_PKG_VERSION"), model, reranker, indexes })
}

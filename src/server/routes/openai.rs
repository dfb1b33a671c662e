//! The routes that clients of OpenAI use (<https://platform.openai.com/docs/api-reference/embeddings>).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::answer::answer;
use super::embed::{EmbedOptions, EmbeddedInputs, Inputs, TooLong, embed_inputs};
use super::parse;
use crate::engine::Role;
use crate::server::model_name::is_name_of;
use crate::server::problem::{Problem, Shape};
use crate::server::service::{Content, Service, Task};

/// A request for vectors. Fields that other servers know, such as `user`, are ignored.
#[derive(Debug, Deserialize)]
struct EmbeddingsRequest {
    model: Option<String>,
    input: Inputs,
    #[serde(default)]
    encoding_format: Encoding,
    dimensions: Option<usize>,
    /// Not OpenAI's: `query` for the prefix of queries, as clients of Voyage and Cohere send it.
    input_type: Option<InputType>,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Float,
    Base64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum InputType {
    Query,
    Document,
}

#[derive(Serialize)]
struct EmbeddingsAnswer<'a> {
    object: &'static str,
    data: Vec<Embedding<'a>>,
    model: &'a str,
    usage: Usage,
}

#[derive(Serialize)]
struct Embedding<'a> {
    object: &'static str,
    index: usize,
    #[serde(rename = "embedding")]
    components: Components<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Components<'a> {
    Numbers(&'a [f32]),
    Base64(String),
}

#[derive(Serialize)]
struct Usage {
    prompt_tokens: usize,
    total_tokens: usize,
}

pub(in crate::server) async fn embeddings(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Response<Body> {
    answer(service, request, Shape::OpenAi, |task, body| embed(task, &parse::json(&body)?)).await
}

pub(in crate::server) async fn models(State(service): State<Arc<Service>>) -> Response<Body> {
    let models = json!({"object": "list", "data": [description(&service)]});
    json_response(&models)
}

pub(in crate::server) async fn model(
    State(service): State<Arc<Service>>,
    name: Result<Path<String>, PathRejection>,
) -> Response<Body> {
    let name = name.map_err(|_| Problem::invalid("the name is not percent-encoded UTF-8"));
    match name.and_then(|Path(name)| check_name(&service, &name)) {
        Ok(()) => json_response(&description(&service)),
        Err(problem) => problem.response(Shape::OpenAi),
    }
}

fn json_response(value: &Value) -> Response<Body> {
    let response = Response::builder().header("content-type", "application/json");
    response.body(Body::from(value.to_string())).expect("the header is a constant")
}

fn description(service: &Service) -> Value {
    json!({"id": service.model_name(), "object": "model", "created": 0, "owned_by": "embed"})
}

/// Refuses other names than that of the model, or its last part.
pub(super) fn check_name(service: &Service, name: &str) -> Result<(), Problem> {
    let served = service.model_name();
    if is_name_of(name, served) {
        return Ok(());
    }
    Err(Problem::no_model(format!("the model {name:?} is not served here: this server has {served:?}")))
}

fn embed(mut task: Task<'_>, request: &EmbeddingsRequest) -> Result<Content, Problem> {
    let service = task.service;
    if let Some(name) = &request.model {
        check_name(service, name)?;
    }
    let role = match request.input_type {
        Some(InputType::Query) => Role::Query,
        Some(InputType::Document) | None => Role::Document,
    };
    let options =
        EmbedOptions { role, too_long: TooLong::Refused, dimensions: request.dimensions, field: "input" };
    let EmbeddedInputs { vectors, tokens } = embed_inputs(&mut task, &request.input, options)?;
    let embedding = |(index, row)| {
        let components = match request.encoding_format {
            Encoding::Float => Components::Numbers(row),
            Encoding::Base64 => Components::Base64(BASE64.encode(little_endian(row))),
        };
        Embedding { object: "embedding", index, components }
    };
    Ok(Content::json(&EmbeddingsAnswer {
        object: "list",
        data: vectors.rows().enumerate().map(embedding).collect(),
        model: service.model_name(),
        usage: Usage { prompt_tokens: tokens, total_tokens: tokens },
    }))
}

fn little_endian(row: &[f32]) -> Vec<u8> {
    row.iter().flat_map(|component| component.to_le_bytes()).collect()
}

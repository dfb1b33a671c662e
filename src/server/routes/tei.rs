//! The routes of text-embeddings-inference (<https://huggingface.github.io/text-embeddings-inference>).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::Response;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::answer;
use super::embed::{EmbedOptions, Inputs, TooLong, embed_inputs};
use super::parse::{self, OneOrMany};
use crate::engine::{InstructionSet, Role};
use crate::server::problem::{Problem, Shape};
use crate::server::service::{Content, Service, Task};

/// Bytes of all texts whose tokens are listed.
const MOST_TOKENIZED: usize = 64 * 1024;

/// Memory for a byte of such texts, which can be half a token: its places and text, twice, and its record in JSON.
const BYTES_OF_TOKENIZED: usize = 512;

/// How texts are embedded, in the words of this protocol.
#[derive(Debug, Default, Deserialize)]
struct Options {
    #[serde(default)]
    truncate: Option<bool>,
    truncation_direction: Option<Direction>,
    normalize: Option<bool>,
    dimensions: Option<usize>,
    prompt_name: Option<Prompt>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
enum Direction {
    #[serde(alias = "right")]
    Right,
    #[serde(alias = "left")]
    Left,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Prompt {
    Query,
    Document,
}

#[derive(Debug, Deserialize)]
struct EmbedRequest {
    inputs: Inputs,
    #[serde(flatten)]
    options: Options,
}

#[derive(Debug, Deserialize)]
struct SimilarityRequest {
    inputs: Pair,
    #[serde(default)]
    parameters: Options,
}

#[derive(Debug, Deserialize)]
struct Pair {
    source_sentence: String,
    sentences: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct TokenizeRequest {
    inputs: OneOrMany<String>,
    #[serde(default = "yes")]
    add_special_tokens: bool,
}

const fn yes() -> bool {
    true
}

#[derive(Debug, Serialize)]
struct TokenRecord {
    id: u32,
    text: String,
    special: bool,
    start: Option<usize>,
    stop: Option<usize>,
}

impl Options {
    fn resolve(&self) -> Result<EmbedOptions, Problem> {
        if self.normalize == Some(false) {
            return Err(Problem::invalid("vectors always have length 1 here").of("normalize"));
        }
        if self.truncation_direction == Some(Direction::Left) {
            return Err(Problem::invalid("texts are cut at their end only").of("truncation_direction"));
        }
        Ok(EmbedOptions {
            role: match self.prompt_name {
                Some(Prompt::Query) => Role::Query,
                Some(Prompt::Document) | None => Role::Document,
            },
            too_long: if self.truncate == Some(true) { TooLong::Cut } else { TooLong::Refused },
            dimensions: self.dimensions,
            field: "inputs",
        })
    }
}

pub(in crate::server) async fn embed(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Response<Body> {
    answer(service, request, Shape::Tei, |mut task, body| {
        let EmbedRequest { inputs, options } = parse::json(&body)?;
        let embedded = embed_inputs(&mut task, &inputs, options.resolve()?)?;
        Ok(Content::json(&embedded.vectors.rows().collect::<Vec<_>>()))
    })
    .await
}

pub(in crate::server) async fn similarity(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Response<Body> {
    answer(service, request, Shape::Tei, |mut task, body| {
        let SimilarityRequest { inputs: Pair { source_sentence, mut sentences }, parameters } =
            parse::json(&body)?;
        if sentences.is_empty() {
            return Err(Problem { code: "empty", ..Problem::invalid("there are no sentences") });
        }
        sentences.insert(0, source_sentence);
        let embedded = embed_inputs(&mut task, &Inputs::Texts(sentences), parameters.resolve()?)?;
        let source = embedded.vectors.row(0);
        let dot = InstructionSet::best();
        let scores: Vec<f32> = embedded.vectors.rows().skip(1).map(|row| dot.dot(source, row)).collect();
        Ok(Content::json(&scores))
    })
    .await
}

pub(in crate::server) async fn tokenize(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Response<Body> {
    answer(service, request, Shape::Tei, |task, body| tokens(task, parse::json(&body)?)).await
}

fn tokens(mut task: Task<'_>, request: TokenizeRequest) -> Result<Content, Problem> {
    let service = task.service;
    let texts = request.inputs.into_vec();
    if texts.len() > service.limits.inputs {
        return Err(Problem::too_much(format!("a request has at most {} inputs", service.limits.inputs)));
    }
    let bytes = texts.iter().map(String::len).sum::<usize>();
    if bytes > MOST_TOKENIZED {
        return Err(Problem::too_much(format!(
            "a request has at most {MOST_TOKENIZED} bytes of texts to tokenize"
        )));
    }
    let Some(tokenizer) = service.model.token_embedder() else {
        return Err(Problem::failed("the tokens of this model are not known here"));
    };
    task.hold(bytes * BYTES_OF_TOKENIZED)?;
    let mut lists = Vec::new();
    for text in &texts {
        task.check_wanted()?;
        let mut tokens = tokenizer.tokens(text)?;
        tokens.retain(|token| request.add_special_tokens || !token.is_special);
        let record = |token: crate::engine::Token| TokenRecord {
            id: token.id,
            text: token.text,
            special: token.is_special,
            start: (!token.is_special).then_some(token.characters.start),
            stop: (!token.is_special).then_some(token.characters.end),
        };
        lists.push(tokens.into_iter().map(record).collect::<Vec<_>>());
    }
    Ok(Content::json(&lists))
}

pub(in crate::server) async fn info(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    answer(service, request, Shape::Tei, |task, _| {
        let (model, limits) = (task.service.model.description(), &task.service.limits);
        Ok(Content::json(&json!({
            "model_id": task.service.model_name(),
            "model_sha": null,
            "model_dtype": model.encoder_precision,
            "model_type": {"embedding": {"pooling": model.pooling}},
            "max_concurrent_requests": limits.waiting,
            "max_input_length": model.max_tokens,
            "max_batch_tokens": limits.tokens,
            "max_client_batch_size": limits.inputs,
            "auto_truncate": false,
            "version": env!("CARGO_PKG_VERSION"),
        })))
    })
    .await
}

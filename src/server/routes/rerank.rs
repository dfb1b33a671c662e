//! Reranking, in the shapes of text-embeddings-inference and of Cohere.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::answer::answer;
use super::embed::first_part;
use super::parse;
use crate::engine::{Reranker, best_first};
use crate::server::model_name::{is_name_of, public_name};
use crate::server::problem::{Problem, Shape};
use crate::server::service::{Content, Service, Task};

/// Texts that are scored between two looks at whether the client still waits.
const PORTION: usize = 16;

#[derive(Debug, Deserialize)]
struct TeiRequest {
    query: String,
    texts: Vec<String>,
    #[serde(default)]
    raw_scores: bool,
    #[serde(default)]
    return_text: bool,
    #[serde(default)]
    truncate: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct CohereRequest {
    model: Option<String>,
    query: String,
    documents: Vec<Document>,
    top_n: Option<usize>,
    #[serde(default)]
    return_documents: bool,
    #[serde(default)]
    raw_scores: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a text or an object with a text")]
enum Document {
    Text(String),
    Object { text: String },
}

#[derive(Debug, Serialize)]
struct TeiResult {
    index: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    score: f32,
}

#[derive(Debug, Serialize)]
struct CohereResult {
    index: usize,
    relevance_score: f32,
    #[serde(skip_serializing_if = "Option::is_none")]
    document: Option<CohereDocument>,
}

#[derive(Debug, Serialize)]
struct CohereDocument {
    text: String,
}

impl Service {
    /// The cross-encoder.
    pub(in crate::server) fn reranker(&self) -> Result<&Reranker, Problem> {
        self.reranker.as_ref().ok_or_else(|| {
            let message = "the server has no cross-encoder: start it with --reranker MODEL";
            Problem::new(StatusCode::FAILED_DEPENDENCY, "no_reranker", message)
        })
    }
}

pub(in crate::server) async fn tei(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    answer(service, request, Shape::Tei, |task, body| {
        let TeiRequest { query, texts, raw_scores, return_text, truncate } = parse::json(&body)?;
        let cut = if truncate == Some(true) { Pairs::Cut } else { Pairs::Refused };
        let scores = scores(&task, &query, &texts, cut)?;
        let result = |index: usize| TeiResult {
            index,
            text: return_text.then(|| texts[index].clone()),
            score: if raw_scores { scores[index] } else { sigmoid(scores[index]) },
        };
        Ok(Content::json(&best(&scores).into_iter().map(result).collect::<Vec<_>>()))
    })
    .await
}

pub(in crate::server) async fn cohere(
    State(service): State<Arc<Service>>,
    request: Request,
) -> Response<Body> {
    answer(service, request, Shape::OpenAi, |task, body| {
        let CohereRequest { model, query, documents, top_n, return_documents, raw_scores } =
            parse::json(&body)?;
        let name = public_name(task.service.reranker()?.name()).to_owned();
        if let Some(model) = model.filter(|model| !is_name_of(model, &name)) {
            return Err(Problem::no_model(format!(
                "{model:?} is not served here: this server reranks with {name:?}"
            )));
        }
        let texts: Vec<String> = documents.into_iter().map(Document::into_text).collect();
        let scores = scores(&task, &query, &texts, Pairs::Cut)?;
        let result = |index: usize| CohereResult {
            index,
            relevance_score: if raw_scores { scores[index] } else { sigmoid(scores[index]) },
            document: return_documents.then(|| CohereDocument { text: texts[index].clone() }),
        };
        let best = best(&scores).into_iter().take(top_n.unwrap_or(usize::MAX));
        let results: Vec<CohereResult> = best.map(result).collect();
        Ok(Content::json(&json!({"object": "rerank", "model": name, "results": results})))
    })
    .await
}

impl Document {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) | Self::Object { text } => text,
        }
    }
}

/// What happens to pairs beyond the model's limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pairs {
    Refused,
    Cut,
}

/// The output of the cross-encoder for each text.
fn scores(task: &Task<'_>, query: &str, texts: &[String], too_long: Pairs) -> Result<Vec<f32>, Problem> {
    let reranker = task.service.reranker()?;
    if query.trim().is_empty() || texts.is_empty() {
        return Err(Problem { code: "empty", ..Problem::invalid("the query or the list of texts is empty") });
    }
    if texts.len() > task.service.limits.inputs {
        return Err(Problem::too_much(format!("a request has at most {} texts", task.service.limits.inputs)));
    }
    if first_part(query).len() < query.len() {
        return Err(Problem::invalid("the query is too long").of("query"));
    }
    let mut scores = Vec::with_capacity(texts.len());
    // A text that is longer than what is read of it is scored alone, to see that the model reads even less.
    for portion in
        texts.chunk_by(|a, b| is_read_whole(a) && is_read_whole(b)).flat_map(|run| run.chunks(PORTION))
    {
        task.check_wanted()?;
        let parts: Vec<&str> = portion.iter().map(|text| first_part(text)).collect();
        let outcome = reranker.scores(query, &parts)?;
        if outcome.truncated > 0 && too_long == Pairs::Refused {
            return Err(Problem::invalid("a pair is longer than the model takes: set truncate"));
        }
        if outcome.truncated == 0 && !portion.iter().map(String::as_str).all(is_read_whole) {
            return Err(Problem::invalid("a text has a word or a gap of tens of thousands of bytes"));
        }
        scores.extend(outcome.scores);
    }
    Ok(scores)
}

fn is_read_whole(text: &str) -> bool {
    first_part(text).len() == text.len()
}

/// The places of `scores`, best first, ties in their order.
fn best(scores: &[f32]) -> Vec<usize> {
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by(|&a, &b| best_first(scores[a], scores[b]));
    places
}

fn sigmoid(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

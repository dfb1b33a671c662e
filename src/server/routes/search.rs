//! `/search` and `/documents/ID`.

use std::num::NonZeroUsize;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::Response;
use serde::{Deserialize, Serialize};

use super::answer::answer;
use super::parse::{OneOrMany, json, parameter};
use crate::engine::{
    Answers, Filters, Grouping, LocatedPassage, Query, Ranks, RerankOptions, Role, SearchBy, SearchOptions,
    SearchRecord, SearchRequest, SourceGlobs, WordQuery, name_of_sum,
};
use crate::server::problem::{Problem, Shape};
use crate::server::service::{Content, Service, Task};

/// The most hits of a query.
const MOST_HITS: usize = 1000;

/// The most queries of a request, with its documents and texts to add and subtract.
const MOST_QUERIES: usize = 256;

/// Bytes of a query, or of a text to add or subtract: many times what a model takes.
const LONGEST_QUERY: usize = 32 * 1024;

/// The most conditions, and the most globs, of a request; and bytes of each.
const MOST_CONDITIONS: usize = 100;
const LONGEST_CONDITION: usize = 4096;

/// What a search may say; all but a query has a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct Parameters {
    #[serde(alias = "q")]
    pub(in crate::server) query: Option<OneOrMany<String>>,
    pub(in crate::server) k: Option<usize>,
    pub(in crate::server) by: Option<By>,
    #[serde(default, rename = "where")]
    pub(in crate::server) filters: Option<OneOrMany<String>>,
    #[serde(default)]
    glob: Option<OneOrMany<String>>,
    #[serde(default)]
    like: Option<OneOrMany<String>>,
    #[serde(default)]
    plus: Option<OneOrMany<String>>,
    #[serde(default)]
    minus: Option<OneOrMany<String>>,
    group: Option<Group>,
    min_score: Option<f32>,
    min_confidence: Option<f32>,
    #[serde(default)]
    explain: bool,
    pub(in crate::server) index: Option<String>,
    rerank: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::server) enum By {
    Meaning,
    Words,
    Both,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Group {
    Passage,
    Document,
}

/// The answer to a search: the document of `embed search --json`, and remarks.
#[derive(Debug, Serialize)]
pub(in crate::server) struct Found {
    model: String,
    pub(in crate::server) results: Vec<SearchRecord>,
    pub(in crate::server) notes: Vec<String>,
}

/// A document as a whole.
#[derive(Debug, Serialize)]
pub(in crate::server) struct FoundDocument {
    pub(in crate::server) id: String,
    pub(in crate::server) passages: Vec<LocatedPassage>,
}

pub(in crate::server) async fn get(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    let parameters = Parameters::from_query_string(request.uri().query().unwrap_or_default());
    answer(service, request, Shape::OpenAi, |task, _| Ok(Content::json(&found(&task, parameters?)?))).await
}

pub(in crate::server) async fn post(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    answer(service, request, Shape::OpenAi, |task, body| Ok(Content::json(&found(&task, json(&body)?)?)))
        .await
}

pub(in crate::server) async fn document(
    State(service): State<Arc<Service>>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    answer(service, request, Shape::OpenAi, move |task, _| {
        let mut index = None;
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "index" => index = Some(value.into_owned()),
                _ => return Err(unknown_parameter(&name)),
            }
        }
        let passages = task.service.index(index.as_deref())?.fetch(&id)?;
        Ok(Content::json(&FoundDocument { id, passages }))
    })
    .await
}

fn unknown_parameter(name: &str) -> Problem {
    Problem::invalid(format!("there is no parameter {name:?}"))
}

/// Searches, within the limits of a request.
pub(in crate::server) fn found(task: &Task<'_>, parameters: Parameters) -> Result<Found, Problem> {
    let engine = task.service.index(parameters.index.as_deref())?;
    let (explain, rerank) = (parameters.explain, parameters.rerank);
    let wanted = parameters.options()?;
    let mut request = parameters.request(wanted)?;
    check_queries(task.service, &request)?;
    if let Some(top) = rerank {
        request.options.top_k = wanted.top_k.max(top.get());
        request.options.minimum_score = None;
    }
    task.check_wanted()?;
    let mut answers = engine.search(&request)?;
    if let Some(top) = rerank {
        rerank_hits(task, &request, (top, wanted), &mut answers)?;
    }
    let notes = answers.remarks(&request);
    Ok(Found { model: answers.model, results: records(&request, answers.hits, explain), notes })
}

impl Parameters {
    fn from_query_string(text: &str) -> Result<Self, Problem> {
        let mut parameters = Self::default();
        let (mut queries, mut filters, mut globs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut like, mut plus, mut minus) = (Vec::new(), Vec::new(), Vec::new());
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            match &*name {
                "q" | "query" => queries.push(value.into_owned()),
                "where" => filters.push(value.into_owned()),
                "glob" => globs.push(value.into_owned()),
                "like" => like.push(value.into_owned()),
                "plus" => plus.push(value.into_owned()),
                "minus" => minus.push(value.into_owned()),
                "k" => parameters.k = Some(parameter("k", &value)?),
                "by" => parameters.by = Some(word("by", &value)?),
                "group" => parameters.group = Some(word("group", &value)?),
                "min_score" => parameters.min_score = Some(parameter("min_score", &value)?),
                "min_confidence" => parameters.min_confidence = Some(parameter("min_confidence", &value)?),
                "explain" => parameters.explain = parameter("explain", &value)?,
                "index" => parameters.index = Some(value.into_owned()),
                "rerank" => parameters.rerank = Some(parameter("rerank", &value)?),
                _ => return Err(unknown_parameter(&name)),
            }
        }
        let many = |values: Vec<String>| (!values.is_empty()).then_some(OneOrMany::Many(values));
        Ok(Self {
            query: many(queries),
            filters: many(filters),
            glob: many(globs),
            like: many(like),
            plus: many(plus),
            minus: many(minus),
            ..parameters
        })
    }

    fn options(&self) -> Result<SearchOptions, Problem> {
        let top_k = self.k.unwrap_or(3);
        if !(1..=MOST_HITS).contains(&top_k) {
            return Err(Problem::invalid(format!("k is from 1 to {MOST_HITS}")).of("k"));
        }
        if self.rerank.is_some_and(|top| top.get() > MOST_HITS) {
            return Err(Problem::invalid(format!("rerank is from 1 to {MOST_HITS}")).of("rerank"));
        }
        if self.min_score.is_some_and(|score| !score.is_finite()) {
            return Err(Problem::invalid("min_score is a number").of("min_score"));
        }
        if self.min_confidence.is_some_and(|confidence| !(0.0..=1.0).contains(&confidence)) {
            return Err(Problem::invalid("min_confidence is from 0 to 1").of("min_confidence"));
        }
        Ok(SearchOptions {
            top_k,
            minimum_score: self.min_score,
            minimum_confidence: self.min_confidence,
            grouping: match self.group {
                Some(Group::Document) => Grouping::Documents,
                Some(Group::Passage) | None => Grouping::Passages,
            },
            ranks: if self.explain { Ranks::Counted } else { Ranks::Omitted },
        })
    }

    fn request(self, options: SearchOptions) -> Result<SearchRequest, Problem> {
        let list = |values: Option<OneOrMany<String>>| values.map(OneOrMany::into_vec).unwrap_or_default();
        let filters = list(self.filters);
        check_conditions(&filters, "where")?;
        let filters: Result<Filters, _> = filters.iter().map(|filter| filter.parse()).collect();
        let globs = list(self.glob);
        check_conditions(&globs, "glob")?;
        let sources = match globs.as_slice() {
            [] => None,
            globs => Some(
                SourceGlobs::new(globs).map_err(|error| Problem::invalid(error.to_string()).of("glob"))?,
            ),
        };
        Ok(SearchRequest {
            queries: list(self.query).into_iter().map(Query::Text).collect(),
            by: match self.by {
                Some(By::Meaning) => SearchBy::Meaning,
                Some(By::Words) => SearchBy::Words,
                Some(By::Both) | None => SearchBy::Both,
            },
            like: list(self.like),
            plus: list(self.plus),
            minus: list(self.minus),
            filters: filters.map_err(|error| Problem::of_filter(&error))?,
            sources,
            options,
        })
    }
}

/// A word of a fixed list.
fn word<'a, T: Deserialize<'a>>(name: &'static str, text: &'a str) -> Result<T, Problem> {
    let text = serde::de::value::BorrowedStrDeserializer::<serde::de::value::Error>::new(text);
    T::deserialize(text).map_err(|error| Problem::invalid(error.to_string()).of(name))
}

fn check_conditions(conditions: &[String], field: &'static str) -> Result<(), Problem> {
    if conditions.len() > MOST_CONDITIONS {
        return Err(Problem::invalid(format!("{field} has at most {MOST_CONDITIONS} entries")).of(field));
    }
    if conditions.iter().any(|condition| condition.len() > LONGEST_CONDITION) {
        return Err(Problem::invalid(format!("an entry has at most {LONGEST_CONDITION} bytes")).of(field));
    }
    Ok(())
}

/// Refuses queries that have nothing to look for, and more or longer ones than a request may have.
fn check_queries(service: &Service, request: &SearchRequest) -> Result<(), Problem> {
    let refused = |message: String| Err(Problem::invalid(message).of("query"));
    if request.queries.is_empty() && request.like.is_empty() && request.plus.is_empty() {
        return refused("there is no query".to_owned());
    }
    let terms = [&request.like, &request.plus, &request.minus].map(Vec::len).iter().sum::<usize>();
    if request.queries.len() + terms > MOST_QUERIES {
        return refused(format!("a request has at most {MOST_QUERIES} queries"));
    }
    let texts = request.queries.iter().filter_map(|query| match query {
        Query::Text(text) => Some(text),
        Query::Vector(_) => None,
    });
    if texts.clone().chain(&request.plus).chain(&request.minus).any(|text| text.len() > LONGEST_QUERY) {
        return refused(format!("a query has at most {LONGEST_QUERY} bytes"));
    }
    let reads_marks = request.by != SearchBy::Meaning;
    for text in texts.clone() {
        let is_empty = |text: &str| text.chars().all(|char| char.is_whitespace() || char == '"');
        if is_empty(text) {
            return refused("a query is empty".to_owned());
        }
        if reads_marks && is_empty(&WordQuery::parse(text).text) {
            return refused(format!("the query {text:?} only excludes words"));
        }
    }
    if request.by == SearchBy::Words {
        return Ok(());
    }
    let Some(tokenizer) = service.model.token_embedder() else { return Ok(()) };
    for text in texts.chain(&request.plus).chain(&request.minus) {
        let query = tokenizer.token_ids(Role::Query, text)?;
        service.metrics.count_texts(1, query.ids.len());
        if query.truncated {
            let (all, most) = (tokenizer.tokens(text)?.len(), query.ids.len());
            return refused(format!("a query has {all} tokens, the model takes {most}"));
        }
    }
    Ok(())
}

/// Reranks the hits of every text, then drops those beyond what is wanted.
fn rerank_hits(
    task: &Task<'_>,
    request: &SearchRequest,
    (top, wanted): (NonZeroUsize, SearchOptions),
    answers: &mut Answers,
) -> Result<(), Problem> {
    let reranker = task.service.reranker()?;
    for (query, hits) in request.queries.iter().zip(&mut answers.hits) {
        task.check_wanted()?;
        if let Query::Text(text) = query {
            let text =
                if request.by == SearchBy::Meaning { text.clone() } else { WordQuery::parse(text).text };
            reranker.rerank_hits(&text, hits, RerankOptions { top, ..RerankOptions::DEFAULT })?;
        }
        hits.retain(|hit| wanted.minimum_score.is_none_or(|minimum| hit.score >= minimum));
        hits.truncate(wanted.top_k);
    }
    Ok(())
}

fn records(request: &SearchRequest, hits: Vec<Vec<crate::engine::Hit>>, explain: bool) -> Vec<SearchRecord> {
    let mut records = Vec::new();
    for (index, hits) in hits.into_iter().enumerate() {
        let query = match request.queries.get(index) {
            Some(Query::Text(text)) => text.clone(),
            _ => name_of_sum(&request.like, &request.plus, &request.minus),
        };
        for (rank, hit) in (1..).zip(hits) {
            let query = Some(query.clone());
            let query_line = (request.queries.len() > 1).then_some(index as u64 + 1);
            let record = SearchRecord { query, query_line, rank, hit, explain: None };
            records.push(if explain { record.explained() } else { record });
        }
    }
    records
}

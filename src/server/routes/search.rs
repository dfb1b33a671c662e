//! `/search` and `/documents/ID`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::Response;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::answer;
use super::parse::{OneOrMany, json, parameter};
use crate::engine::{
    Answers, Engine, Fetched, Filters, Grouping, Hit, LocatedPassage, Query, Ranks, RerankOptions, Role,
    SearchBy, SearchOptions, SearchRecord, SearchRequest, SourceGlobs, WordQuery, name_of_sum,
};
use crate::server::model_name::public_name;
use crate::server::problem::{Problem, Shape};
use crate::server::service::{Content, Service, Task};

/// The most hits of a query.
const MOST_HITS: usize = 1000;

/// The most hits of a request, over all its queries.
const MOST_HITS_OF_ALL: usize = 10_000;

/// The most hits that a request reranks, over all its queries.
const MOST_RERANKED: usize = 1000;

/// The most passages of a document in one answer.
const MOST_PASSAGES: usize = 1000;

/// Bytes of a hit in an answer, without its texts: in memory and in JSON.
const BYTES_OF_HIT: usize = 1024;

/// The most queries of a request, with its documents and texts to add and subtract.
const MOST_QUERIES: usize = 256;

/// Bytes of a query, or of a text to add or subtract: many times what a model takes.
const LONGEST_QUERY: usize = 32 * 1024;

/// Bytes of all queries, and texts to add or subtract, of a request.
const LONGEST_QUERIES: usize = 256 * 1024;

/// The most conditions, and the most globs, of a request; and bytes of all of either. A glob takes several hundred times its bytes.
const MOST_CONDITIONS: usize = 100;
const LONGEST_CONDITIONS: usize = 8192;

/// What a search may say; all but a query has a default.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::server) struct Parameters {
    #[serde(alias = "q")]
    pub(in crate::server) query: Option<OneOrMany<String>>,
    pub(in crate::server) k: Option<usize>,
    pub(in crate::server) by: Option<By>,
    #[serde(rename = "where")]
    pub(in crate::server) filters: Option<OneOrMany<String>>,
    glob: Option<OneOrMany<String>>,
    like: Option<OneOrMany<String>>,
    plus: Option<OneOrMany<String>>,
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

/// Passages of a document.
#[derive(Debug, Serialize)]
struct FoundDocument {
    id: String,
    /// How many there are in all.
    total: usize,
    passages: Vec<LocatedPassage>,
}

pub(in crate::server) async fn get(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    let parameters = Parameters::from_query_string(request.uri().query().unwrap_or_default());
    answer(service, request, Shape::OpenAi, |mut task, _| Ok(Content::json(&found(&mut task, parameters?)?)))
        .await
}

pub(in crate::server) async fn post(State(service): State<Arc<Service>>, request: Request) -> Response<Body> {
    answer(service, request, Shape::OpenAi, |mut task, body| {
        Ok(Content::json(&found(&mut task, json(&body)?)?))
    })
    .await
}

pub(in crate::server) async fn document(
    State(service): State<Arc<Service>>,
    id: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response<Body> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    answer(service, request, Shape::OpenAi, move |mut task, _| {
        let Path(id) = id.map_err(|_| Problem::invalid("the id is not percent-encoded UTF-8"))?;
        let (mut index, mut from, mut count) = (None, 1, MOST_PASSAGES);
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                "index" => index = Some(value.into_owned()),
                "from" => from = parameter::<NonZeroU32>("from", &value)?.get() as usize,
                "count" => count = parameter::<NonZeroUsize>("count", &value)?.get(),
                _ => return Err(unknown_parameter(&name)),
            }
        }
        if count > MOST_PASSAGES {
            return Err(Problem::invalid(format!("count is from 1 to {MOST_PASSAGES}")).of("count"));
        }
        let part = from - 1..(from - 1).saturating_add(count);
        let Fetched { passages, total } = task.service.index(index.as_deref())?.fetch(&id, part)?;
        task.hold(passages.iter().map(bytes_of).sum())?;
        Ok(Content::json(&FoundDocument { id, total, passages }))
    })
    .await
}

/// About the bytes of a passage in an answer: in memory and in JSON.
fn bytes_of(located: &LocatedPassage) -> usize {
    let context = located.passage.context.as_ref().map_or(0, String::len);
    let metadata =
        located.metadata.as_ref().map_or(0, |fields| Value::Object(fields.clone()).to_string().len());
    BYTES_OF_HIT + 3 * (located.passage.text.len() + context + metadata)
}

fn unknown_parameter(name: &str) -> Problem {
    Problem::invalid(format!("there is no parameter {name:?}"))
}

/// Searches, within the limits of a request.
pub(in crate::server) fn found(task: &mut Task<'_>, parameters: Parameters) -> Result<Found, Problem> {
    let engine = task.service.index(parameters.index.as_deref())?;
    let (explain, rerank) = (parameters.explain, parameters.rerank);
    let wanted = parameters.options()?;
    let mut request = parameters.request(wanted)?;
    check_queries(&request)?;
    let queries = request.queries.len().max(1);
    if queries * wanted.top_k > MOST_HITS_OF_ALL {
        return Err(Problem::too_much(format!("all queries have at most {MOST_HITS_OF_ALL} results")).of("k"));
    }
    if rerank.is_some_and(|top| queries * top.get() > MOST_RERANKED) {
        let message = format!("at most {MOST_RERANKED} results of all queries are reranked");
        return Err(Problem::too_much(message).of("rerank"));
    }
    if let Some(top) = rerank {
        request.options.top_k = wanted.top_k.max(top.get());
        request.options.minimum_score = None;
    }
    task.check_wanted()?;
    let mut answers = engine.search(&request)?;
    task.service.metrics.count_texts(queries, answers.tokens);
    if answers.truncated_queries > 0 {
        return Err(too_long(engine, &request));
    }
    if let Some(top) = rerank {
        rerank_hits(task, &request, (top, wanted), &mut answers)?;
    }
    let notes = answers.remarks(&request);
    let queries = names_of_queries(&request);
    let bytes = |(query, hits): (&Arc<str>, &Vec<Hit>)| -> usize {
        hits.iter().map(|hit| 2 * query.len() + bytes_of(&hit.passage)).sum()
    };
    task.hold(queries.iter().zip(&answers.hits).map(bytes).sum())?;
    let model = public_name(&answers.model).to_owned();
    Ok(Found { model, results: records(&queries, answers.hits, explain), notes })
}

/// The refusal of a query that the model would not read to its end.
fn too_long(engine: &Engine, request: &SearchRequest) -> Problem {
    let lengths = || -> Option<(usize, usize)> {
        let model = engine.model().ok()?;
        let tokenizer = model.token_embedder()?;
        let texts = request.queries.iter().filter_map(|query| match query {
            Query::Text(text) => Some(text),
            Query::Vector(_) => None,
        });
        let mut texts = texts.chain(&request.plus).chain(&request.minus);
        texts.find_map(|text| {
            let read = tokenizer.token_ids(Role::Query, text).ok().filter(|read| read.truncated)?;
            Some((tokenizer.tokens(text).ok()?.len(), read.ids.len()))
        })
    };
    let message = match lengths() {
        Some((all, most)) => format!("a query has {all} tokens, the model takes {most}"),
        None => "a query is longer than the model takes".to_owned(),
    };
    Problem { code: "context_length_exceeded", ..Problem::invalid(message) }.of("query")
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
        let top_k = self.k.unwrap_or_else(|| SearchRequest::queries(Vec::new()).options.top_k);
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
    if conditions.iter().map(String::len).sum::<usize>() > LONGEST_CONDITIONS {
        return Err(Problem::invalid(format!("{field} has at most {LONGEST_CONDITIONS} bytes")).of(field));
    }
    Ok(())
}

/// Refuses queries that have nothing to look for, and more or longer ones than a request may have.
fn check_queries(request: &SearchRequest) -> Result<(), Problem> {
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
    if texts.clone().chain(&request.plus).chain(&request.minus).map(String::len).sum::<usize>()
        > LONGEST_QUERIES
    {
        return refused(format!("all queries have at most {LONGEST_QUERIES} bytes"));
    }
    let reads_marks = request.by != SearchBy::Meaning;
    for text in texts {
        let is_empty = |text: &str| text.chars().all(|char| char.is_whitespace() || char == '"');
        if is_empty(text) {
            return refused("a query is empty".to_owned());
        }
        if reads_marks && is_empty(&WordQuery::parse(text).text) {
            return refused(format!("the query {text:?} only excludes words"));
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

/// The names of the queries in the records of their hits.
fn names_of_queries(request: &SearchRequest) -> Vec<Arc<str>> {
    let sum = || name_of_sum(&request.like, &request.plus, &request.minus).into();
    if request.queries.is_empty() {
        return vec![sum()];
    }
    let name = |query: &Query| match query {
        Query::Text(text) => text.as_str().into(),
        Query::Vector(_) => sum(),
    };
    request.queries.iter().map(name).collect()
}

fn records(queries: &[Arc<str>], hits: Vec<Vec<Hit>>, explain: bool) -> Vec<SearchRecord> {
    let mut records = Vec::new();
    for (number, (query, hits)) in (1..).zip(queries.iter().zip(hits)) {
        for (rank, hit) in (1..).zip(hits) {
            let query = Some(Arc::clone(query));
            let query_line = (queries.len() > 1).then_some(number);
            let record = SearchRecord { query, query_line, rank, hit, explain: None };
            records.push(if explain { record.explained() } else { record });
        }
    }
    records
}

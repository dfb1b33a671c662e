//! The Model Context Protocol: three tools that read, for agents.
//!
//! A schema costs its reader room, so the tools are few and take little. No tool takes a path: they read the indexes that
//! the server was started with. A result begins with its place, so that it can be opened.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
    PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool, ToolAnnotations,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::streamable_http_server::session::never::NeverSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ErrorData, ServerHandler};
use serde::Deserialize;
use serde_json::{Value, json};

use super::problem::Problem;
use super::routes::search::{By, Parameters, found};
use super::routes::site::status;
use super::routes::{OneOrMany, object};
use super::service::{Service, Task};
use crate::engine::{Fetched, LocatedPassage};

/// Bytes of a message; the longest useful one is a query with conditions.
pub(super) const LONGEST_MESSAGE: usize = 64 * 1024;

/// Hits of a search that does not say how many.
const USUAL_HITS: usize = 5;

/// The most hits of a search: more would fill the context of the agent.
const MOST_HITS: usize = 50;

/// Passages of a document that are read at a time, and bytes of their texts after which no other begins.
const MOST_PASSAGES: usize = 100;
const LONGEST_TEXT: usize = 32 * 1024;

/// The protocol over one service.
#[derive(Clone)]
pub(super) struct Tools {
    service: Arc<Service>,
    tools: Arc<[Tool]>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchArguments {
    query: String,
    k: Option<usize>,
    by: Option<By>,
    #[serde(rename = "where")]
    filters: Option<OneOrMany<String>>,
    index: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GetArguments {
    id: String,
    from: Option<NonZeroUsize>,
    index: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NoArguments {}

/// The protocol over HTTP: each message is a request of its own, without a session.
pub(super) fn http_service(service: Arc<Service>) -> StreamableHttpService<Tools, NeverSessionManager> {
    // Keys, hosts and origins are checked for all paths alike (`access.rs`).
    let config = StreamableHttpServerConfig::default()
        .disable_allowed_hosts()
        .disable_allowed_origins()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(LONGEST_MESSAGE);
    let tools = Tools::new(service);
    StreamableHttpService::new(move || Ok(tools.clone()), Arc::default(), config)
}

impl Tools {
    pub(super) fn new(service: Arc<Service>) -> Self {
        let names: Vec<&str> = service.indexes.iter().map(|index| index.name.as_str()).collect();
        let tools = descriptions(&names);
        Self { service, tools: tools.into() }
    }
}

/// The tools over the indexes of these names.
fn descriptions(indexes: &[&str]) -> Vec<Tool> {
    let search = json!({
        "query": {"type": "string", "description": "A question or words; \"quoted\" must occur, -word must not"},
        "k": {"type": "integer", "minimum": 1, "maximum": MOST_HITS, "default": USUAL_HITS},
        "by": {"type": "string", "enum": ["both", "meaning", "words"], "default": "both"},
        "where": {
            "type": "array",
            "items": {"type": "string"},
            "description": "Conditions on metadata, source or id, such as 'year >= 2020' or 'source ~ notes/'",
        },
    });
    let get = json!({
        "id": {"type": "string"},
        "from": {"type": "integer", "minimum": 1, "default": 1, "description": "The first passage of a long document"},
    });
    vec![
        tool(
            "search",
            "Find passages by meaning and words. Results begin with score, source:line and id.",
            with_index(search, indexes),
            &required(&["query"], indexes),
        ),
        tool(
            "get",
            "Read a document, or one passage, by an id from a search.",
            with_index(get, indexes),
            &required(&["id"], indexes),
        ),
        tool(
            "status",
            "Names and sizes of the indexes, and the folders that sources are relative to.",
            json!({}),
            &[],
        ),
    ]
}

/// The arguments with the name of an index, where there are several.
fn with_index(mut arguments: Value, indexes: &[&str]) -> Value {
    if indexes.len() > 1 {
        arguments["index"] = json!({"type": "string", "enum": indexes});
    }
    arguments
}

fn required(arguments: &[&'static str], indexes: &[&str]) -> Vec<&'static str> {
    let index = (indexes.len() > 1).then_some("index");
    arguments.iter().copied().chain(index).collect()
}

fn tool(name: &'static str, description: &'static str, arguments: Value, required: &[&str]) -> Tool {
    let schema = [
        ("type".to_owned(), json!("object")),
        ("properties".to_owned(), arguments),
        ("required".to_owned(), json!(required)),
        ("additionalProperties".to_owned(), json!(false)),
    ];
    let reads = ToolAnnotations::new().read_only(true).idempotent(true).open_world(false);
    Tool::new(name, description, Arc::new(schema.into_iter().collect())).with_annotations(reads)
}

impl ServerHandler for Tools {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("embed", env!("CARGO_PKG_VERSION")))
            .with_instructions("Searches texts that were indexed before. Cite results by source:line.")
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let arguments = Value::Object(request.arguments.unwrap_or_default());
        let outcome = match &*request.name {
            "search" => self.service.call(|mut task| search(&mut task, object(arguments)?)).await,
            "get" => self.service.call(|task| get(&task, &object(arguments)?)).await,
            "status" => {
                self.service
                    .call(|task| {
                        let NoArguments {} = object(arguments)?;
                        describe(&task)
                    })
                    .await
            }
            name => {
                return Err(ErrorData::invalid_params(format!("there is no tool {name:?}"), None));
            }
        };
        // A problem goes to the agent, which may mend its arguments.
        Ok(match outcome {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(problem) => {
                if let Some(detail) = &problem.detail {
                    (self.service.report)(&format!("{}: {detail}", request.name));
                }
                CallToolResult::error(vec![ContentBlock::text(problem.message)])
            }
        }
        .into())
    }
}

fn search(task: &mut Task<'_>, arguments: SearchArguments) -> Result<String, Problem> {
    let SearchArguments { query, k, by, filters, index } = arguments;
    if k.is_some_and(|k| !(1..=MOST_HITS).contains(&k)) {
        return Err(Problem::invalid(format!("k is from 1 to {MOST_HITS}")));
    }
    let mut parameters = Parameters::default();
    parameters.query = Some(OneOrMany::One(query));
    parameters.k = Some(k.unwrap_or(USUAL_HITS));
    parameters.by = by;
    parameters.filters = filters;
    parameters.index = index;
    let found = found(task, parameters)?;
    let mut text = String::new();
    for note in &found.notes {
        writeln!(text, "Note: {note}").expect("a string takes it");
    }
    if found.results.is_empty() {
        text.push_str("Nothing was found.\n");
    }
    for record in &found.results {
        write!(text, "[{:.3}] ", record.hit.score).expect("a string takes it");
        add_passage(&mut text, &record.hit.passage);
    }
    Ok(text)
}

fn get(task: &Task<'_>, arguments: &GetArguments) -> Result<String, Problem> {
    let GetArguments { id, from, index } = arguments;
    let first = from.map_or(0, |from| from.get() - 1);
    let Fetched { passages, total } =
        task.service.index(index.as_deref())?.fetch(id, first..first.saturating_add(MOST_PASSAGES))?;
    let mut text = String::new();
    for (number, passage) in (first + 1..).zip(&passages) {
        if text.len() > LONGEST_TEXT {
            writeln!(text, "There are {total} passages: get it from {number} to read on.")
                .expect("a string takes it");
            return Ok(text);
        }
        add_passage(&mut text, passage);
    }
    let next = first + passages.len() + 1;
    if next <= total {
        writeln!(text, "There are {total} passages: get it from {next} to read on.")
            .expect("a string takes it");
    }
    Ok(text)
}

/// A passage and its place: `notes/a.md:3-9 (id notes/a.md:3)`, then its metadata, which conditions can name, and its text.
fn add_passage(text: &mut String, located: &LocatedPassage) {
    let id = located.id();
    match located.passage.lines {
        Some((first, last)) if first < last => {
            writeln!(text, "{}:{first}-{last} (id {id})", located.source)
        }
        Some((line, _)) => writeln!(text, "{}:{line} (id {id})", located.source),
        None => writeln!(text, "{} (id {id})", located.source),
    }
    .expect("a string takes it");
    if let Some(metadata) = &located.metadata {
        writeln!(text, "{}", Value::Object(metadata.clone())).expect("a string takes it");
    }
    writeln!(text, "{}\n", located.passage.text).expect("a string takes it");
}

fn describe(task: &Task<'_>) -> Result<String, Problem> {
    let mut text = String::new();
    for index in status(task.service)?.indexes {
        writeln!(
            text,
            "{}: {} sources, {} documents, {} passages, model {}; sources are relative to {}",
            index.name, index.sources, index.documents, index.passages, index.model, index.root
        )
        .expect("a string takes it");
    }
    if text.is_empty() {
        text.push_str("There is no index.\n");
    }
    Ok(text)
}

//! `embed serve`: HTTP for programs, agents and a browser.

use std::fs;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use embed::engine::{Device, EncoderPrecision, Engine, Models, Reranker, RerankerRequest};
use embed::http::Secret;
use embed::server::{
    Access, Bound, HostName, LaneHost, Limits, Listen, NamedIndex, Origin, ServerError, ServerSettings, Site,
    stop_signal,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::ModelArguments;
use crate::cli::args::values::{Seconds, at_least_one, some_seconds};
use crate::cli::host::ProgramHost;
use crate::cli::render::printable;
use crate::cli::report::{ExitStatus, note};
use crate::cli::terminal::say;
use crate::cli::usage::UsageError;

/// The heading of the limits in the help.
const LIMITS: &str = "Limits";

/// Answer searches and requests for vectors over HTTP: for programs, agents and a browser
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  embed serve                                  the nearest index, on http://127.0.0.1:8737
  embed serve --index notes/.embed --index papers/.embed
  embed serve --socket embed.sock              curl --unix-socket embed.sock http://localhost/status
  embed serve --listen 0.0.0.0:8737 --api-key-file key.txt
  curl 'http://127.0.0.1:8737/search?q=how+do+I+return&k=3'

Speaks its own JSON (/search, /documents/ID, /status), OpenAI's (/v1/embeddings), that of
text-embeddings-inference (/embed, /rerank, /similarity, /tokenize), Cohere's /v1/rerank, and
the Model Context Protocol (/mcp; on standard input and output: 'embed mcp'). /openapi.json
describes it, / is a page.")]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    pub(super) indexes: ServedIndexes,
    /// Listen on this address; one that other machines reach needs a key
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8737", value_parser = listen_address)]
    listen: SocketAddr,
    /// Listen on a Unix socket at PATH instead
    #[cfg(unix)]
    #[arg(long, value_name = "PATH", conflicts_with = "listen")]
    socket: Option<PathBuf>,
    /// Answer only requests with this key; others on this machine can see it in the list of processes
    #[arg(long, value_name = "KEY", conflicts_with = "api_key_file")]
    api_key: Option<String>,
    /// Answer only requests with the key in the first line of FILE
    #[arg(long, value_name = "FILE")]
    api_key_file: Option<PathBuf>,
    #[arg(
        long,
        value_name = "ORIGIN",
        help = "Let pages of this origin ask, such as https://notes.example; repeatable"
    )]
    cors: Vec<Origin>,
    /// Without a key, answer to this name too, besides localhost; repeatable
    #[arg(long, value_name = "HOST")]
    allow_host: Vec<HostName>,
    /// A cross-encoder for /rerank and for searches with rerank: a folder, or ORG/NAME[@REVISION] on the hub
    #[arg(long, value_name = "MODEL")]
    reranker: Option<String>,
    #[command(flatten)]
    limits: LimitArguments,
    #[command(flatten)]
    model: ModelArguments,
}

/// The indexes that are served.
#[derive(Debug, Args)]
pub(crate) struct ServedIndexes {
    #[arg(
        long = "index",
        value_name = "DIR",
        help = "An index folder, or postgres://USER@HOST/DATABASE?schema=NAME; repeatable [default: EMBED_INDEX, else the nearest .embed here or above, if there is one]"
    )]
    folders: Vec<PathBuf>,
}

#[derive(Debug, Args)]
struct LimitArguments {
    /// The most bytes of a request's body
    #[arg(long, value_name = "BYTES", default_value_t = usual(Limits::default().body), value_parser = limit, help_heading = LIMITS)]
    max_body: NonZeroUsize,
    /// The most texts of a request
    #[arg(long, value_name = "N", default_value_t = usual(Limits::default().inputs), value_parser = limit, help_heading = LIMITS)]
    max_inputs: NonZeroUsize,
    /// The most tokens of a request
    #[arg(long, value_name = "N", default_value_t = usual(Limits::default().tokens), value_parser = limit, help_heading = LIMITS)]
    max_request_tokens: NonZeroUsize,
    /// The most requests that are answered or wait at a time; further ones get status 429
    #[arg(long, value_name = "N", default_value_t = usual(Limits::default().waiting), value_parser = number_at_a_time, help_heading = LIMITS)]
    max_waiting: NonZeroUsize,
    /// The most connections at a time
    #[arg(long, value_name = "N", default_value_t = usual(Limits::default().connections), value_parser = number_at_a_time, help_heading = LIMITS)]
    max_connections: NonZeroUsize,
    /// The longest time for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = Seconds(Limits::default().answer), value_parser = some_seconds, help_heading = LIMITS)]
    timeout: Seconds,
    /// The time that running requests have to end after a signal to stop
    #[arg(long, value_name = "SECONDS", default_value_t = Seconds(Limits::default().grace), value_parser = some_seconds, help_heading = LIMITS)]
    grace: Seconds,
}

/// The highest limit that can be set.
const HIGHEST: usize = 1_000_000_000;

/// The most requests and connections, of which each can take a thread or a descriptor.
const MOST_AT_A_TIME: usize = 100_000;

fn limit(text: &str) -> Result<NonZeroUsize, String> {
    up_to(text, HIGHEST)
}

fn number_at_a_time(text: &str) -> Result<NonZeroUsize, String> {
    up_to(text, MOST_AT_A_TIME)
}

fn up_to(text: &str, most: usize) -> Result<NonZeroUsize, String> {
    match at_least_one(text)? {
        number if number.get() <= most => Ok(number),
        _ => Err(format!("it must be at most {most}")),
    }
}

fn usual(limit: usize) -> NonZeroUsize {
    NonZeroUsize::new(limit).expect("no default is 0")
}

impl LimitArguments {
    fn limits(&self) -> Limits {
        Limits {
            body: self.max_body.get(),
            // A body is kept while its parts are copied: one of the largest must fit.
            memory: Limits::default().memory.max(8 * self.max_body.get()),
            inputs: self.max_inputs.get(),
            tokens: self.max_request_tokens.get(),
            waiting: self.max_waiting.get(),
            connections: self.max_connections.get(),
            answer: self.timeout.0,
            grace: self.grace.0,
            ..Limits::default()
        }
    }
}

pub(crate) fn run(arguments: &ServeArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::with_services(global, &arguments.model.service)?;
    let key = key(arguments)?;
    let settings = ServerSettings {
        access: Access {
            key,
            hosts: arguments.allow_host.clone(),
            origins: arguments.cors.clone(),
            ..Access::default()
        },
        limits: arguments.limits.limits(),
        report: Box::new(|failure| say(printable(failure))),
    };
    // Before models are loaded, which can take long.
    let bound = Bound::new(listen(arguments)?, settings)?;
    let site = site(&arguments.indexes, &arguments.model, arguments.reranker.as_deref(), &host)?;
    let names: Vec<&str> = site.indexes.iter().map(|index| index.name.as_str()).collect();
    let indexes = if names.is_empty() { "no index".to_owned() } else { names.join(", ") };
    let started = |address: &str| say(format!("listening on {address} ({indexes})"));
    bound.serve(site, started, stop_signal);
    note(global, "stopped");
    Ok(ExitStatus::Success)
}

/// An IP address, or `localhost`, and a port.
fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let numeric = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
    let example = "write an IP address and a port, such as 127.0.0.1:8737";
    numeric.as_deref().unwrap_or(text).parse().map_err(|_| example.to_owned())
}

/// A socket of the parent process, as systemd passes it, comes before the address of the flags.
fn listen(arguments: &ServeArguments) -> Result<Listen, ServerError> {
    let mut inherited = listenfd::ListenFd::from_env();
    if inherited.len() == 0 {
        #[cfg(unix)]
        if let Some(path) = &arguments.socket {
            return Ok(Listen::Unix(path.clone()));
        }
        return Ok(Listen::Tcp(arguments.listen));
    }
    match inherited.take_tcp_listener(0) {
        Ok(listener) => Ok(Listen::Inherited(listener.ok_or(ServerError::NotInherited)?)),
        #[cfg(unix)]
        Err(_) => match inherited.take_unix_listener(0) {
            Ok(listener) => Ok(Listen::InheritedUnix(listener.ok_or(ServerError::NotInherited)?)),
            Err(source) => Err(ServerError::Inherited { source }),
        },
        #[cfg(not(unix))]
        Err(source) => Err(ServerError::Inherited { source }),
    }
}

fn key(arguments: &ServeArguments) -> Result<Option<Secret>, UsageError> {
    let key = match (&arguments.api_key, &arguments.api_key_file) {
        (Some(key), _) => key.clone(),
        (None, Some(path)) => {
            let text = fs::read_to_string(path)
                .map_err(|source| UsageError::KeyFile { path: path.clone(), source })?;
            text.lines().next().unwrap_or_default().trim().to_owned()
        }
        (None, None) => return Ok(None),
    };
    if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(UsageError::Key);
    }
    Ok(Some(Secret::new(key)))
}

/// The indexes and models that are served.
pub(super) fn site(
    indexes: &ServedIndexes,
    model: &ModelArguments,
    reranker: Option<&str>,
    host: &Arc<ProgramHost>,
) -> anyhow::Result<Site> {
    let models = Models::new(Arc::new(LaneHost::new(Arc::clone(host) as _)));
    let mut named: Vec<NamedIndex> = Vec::new();
    for folder in folders(indexes, host)? {
        let folder = if host.environment.place(&folder)?.is_some() {
            folder
        } else {
            host.environment.working_directory.join(folder)
        };
        // A server is started from anywhere, by an editor or at boot: names of sources do not depend on it.
        let engine = Engine::sharing(&models, &folder, model.request()).named_from_index();
        // An index that cannot be read stops the server now, not the first request.
        engine.status()?;
        named.push(NamedIndex { name: unused_name(engine.folder().unwrap_or(&folder), &named), engine });
    }
    // By default, vectors are those of the first index, so that they can be compared with it.
    let model = match named.first().map(|index| index.engine.model()) {
        Some(Ok(model)) => model,
        Some(Err(error)) if model.request().name.is_some() => return Err(error.into()),
        _ => models.load(&model.request())?,
    };
    let reranker = reranker.map(|name| load_reranker(name, &models)).transpose()?;
    Ok(Site { indexes: named, model, reranker })
}

fn load_reranker(name: &str, models: &Models) -> anyhow::Result<Reranker> {
    let (precision, device) = (EncoderPrecision::default(), Device::default());
    Ok(models.reranker(&RerankerRequest { name: name.to_owned(), precision, device })?)
}

/// The named index folders, else the nearest one, if there is any.
fn folders(indexes: &ServedIndexes, host: &ProgramHost) -> Result<Vec<PathBuf>, UsageError> {
    let named =
        |folder: &PathBuf| host.environment.index_to_search(&IndexLocation { folder: Some(folder.clone()) });
    if !indexes.folders.is_empty() {
        return indexes.folders.iter().map(named).collect();
    }
    match host.environment.index_to_search(&IndexLocation { folder: None }) {
        Ok(folder) => Ok(vec![folder]),
        Err(UsageError::NoIndex { .. }) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

/// The name of the folder that is indexed, or of the schema that holds the index, with a number if it is taken.
fn unused_name(folder: &Path, named: &[NamedIndex]) -> String {
    let path = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let is_usual = path.file_name().is_some_and(|name| name == embed::engine::FOLDER_NAME);
    let path = if is_usual { path.parent().unwrap_or(&path) } else { &path };
    let schema = path.to_str().and_then(|address| Some(address.rsplit_once("?schema=")?.1.to_owned()));
    let last = || path.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = schema.or_else(last).unwrap_or_else(|| "index".to_owned());
    let is_free = |name: &str| named.iter().all(|index| index.name != name);
    let numbered = (2..).map(|number| format!("{name}-{number}"));
    std::iter::once(name.clone()).chain(numbered).find(|name| is_free(name)).expect("some number is free")
}

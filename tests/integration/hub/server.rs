//! A hub on the loopback interface: it serves the tiny model like the real hub, and misbehaves on demand.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use sha2::Digest;

use crate::support::tiny_model;

/// The token that opens private and gated models.
pub(super) const TOKEN: &str = "hf_right";

/// The initial commit of `main`.
pub(super) const COMMIT: &str = "1111111111111111111111111111111111111111";

/// The only file served by the content host.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// The time-out of a connection.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Two servers: the hub, and the content host that it redirects to for large files.
pub(super) struct HubServer {
    pub(super) hub: String,
    pub(super) content_host: String,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    requests: Mutex<Vec<Request>>,
    state: Mutex<State>,
    is_over: AtomicBool,
    content_host: String,
}

/// The behaviour of the servers. Tests change it between runs.
#[derive(Debug, Clone)]
pub(super) struct State {
    /// The commit of `main`.
    pub(super) main: String,
    /// The files of every model.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// Interrupts transfers of a file.
    pub(super) cut: Option<Cut>,
    /// Sends the weights with one bit flipped.
    pub(super) flips_a_bit: bool,
    /// Sends complete files only.
    pub(super) ignores_ranges: bool,
    /// The server that accepts requests and never answers.
    pub(super) silent: Option<Server>,
    /// The length that the servers state of the weights.
    pub(super) stated: Stated,
    /// The entity tag of every file.
    pub(super) tag: Option<String>,
    /// The status of every answer of the hub.
    pub(super) status: Option<u16>,
}

/// A stated length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stated {
    /// The length of the file.
    Truth,
    /// Neither the hub nor the content host states one.
    Nothing,
    /// The hub states this one.
    Bytes(u64),
}

/// Interrupted transfers.
#[derive(Debug, Clone)]
pub(super) struct Cut {
    pub(super) file: &'static str,
    /// Bytes that are sent.
    pub(super) at: usize,
    /// Transfers that are interrupted.
    pub(super) times: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    Hub,
    ContentHost,
}

#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) server: Server,
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
}

impl HubServer {
    pub(super) fn start() -> Self {
        let bind = || TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let (hub, content_host) = (bind(), bind());
        let address = |listener: &TcpListener| listener.local_addr().expect("it listens").to_string();
        let (hub_address, content_address) = (address(&hub), address(&content_host));
        let shared = Arc::new(Shared {
            requests: Mutex::default(),
            state: Mutex::new(State::new()),
            is_over: AtomicBool::new(false),
            content_host: content_address.clone(),
        });
        let threads = [(Server::Hub, hub), (Server::ContentHost, content_host)]
            .map(|(server, listener)| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || shared.serve(server, &listener))
            })
            .into();
        Self { hub: hub_address, content_host: content_address, shared, threads }
    }

    pub(super) fn endpoint(&self) -> String {
        format!("http://{}", self.hub)
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().expect("no test panics with it")
    }

    /// The requests since the last call.
    pub(super) fn take_requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.shared.requests.lock().expect("no thread panics with it"))
    }
}

impl Drop for HubServer {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        for address in [&self.hub, &self.content_host] {
            // Wakes the thread, which waits for a connection.
            drop(TcpStream::connect(address));
        }
        for thread in self.threads.drain(..) {
            assert!(thread.join().is_ok() || thread::panicking(), "a server panicked");
        }
    }
}

impl State {
    fn new() -> Self {
        Self {
            main: COMMIT.to_owned(),
            files: files_of(&tiny_model()),
            cut: None,
            flips_a_bit: false,
            ignores_ranges: false,
            silent: None,
            stated: Stated::Truth,
            tag: None,
            status: None,
        }
    }

    /// The byte at which the next transfer of `file` is interrupted; `usize::MAX` for none.
    fn end_of(&mut self, file: &str) -> usize {
        match &mut self.cut {
            Some(cut) if cut.file == file && cut.times > 0 => {
                cut.times -= 1;
                cut.at
            }
            _ => usize::MAX,
        }
    }
}

/// The files of the model in `folder`.
pub(super) fn files_of(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = [
        "config.json",
        "tokenizer.json",
        WEIGHTS,
        "sentence_bert_config.json",
        "1_Pooling/config.json",
        "modules.json",
        "tokenizer_config.json",
        "config_sentence_transformers.json",
    ];
    let read = |name: &str| Some((name.to_owned(), fs::read(folder.join(name)).ok()?));
    names.into_iter().filter_map(read).collect()
}

/// An answer to a request.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Bytes of the body that are sent before the connection closes.
    sent: usize,
    /// Whether the answer has its length in its head.
    states_length: bool,
}

impl Answer {
    fn new(status: u16, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Self {
        Self { status, headers, sent: body.len(), body, states_length: true }
    }

    fn refusal(status: u16, code: &str) -> Self {
        Self::new(status, vec![("X-Error-Code", code.to_owned())], b"no".to_vec())
    }
}

impl Shared {
    fn serve(&self, server: Server, listener: &TcpListener) {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let Ok(mut stream) = stream else { continue };
            stream.set_read_timeout(Some(TIMEOUT)).expect("it is not zero");
            stream.set_write_timeout(Some(TIMEOUT)).expect("it is not zero");
            let Some(request) = read_request(server, &stream) else { continue };
            self.requests.lock().expect("no thread panics with it").push(request.clone());
            let mut state = self.state.lock().expect("no test panics with it");
            if state.silent == Some(server) {
                held.push(stream);
                continue;
            }
            let answer = match server {
                Server::Hub => self.answer_of_hub(&mut state, &request),
                Server::ContentHost => answer_of_content_host(&mut state, &request),
            };
            drop(state);
            send(&mut stream, &answer);
        }
    }

    /// `/api/models/ORG/NAME/revision/REVISION` or `/ORG/NAME/resolve/COMMIT/FILE`.
    fn answer_of_hub(&self, state: &mut State, request: &Request) -> Answer {
        if let Some(status) = state.status {
            return Answer::new(status, Vec::new(), b"no".to_vec());
        }
        let path = request.path.trim_start_matches("/api/models").trim_start_matches('/');
        let (name, rest) = path.match_indices('/').nth(1).map_or((path, ""), |(at, _)| path.split_at(at));
        let has_token = request.headers.get("authorization").map(String::as_str) == Some("Bearer hf_right");
        match name {
            "acme/tiny" | "acme/gated" => {}
            "acme/private" if has_token => {}
            // The hub does not reveal whether the model exists.
            _ if request.headers.contains_key("authorization") => {
                return Answer::refusal(404, "RepoNotFound");
            }
            _ => return Answer::refusal(401, "RepoNotFound"),
        }
        if let Some(revision) = rest.strip_prefix("/revision/") {
            return describe(state, revision);
        }
        if name == "acme/gated" && !has_token {
            return Answer::refusal(403, "GatedRepo");
        }
        let file = rest.strip_prefix("/resolve/").and_then(|rest| rest.split_once('/'));
        let Some((commit, file)) = file else { return Answer::refusal(404, "RepoNotFound") };
        let Some(bytes) = state.files.get(file).cloned() else {
            return Answer::refusal(404, "EntryNotFound");
        };
        let mut headers = vec![("X-Repo-Commit", commit.to_owned())];
        if file == WEIGHTS {
            let tag = state.tag.clone().unwrap_or_else(|| hex(&sha2::Sha256::digest(&bytes)));
            headers.push(("X-Linked-Etag", format!("\"{tag}\"")));
            match state.stated {
                Stated::Truth => headers.push(("X-Linked-Size", bytes.len().to_string())),
                Stated::Nothing => {}
                Stated::Bytes(bytes) => headers.push(("X-Linked-Size", bytes.to_string())),
            }
            headers.push(("Location", format!("http://{}/content/{file}", self.content_host)));
            return Answer::new(302, headers, Vec::new());
        }
        let object = [format!("blob {}\0", bytes.len()).as_bytes(), &bytes].concat();
        let tag = state.tag.clone().unwrap_or_else(|| hex(&sha1::Sha1::digest(object)));
        headers.push(("ETag", format!("\"{tag}\"")));
        part(state, request, file, bytes, headers)
    }
}

fn describe(state: &State, revision: &str) -> Answer {
    let commit = match revision {
        "main" | "refs%2Fpr%2F1" => state.main.clone(),
        revision if revision.len() == 40 => revision.to_owned(),
        _ => return Answer::refusal(404, "RevisionNotFound"),
    };
    let siblings: Vec<_> = state.files.keys().map(|name| serde_json::json!({ "rfilename": name })).collect();
    let body = serde_json::json!({ "sha": commit, "siblings": siblings, "private": false });
    Answer::new(200, Vec::new(), body.to_string().into_bytes())
}

fn answer_of_content_host(state: &mut State, request: &Request) -> Answer {
    let file = request.path.trim_start_matches("/content/");
    let Some(mut bytes) = state.files.get(file).cloned() else { return Answer::refusal(404, "none") };
    if state.flips_a_bit {
        *bytes.last_mut().expect("weights are not empty") ^= 1;
    }
    let answer = part(state, request, file, bytes, Vec::new());
    Answer { states_length: state.stated != Stated::Nothing, ..answer }
}

/// The requested range of a file.
fn part(
    state: &mut State,
    request: &Request,
    file: &str,
    bytes: Vec<u8>,
    mut headers: Vec<(&'static str, String)>,
) -> Answer {
    let range = request.headers.get("range").filter(|_| !state.ignores_ranges);
    let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let end = state.end_of(file);
    let Some(from) = from else {
        let sent = end.min(bytes.len());
        return Answer { status: 200, headers, body: bytes, sent, states_length: true };
    };
    if from >= bytes.len() {
        return Answer::new(416, headers, Vec::new());
    }
    headers.push(("Content-Range", format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len())));
    let sent = end.min(bytes.len()).saturating_sub(from);
    Answer { status: 206, headers, body: bytes[from..].to_vec(), sent, states_length: true }
}

fn read_request(server: Server, stream: &TcpStream) -> Option<Request> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next()?.ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = BTreeMap::new();
    for line in lines {
        let line = line.ok()?;
        let Some((name, value)) = line.split_once(": ") else { break };
        headers.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    Some(Request { server, path, headers })
}

/// Sends an answer. A client may disconnect early.
fn send(stream: &mut TcpStream, answer: &Answer) {
    let mut head = format!("HTTP/1.1 {} X\r\nConnection: close\r\n", answer.status);
    let length = ("Content-Length", answer.body.len().to_string());
    for (name, value) in answer.headers.iter().chain(answer.states_length.then_some(&length)) {
        head.extend([name, ": ", value, "\r\n"]);
    }
    let _ = write!(stream, "{head}\r\n").and_then(|()| stream.write_all(&answer.body[..answer.sent]));
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).expect("it is below 16");
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

//! Models of services, against a server on the loopback interface. `tests/providers.py` has every limit and failure.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Outcome, Sandbox};

const KEY: &str = "sk-0123456789abcdef";

/// What the server does with the next requests, one entry for each; afterwards it answers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Incident {
    None,
    /// An error with this status, which repeats the key.
    Status(u16),
    /// The vectors come in reverse order.
    Reversed,
}

/// A server of embeddings: the components of a vector say which of a few words a text has.
struct Server {
    address: String,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    incidents: Mutex<Vec<Incident>>,
    /// The bodies and the `authorization` headers of requests.
    requests: Mutex<Vec<(Value, Option<String>)>>,
    answers_as: Mutex<Option<String>>,
    is_over: AtomicBool,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it listens").to_string();
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.is_over.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&serving);
                // The thread ends when the client closes the connection.
                thread::spawn(move || stream.map(|stream| shared.serve(stream)));
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    fn model(&self) -> String {
        format!("http://{}/v1#words", self.address)
    }

    fn meet(&self, incidents: &[Incident]) {
        *self.shared.incidents.lock().expect("no thread panics with it") = incidents.to_vec();
    }

    fn take_requests(&self) -> Vec<(Value, Option<String>)> {
        std::mem::take(&mut *self.shared.requests.lock().expect("no thread panics with it"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        // Wakes the thread, which waits for a connection.
        let _ = TcpStream::connect(&self.address);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it is not zero");
        let mut reader = BufReader::new(stream.try_clone().expect("the stream is open"));
        while let Some((body, key)) = read_request(&mut reader) {
            self.requests.lock().expect("no thread panics with it").push((body.clone(), key.clone()));
            let mut incidents = self.incidents.lock().expect("no thread panics with it");
            let incident = if incidents.is_empty() { Incident::None } else { incidents.remove(0) };
            drop(incidents);
            let (status, answer) = match incident {
                Incident::Status(status) => {
                    (status, json!({ "error": { "message": format!("not with {key:?}") } }))
                }
                Incident::None | Incident::Reversed => (200, self.answer(&body, incident)),
            };
            let answer = answer.to_string();
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {}\r\n\r\n", answer.len());
            if stream.write_all(format!("{head}{answer}").as_bytes()).is_err() {
                return;
            }
        }
    }

    fn answer(&self, body: &Value, incident: Incident) -> Value {
        let texts = body["input"].as_array().expect("the input is an array");
        let row = |(index, text): (usize, &Value)| json!({ "index": index, "embedding": vector(text.as_str().expect("a text is a string")) });
        let mut data: Vec<Value> = texts.iter().enumerate().map(row).collect();
        if incident == Incident::Reversed {
            data.reverse();
        }
        let answers_as = self.answers_as.lock().expect("no thread panics with it");
        let model =
            answers_as.clone().unwrap_or_else(|| body["model"].as_str().unwrap_or_default().to_owned());
        json!({ "data": data, "model": model, "usage": { "total_tokens": 2 * texts.len() } })
    }
}

fn vector(text: &str) -> [f32; 5] {
    let has = |word: &str| f32::from(u8::from(text.contains(word)));
    [has("return"), has("ship"), has("cat"), has("dog"), 0.1]
}

/// The body of a request, and its `authorization`; `None` at the end of the connection.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(Value, Option<String>)> {
    let (mut length, mut key) = (0, None);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        match line.to_ascii_lowercase().split_once(": ") {
            Some(("content-length", value)) => length = value.parse().ok()?,
            Some(("authorization", _)) => key = line.split_once(": ").map(|(_, value)| value.to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((serde_json::from_slice(&body).ok()?, key))
}

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("docs.txt", "the return policy\nshipping takes a week\na cat sleeps\n");
    sandbox
}

fn run(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    Outcome::of(sandbox.command(arguments).env("EMBED_API_KEY", KEY))
}

#[test]
fn an_index_of_a_service_is_searched_through_it() {
    let (server, sandbox) = (Server::start(), sandbox());
    server.meet(&[Incident::None, Incident::Reversed]);
    let indexed = run(&sandbox, &["index", "docs.txt", "--model", &server.model()]);
    assert_eq!(indexed.code, 0, "{indexed:?}");
    assert!(indexed.stderr.contains("used 8 tokens for 4 texts in 2 requests"), "{indexed:?}");
    let requests = server.take_requests();
    assert_eq!(requests.len(), 2, "one word to learn the dimension, and the documents");
    assert!(requests.iter().all(|(_, key)| key.as_deref() == Some(&format!("Bearer {KEY}"))));
    assert_eq!(requests[1].0["encoding_format"], "base64");
    let found = run(&sandbox, &["search", "my cat", "--by", "meaning", "-k", "1"]);
    assert_eq!((found.code, found.stdout.as_str()), (0, "1.000 | docs.txt:3 | a cat sleeps\n"), "{found:?}");
    assert_eq!(server.take_requests().len(), 1, "the index knows the dimension");
    let by_words = run(&sandbox, &["search", "week", "--by", "words", "-k", "1"]);
    assert!(by_words.stdout.contains("docs.txt:2"), "{by_words:?}");
    assert_eq!(server.take_requests().len(), 0, "words need no vectors");
}

#[test]
fn a_failure_that_passes_is_tried_again_and_a_refusal_is_not() {
    let (server, sandbox) = (Server::start(), sandbox());
    server.meet(&[Incident::None, Incident::Status(503)]);
    let indexed = run(&sandbox, &["index", "docs.txt", "--model", &server.model()]);
    assert_eq!((indexed.code, server.take_requests().len()), (0, 3), "{indexed:?}");
    server.meet(&[Incident::Status(400)]);
    let refused = run(&sandbox, &["search", "cat", "--model", &server.model()]);
    assert_eq!((refused.code, server.take_requests().len()), (2, 1), "{refused:?}");
    refused.assert_error(&format!(
        "{} refuses the request with status 400: not with Some(\"Bearer …\")",
        server.address
    ));
}

#[test]
fn a_key_is_neither_in_the_index_nor_in_messages() {
    let (server, sandbox) = (Server::start(), sandbox());
    let mut outcomes = vec![run(&sandbox, &["index", "docs.txt", "--model", &server.model()])];
    for status in [400, 401, 403, 404] {
        server.meet(&[Incident::Status(status)]);
        outcomes.push(run(&sandbox, &["search", "cat", "--json"]));
    }
    outcomes.push(run(&sandbox, &["info", "--json"]));
    for outcome in &outcomes {
        assert!(!outcome.stdout.contains(KEY) && !outcome.stderr.contains(KEY), "{outcome:?}");
    }
    for file in fs::read_dir(sandbox.path().join(".embed")).expect("there is an index") {
        let bytes = fs::read(file.expect("the folder is readable").path()).expect("the file is readable");
        assert!(!bytes.windows(KEY.len()).any(|window| window == KEY.as_bytes()));
    }
}

#[test]
fn an_index_alone_does_not_lead_the_key_to_its_server() {
    let (server, sandbox) = (Server::start(), sandbox());
    let model = server.model();
    assert_eq!(run(&sandbox, &["index", "docs.txt", "--model", &model]).code, 0);
    server.take_requests();
    let key = |environment: &[(&str, &str)], arguments: &[&str]| {
        let mut command = sandbox.command(arguments);
        let outcome = Outcome::of(command.env("EMBED_API_KEY", KEY).envs(environment.iter().copied()));
        assert_eq!(outcome.code, 0, "{outcome:?}");
        server.take_requests().pop().expect("the query is sent").1
    };
    let bearer = Some(format!("Bearer {KEY}"));
    assert_eq!(key(&[], &["search", "cat"]), None, "only the index names the server");
    assert_eq!(key(&[], &["search", "cat", "--model", &model]), bearer);
    let url = format!("http://{}/other", server.address);
    assert_eq!(key(&[("EMBED_API_URL", url.as_str())], &["search", "cat"]), bearer);
    assert_eq!(key(&[("EMBED_API_URL", "http://127.0.0.1:1")], &["search", "cat"]), None);
    let vectors =
        run(&sandbox, &["encode", "a cat", "--model", &model, "--output-format", "npy", "-o", "v.npy"]);
    assert_eq!(vectors.code, 0, "{vectors:?}");
    let far = ["import", "v.npy", "--model-name", "http://192.0.2.1/v1#words", "--index", "far"];
    assert_eq!(run(&sandbox, &far).code, 0);
    let refused = run(&sandbox, &["search", "cat", "--index", "far"]);
    refused.assert_error(
        "the index says that its model is at 192.0.2.1, which gets no request unless you name it",
    );
}

#[test]
fn another_model_behind_the_same_name_is_refused() {
    let (server, sandbox) = (Server::start(), sandbox());
    assert_eq!(run(&sandbox, &["index", "docs.txt", "--model", &server.model()]).code, 0);
    *server.shared.answers_as.lock().expect("no thread panics with it") = Some("words-2".to_owned());
    let moved = run(&sandbox, &["search", "cat"]);
    let message = format!(
        "words at {}: the service answers as \"words-2\", but the vectors of the index are of \"words\"",
        server.address
    );
    moved.assert_error(&message);
    let rebuilt = run(&sandbox, &["index", "--rebuild", "--model", &server.model()]);
    assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
    assert_eq!(run(&sandbox, &["search", "cat"]).code, 0);
    let local = run(&sandbox, &["search", "cat", "--model", "BAAI/bge-small-en-v1.5"]);
    assert!(local.stderr.contains("#words (5 dimensions of 127.0.0.1, answered by words-2)"), "{local:?}");
}

#[test]
fn small_files_are_sent_together_and_known_texts_not_at_all() {
    let (server, sandbox) = (Server::start(), sandbox());
    fs::create_dir(sandbox.path().join("tree")).expect("the sandbox is writable");
    for number in 0..40 {
        sandbox.write(&format!("tree/{number}.txt"), format!("cat number {number}"));
    }
    let indexed = run(&sandbox, &["index", "tree", "--model", &server.model()]);
    assert!(
        indexed.stderr.contains("40 added") && indexed.stderr.contains("embedded 40 texts"),
        "{indexed:?}"
    );
    assert_eq!(server.take_requests().len(), 2, "one word, and all files");
    sandbox.write("tree/7.txt", "cat number 7");
    sandbox.write("tree/8.txt", "dog number 8");
    let changed = run(&sandbox, &["index", "tree"]);
    assert!(changed.stderr.contains("0 added, 1 changed, 0 removed, 39 unchanged"), "{changed:?}");
    assert_eq!(server.take_requests().len(), 1, "the changed file");
    let rebuilt = run(&sandbox, &["index", "--rebuild"]);
    assert!(rebuilt.stderr.contains("embedded 40 texts"), "{rebuilt:?}");
    assert_eq!(server.take_requests().len(), 2, "one word, and all texts of the index");
}

#[test]
fn a_run_above_the_limit_of_cost_sends_no_documents() {
    let (server, sandbox) = (Server::start(), sandbox());
    let model = server.model();
    let index = ["index", "docs.txt", "--model", &model, "--price", "1000"];
    let plan = run(&sandbox, &[&index[..], &["--dry-run"]].concat());
    assert!(plan.stderr.contains("3 texts, about 15 tokens, $0.015000 at $1000 a million"), "{plan:?}");
    server.take_requests();
    let refused = run(&sandbox, &[&index[..], &["--max-cost", "0.01"]].concat());
    assert!(refused.stderr.contains("above the limit of $0.010000"), "{refused:?}");
    assert_eq!((refused.code, server.take_requests().len()), (2, 1), "only one word is sent");
    assert!(!sandbox.path().join(".embed").exists());
    let without_price = run(&sandbox, &["index", "docs.txt", "--model", &model, "--max-cost", "1"]);
    without_price.assert_error(&format!("the price of {model} is not known, so its cost cannot be limited"));
}

#[test]
fn settings_of_local_models_and_wrong_names_are_refused() {
    let sandbox = sandbox();
    for (flags, message) in [
        (&["--model", "openai:text-embedding-3-small"][..], "OPENAI_API_KEY is not set"),
        (&["--model", "http://user:secret@host#m"], "a user or a password is in the URL"),
        (&["--model", "openai:m", "--pooling", "cls"], "pooling cannot be set for openai:m"),
    ] {
        let refused = run(&sandbox, &[&["index", "docs.txt"][..], flags].concat());
        assert!(refused.stderr.contains(message) && !refused.stderr.contains("secret"), "{refused:?}");
    }
}

//! `embed serve` and `embed mcp`, as their clients see them. Everything stays on the loopback interface.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ureq::Agent;

use super::support::{Sandbox, tiny_model};

/// A server of the tiny model, which ends with the test.
struct Server<'a> {
    /// Its folder.
    _sandbox: &'a Sandbox,
    child: Child,
    address: String,
    agent: Agent,
}

impl<'a> Server<'a> {
    fn start(sandbox: &'a Sandbox, arguments: &[&str]) -> Self {
        let mut child = Command::new(assert_cmd::cargo::cargo_bin("embed"))
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(arguments)
            .current_dir(sandbox.path())
            .env_clear()
            .env("HOME", sandbox.path())
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stderr = child.stderr.take().expect("it is piped");
        BufReader::new(stderr).read_line(&mut line).expect("the server says where it listens");
        let address =
            line.split(' ').find(|word| word.starts_with("http://")).unwrap_or_else(|| panic!("{line}"));
        let settings = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(60)))
            .build();
        Self { _sandbox: sandbox, address: address.to_owned(), agent: settings.into(), child }
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.get_with(path, &[])
    }

    fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> (u16, Value) {
        let mut request = self.agent.get(format!("{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = request.call().expect("the server answers");
        (response.status().as_u16(), json_of(&response.body_mut().read_to_string().expect("it is text")))
    }

    fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        let request = self.agent.post(format!("{}{path}", self.address));
        let mut response = request.send(body.to_string()).expect("the server answers");
        (response.status().as_u16(), json_of(&response.body_mut().read_to_string().expect("it is text")))
    }

    /// The exit code after SIGTERM, which must come soon.
    fn stop(&mut self) -> Option<i32> {
        let kill = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(kill.expect("kill is installed").success());
        let begin = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is a child") {
                return status.code();
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "the server goes on");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn json_of(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { serde_json::from_str(text).unwrap_or_else(|_| json!(text)) }
}

/// A folder with an index of the policies by the tiny model.
fn indexed() -> Sandbox {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    sandbox
}

fn message(answer: &Value) -> &str {
    answer["error"]["message"].as_str().or(answer["error"].as_str()).unwrap_or_else(|| panic!("{answer}"))
}

#[test]
fn a_search_over_http_is_that_of_the_program() {
    let sandbox = indexed();
    let server = Server::start(&sandbox, &[]);
    for flags in [&["-k", "2"][..], &["-k", "1", "--by", "words"], &["--by", "meaning", "--explain"]] {
        let outcome = sandbox.run(&[&["search", "free shipping", "--json"], flags].concat());
        let expected: Value = serde_json::from_str(&outcome.stdout).expect("it is JSON");
        let value = |flag: &str| flags.iter().position(|typed| *typed == flag).map(|place| flags[place + 1]);
        let explain = flags.contains(&"--explain");
        let query = format!(
            "/search?q=free+shipping&k={}&by={}&explain={explain}",
            value("-k").unwrap_or("3"),
            value("--by").unwrap_or("both")
        );
        let (status, found) = server.get(&query);
        assert_eq!((status, &found["results"]), (200, &expected["results"]), "{query}");
        let body = json!({
            "query": "free shipping",
            "k": value("-k").map_or(3, |k| k.parse().expect("a number")),
            "by": value("--by").unwrap_or("both"),
            "explain": explain,
        });
        assert_eq!(server.post("/search", &body), (200, found));
    }
    let (_, like) = server.get("/search?like=docs.txt:1&k=1");
    assert_eq!(like["results"][0]["query"], "docs.txt:1");
    assert_ne!(like["results"][0]["id"], "docs.txt:1");
}

#[test]
fn a_search_that_cannot_be_answered_says_why() {
    let sandbox = indexed();
    let server = Server::start(&sandbox, &[]);
    for (path, status, words) in [
        ("/search", 400, "there is no query"),
        ("/search?q=%20", 400, "a query is empty"),
        ("/search?q=-word", 400, "only excludes"),
        ("/search?q=a&k=0", 400, "k is from 1 to 1000"),
        ("/search?q=a&k=many", 400, "k cannot be \"many\""),
        ("/search?q=a&by=magic", 400, "unknown variant `magic`"),
        ("/search?q=a&wher=x", 400, "there is no parameter \"wher\""),
        ("/search?q=a&where=year+%3E", 400, "year >"),
        ("/search?q=a&index=other", 404, "no index is called \"other\""),
        ("/search?like=nothing", 404, "nothing has the id \"nothing\""),
        ("/documents/nothing", 404, "nothing has the id \"nothing\""),
        ("/nowhere", 404, "there is nothing at /nowhere"),
        ("/v1/models/gpt", 404, "the model \"gpt\" is not served here"),
    ] {
        let (found, answer) = server.get(path);
        assert_eq!(found, status, "{path}: {answer}");
        assert!(message(&answer).contains(words), "{path}: {answer}");
    }
    let (status, answer) = server.post("/search", &json!({"query": "a", "limit": 3}));
    assert_eq!(status, 400);
    assert!(message(&answer).contains("unknown field `limit`"), "{answer}");
    assert_eq!(server.get("/v1/embeddings").0, 405);
}

#[test]
fn what_another_process_indexes_is_found_by_the_next_request() {
    let sandbox = indexed();
    let server = Server::start(&sandbox, &[]);
    assert_eq!(server.get("/search?q=zebra&by=words").1["results"], json!([]));
    sandbox.write("zoo.txt", "A zebra has stripes.\n");
    assert_eq!(sandbox.run(&["index", "zoo.txt"]).code, 0);
    assert_eq!(server.get("/search?q=zebra&by=words").1["results"][0]["id"], "zoo.txt:1");
    let (_, document) = server.get("/documents/zoo.txt%3A1");
    assert_eq!(document["passages"][0]["text"], "A zebra has stripes.");
    assert_eq!(server.get("/status").1["indexes"][0]["documents"], 6);
}

#[test]
fn vectors_over_http_are_those_of_the_program() {
    let sandbox = indexed();
    sandbox.write("texts.txt", "free returns\na cat\n");
    let encoded = sandbox.run_tiny(&["encode", "--input", "texts.txt"]).records();
    let expected: Vec<&Value> = encoded.iter().map(|record| &record["embedding"]).collect();
    let server = Server::start(&sandbox, &[]);
    let texts = ["free returns", "a cat"];
    let (status, answer) = server.post("/v1/embeddings", &json!({"input": texts, "model": "tiny-bert"}));
    assert_eq!(status, 200, "{answer}");
    let vectors: Vec<&Value> =
        answer["data"].as_array().expect("a list").iter().map(|item| &item["embedding"]).collect();
    assert_eq!(vectors, expected);
    assert_eq!(server.post("/embed", &json!({"inputs": texts})).1, json!(expected));
    let ids: Vec<Value> = {
        let (_, tokens) = server.post("/tokenize", &json!({"inputs": texts, "add_special_tokens": false}));
        let list = |tokens: &Value| {
            json!(
                tokens
                    .as_array()
                    .expect("a list")
                    .iter()
                    .map(|token| token["id"].clone())
                    .collect::<Vec<_>>()
            )
        };
        tokens.as_array().expect("a list of lists").iter().map(list).collect()
    };
    let (_, of_ids) = server.post("/v1/embeddings", &json!({"input": ids}));
    assert_eq!((&of_ids["data"], &of_ids["usage"]), (&answer["data"], &answer["usage"]));
    let (_, base64) = server.post("/v1/embeddings", &json!({"input": "a cat", "encoding_format": "base64"}));
    let text = base64["data"][0]["embedding"].as_str().expect("a text");
    assert_eq!(text.len(), (32 * 4_usize).div_ceil(3) * 4);
}

#[test]
fn a_text_is_never_cut_unless_the_request_says_so() {
    let sandbox = indexed();
    let server = Server::start(&sandbox, &[]);
    let long = "cat ".repeat(100);
    let (status, answer) = server.post("/v1/embeddings", &json!({"input": ["a", long]}));
    assert_eq!((status, &answer["error"]["code"]), (400, &json!("context_length_exceeded")));
    assert_eq!(message(&answer), "input 1 has 102 tokens, the model takes 48");
    let (status, answer) = server.post("/embed", &json!({"inputs": long}));
    assert_eq!((status, &answer["error_type"]), (422, &json!("Validation")), "{answer}");
    assert_eq!(server.post("/embed", &json!({"inputs": long, "truncate": true})).0, 200);
    let (status, answer) = server.post("/search", &json!({"query": long}));
    assert_eq!((status, message(&answer)), (400, "a query has 102 tokens, the model takes 48"));
    let (status, answer) = server.post("/v1/embeddings", &json!({"input": [[9_999_999]]}));
    assert_eq!(status, 400);
    assert!(message(&answer).contains("token id 9999999 is not in the vocabulary of tiny-bert"), "{answer}");
}

#[test]
fn only_those_who_may_ask_are_answered() {
    let sandbox = indexed();
    let server = Server::start(&sandbox, &["--cors", "https://notes.example"]);
    assert_eq!(server.get_with("/status", &[("host", "evil.example")]).0, 403);
    assert_eq!(server.get_with("/status", &[("origin", "https://evil.example")]).0, 403);
    assert_eq!(server.get_with("/status", &[("origin", "https://notes.example")]).0, 200);
    sandbox.write("key.txt", "secret-1\n");
    let server = Server::start(&sandbox, &["--api-key-file", "key.txt"]);
    let (status, answer) = server.get("/status");
    assert_eq!((status, &answer["error"]["type"]), (401, &json!("authentication_error")));
    assert_eq!(server.get_with("/status", &[("authorization", "Bearer secret-1")]).0, 200);
    assert_eq!(server.get("/health").0, 200);
}

#[test]
fn an_address_of_other_machines_needs_a_key() {
    let sandbox = indexed();
    let refused = sandbox.run(&["serve", "--listen", "0.0.0.0:0"]);
    refused.assert_error("0.0.0.0:0 is reached by other machines, and there is no key");
    assert!(refused.stderr.contains("--api-key-file"), "{refused:?}");
    sandbox.write("empty.txt", "\n");
    let refused = sandbox.run(&["serve", "--api-key-file", "empty.txt"]);
    refused.assert_error("the key of the server is empty or has characters that a header cannot carry");
}

#[test]
fn more_than_a_request_may_have_is_refused() {
    let sandbox = indexed();
    let server =
        Server::start(&sandbox, &["--max-body", "2000", "--max-inputs", "3", "--max-request-tokens", "9"]);
    let (status, answer) = server.post("/v1/embeddings", &json!({"input": vec!["a"; 4]}));
    assert_eq!((status, message(&answer)), (413, "a request has at most 3 inputs, this one has 4"));
    let (status, answer) = server.post("/v1/embeddings", &json!({"input": ["a cat on a mat", "a dog"]}));
    assert_eq!((status, message(&answer)), (413, "a request has at most 9 tokens"));
    let (status, answer) = server.post("/v1/embeddings", &json!({"input": "a".repeat(2000)}));
    assert_eq!((status, message(&answer)), (413, "the body has more than 2000 bytes"));
}

#[test]
fn a_signal_ends_the_server_in_peace() {
    let sandbox = indexed();
    let mut server = Server::start(&sandbox, &[]);
    assert_eq!(server.get("/health").0, 200);
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn every_described_path_is_answered() {
    let sandbox = indexed();
    let server = Server::start(&sandbox, &[]);
    let (_, description) = server.get("/openapi.json");
    let paths = description["paths"].as_object().expect("it has paths");
    assert!(paths.len() > 10);
    for (path, methods) in paths {
        let path = path.replace("{id}", "docs.txt%3A1").replace("{name}", "tiny-bert");
        for method in methods.as_object().expect("methods").keys() {
            let status = if method == "get" { server.get(&path).0 } else { server.post(&path, &json!({})).0 };
            assert!(![404, 405, 500].contains(&status), "{method} {path}: {status}");
        }
    }
}

#[test]
fn an_agent_finds_and_reads_documents() {
    let sandbox = indexed();
    let messages = [
        json!({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}}),
        json!({"jsonrpc": "2.0", "method": "notifications/initialized"}),
        json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"}),
        json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {
            "name": "search", "arguments": {"query": "free shipping", "by": "words", "k": 1}}}),
        json!({"jsonrpc": "2.0", "id": 4, "method": "tools/call", "params": {
            "name": "get", "arguments": {"id": "docs.txt:9"}}}),
    ];
    let answers = converse(&sandbox, &messages, 4);
    let tools: Vec<&str> = answers[1]["result"]["tools"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|tool| tool["name"].as_str())
        .collect();
    assert_eq!(tools, ["search", "get", "status"]);
    let found = answers[2]["result"]["content"][0]["text"].as_str().expect("a text");
    assert!(found.contains("docs.txt:2 (id docs.txt:2)\nShipping: We offer free shipping"), "{found}");
    assert_eq!(answers[3]["result"]["isError"], true);
    assert_eq!(answers[3]["result"]["content"][0]["text"], "nothing has the id \"docs.txt:9\"");
}

/// The answers of `embed mcp` to `messages`, in the order of their ids. Its input stays open until all have come.
fn converse(sandbox: &Sandbox, messages: &[Value], count: usize) -> Vec<Value> {
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("embed"))
        .args(["mcp", "--index", ".embed"])
        .current_dir(sandbox.path())
        .env_clear()
        .env("HOME", sandbox.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("it is piped");
    for message in messages {
        writeln!(stdin, "{message}").expect("the agent is read");
    }
    let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
    let mut answers: Vec<Value> =
        lines.take(count).map(|line| serde_json::from_str(&line.expect("a line")).expect("JSON")).collect();
    drop(stdin);
    assert!(child.wait().expect("it ends with its input").success());
    answers.sort_by_key(|answer| answer["id"].as_u64());
    answers
}

#[test]
fn without_an_index_vectors_are_served_and_searches_refused() {
    let sandbox = Sandbox::new();
    let model = tiny_model();
    let server = Server::start(&sandbox, &["--model", model.to_str().expect("it is text")]);
    assert_eq!(server.post("/v1/embeddings", &json!({"input": "a cat"})).0, 200);
    let (status, answer) = server.get("/search?q=cat");
    assert_eq!((status, &answer["error"]["code"]), (404, &json!("no_index")));
}

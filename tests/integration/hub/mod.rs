//! Models from a hub on the loopback interface: what is fetched, kept and refused.

mod access;
mod cache;
mod commands;
mod hostile;
mod proxy;
mod server;
mod transfers;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;

use self::server::{COMMIT, HubServer};
use super::support::{Outcome, Sandbox};

/// A sandbox whose runs use a hub on the loopback interface.
struct HubSandbox {
    sandbox: Sandbox,
    server: HubServer,
}

const SEARCH: [&str; 3] = ["search", "how do I return", "docs.txt"];

impl HubSandbox {
    fn new() -> Self {
        Self { sandbox: Sandbox::with_docs(), server: HubServer::start() }
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.sandbox.command(arguments);
        command.env("HF_ENDPOINT", self.server.endpoint());
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(&mut self.command(arguments))
    }

    /// A search with the model `name`.
    fn search(&self, name: &str) -> Outcome {
        self.search_with(name, &[])
    }

    /// Like [`Self::search`], with environment variables.
    fn search_with(&self, name: &str, variables: &[(&str, &str)]) -> Outcome {
        let mut command = self.command(&SEARCH);
        command.args(["--model", name, "--jsonl"]).envs(variables.iter().copied());
        Outcome::of(&mut command)
    }

    fn cache(&self) -> PathBuf {
        self.sandbox.path().join(".cache/huggingface/hub")
    }

    /// The folder of `acme/tiny` in the default cache.
    fn repository(&self) -> PathBuf {
        self.cache().join("models--acme--tiny")
    }

    /// The sorted names of the files in a folder of [`Self::repository`].
    fn names(&self, folder: &str) -> Vec<String> {
        names(&self.repository().join(folder))
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).map(|entries| {
        entries.map(|entry| entry.expect("it lists").file_name().to_string_lossy().into_owned()).collect()
    });
    let mut names: Vec<String> = entries.unwrap_or_default();
    names.sort();
    names
}

fn assert_answers(outcome: &Outcome) {
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
    assert_eq!(outcome.records().len(), 3, "{outcome:?}");
}

/// The second line of an error.
fn hint(outcome: &Outcome) -> &str {
    outcome.stderr.lines().nth(1).unwrap_or_default()
}

fn pinned(commit: &str) -> String {
    format!("acme/tiny@{commit}")
}

#[test]
fn the_first_run_fetches_and_the_second_makes_no_request() {
    let hub = HubSandbox::new();
    let first = hub.search("acme/tiny");
    assert_answers(&first);
    let paths: Vec<String> = hub.server.take_requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths[0], "/api/models/acme/tiny/revision/main");
    assert!(
        paths[1..].iter().all(|path| path.contains(COMMIT) || path.starts_with("/content/")),
        "{paths:?}"
    );
    assert_eq!(paths.len(), 7, "a description, five files, and one of them elsewhere: {paths:?}");

    let second = hub.search("acme/tiny");
    assert_eq!(second, first);
    assert!(hub.server.take_requests().is_empty());

    let folder = hub.sandbox.run_tiny(&[&SEARCH[..], &["--jsonl"]].concat());
    assert_eq!(folder.stdout, first.stdout, "the files are those of the folder");
}

#[test]
fn a_folder_and_the_bundled_model_take_precedence_over_the_hub() {
    let hub = HubSandbox::new();
    fs::create_dir_all(hub.sandbox.path().join("acme/tiny")).expect("the sandbox is writable");
    hub.search("acme/tiny").assert_error("the model folder acme/tiny has no config.json");
    for name in ["BAAI/bge-small-en-v1.5", "bge-small-en-v1.5"] {
        assert_answers(&hub.search(name));
    }
    assert!(hub.server.take_requests().is_empty());
    let revision = hub.search("BAAI/bge-small-en-v1.5@main");
    assert_eq!(revision.code, 2, "a name with a revision is on the hub: {revision:?}");
    assert_eq!(hub.server.take_requests().len(), 1);
}

#[test]
fn an_index_keeps_the_revision_that_it_was_made_with() {
    let hub = HubSandbox::new();
    let index = hub.run(&["index", "docs.txt", "--model", "acme/tiny", "--quiet"]);
    assert_eq!((index.code, index.stderr.as_str()), (0, ""));
    let search = ["search", "how do I return", "--json"];
    let found = hub.run(&search);
    let document: serde_json::Value = serde_json::from_str(&found.stdout).expect("a JSON document");
    assert_eq!(document["model"], pinned(COMMIT));

    // The branch moves to a model with other vectors.
    let newer = "2".repeat(40);
    newer.clone_into(&mut hub.server.state().main);
    *hub.server.state().files.get_mut(server::WEIGHTS).expect("it is served").last_mut().unwrap() ^= 1;
    let pull = hub.run(&["models", "pull", "acme/tiny"]);
    assert_eq!(pull.code, 0, "{pull:?}");
    assert_eq!(names(&hub.repository().join("snapshots")), [COMMIT.to_owned(), newer.clone()]);
    hub.server.take_requests();
    assert_eq!(hub.run(&search), found, "the index keeps its revision");
    assert!(hub.server.take_requests().is_empty());

    let other = hub.run(&["search", "how do I return", "--model", "acme/tiny"]);
    assert_eq!(other.code, 2);
    assert!(other.stderr.contains(&pinned(COMMIT)) && other.stderr.contains(&pinned(&newer)), "{other:?}");
}

#[test]
fn a_pinned_revision_is_fetched_and_cached_under_its_name() {
    let hub = HubSandbox::new();
    let old = "3".repeat(40);
    assert_answers(&hub.search(&pinned(&old)));
    assert_eq!(hub.names("snapshots"), std::slice::from_ref(&old));
    assert!(!hub.repository().join("refs").exists(), "a commit needs no ref");
    hub.server.take_requests();
    assert_answers(&hub.search(&pinned(&old)));
    assert!(hub.server.take_requests().is_empty());

    assert_answers(&hub.search("acme/tiny@refs/pr/1"));
    assert_eq!(hub.server.take_requests()[0].path, "/api/models/acme/tiny/revision/refs%2Fpr%2F1");
    let reference = fs::read_to_string(hub.repository().join("refs/refs/pr/1"));
    assert_eq!(reference.expect("there is a ref"), COMMIT);
    assert_answers(&hub.search("acme/tiny@refs/pr/1"));
    assert!(hub.server.take_requests().is_empty());

    let none = hub.search("acme/tiny@v9");
    none.assert_error(&format!("the model acme/tiny has no revision v9 on {}", hub.server.hub));
    assert_eq!(hint(&none), "hint: name a branch, a tag or a commit after '@'");
}

#[test]
fn an_import_uses_a_cached_model_and_never_fetches_one() {
    let hub = HubSandbox::new();
    let mut encode = hub.command(&["encode", "--input", "docs.txt", "--model", "acme/tiny"]);
    assert_eq!(Outcome::of(encode.args(["--output-format", "npy", "--output", "docs.npy"])).code, 0);
    hub.server.take_requests();
    let import = |index: &str, model: &str| {
        let import =
            ["import", "docs.npy", "--documents", "docs.jsonl", "--index", index, "--model-name", model];
        let outcome = hub.run(&import);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        hub.run(&["search", "how do I return", "--index", index, "--jsonl"])
    };
    let lines = include_str!("../../../examples/docs.txt").lines();
    let documents: Vec<String> = lines.map(|text| serde_json::json!({ "text": text }).to_string()).collect();
    hub.sandbox.write("docs.jsonl", documents.join("\n"));
    assert_answers(&import("known", "acme/tiny"));
    let unknown = import("unknown", "acme/other");
    assert_eq!(unknown.code, 2);
    assert!(
        unknown.stderr.contains("the model acme/other of the index unknown cannot be run here"),
        "{unknown:?}"
    );
    assert!(hub.server.take_requests().is_empty());
}

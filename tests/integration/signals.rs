//! Signals and closed pipes: how a run ends, and what it leaves.
#![cfg(unix)]

use std::fs;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::support::{Sandbox, tiny_model};

/// Signals by name and number.
const SIGNALS: [(&str, i32); 3] = [("INT", 2), ("TERM", 15), ("HUP", 1)];

/// Longer than the start of a run takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn names(sandbox: &Sandbox) -> Vec<String> {
    let entries = fs::read_dir(sandbox.path()).expect("the sandbox lists");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("it lists").file_name().to_string_lossy().into_owned())
        .filter(|name| name != ".cache")
        .collect();
    names.sort();
    names
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a run through `sh` that waits for its standard input; `prelude` is what the shell does before.
fn start(sandbox: &Sandbox, prelude: &str, arguments: &[&str]) -> Child {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &format!("{prelude} exec \"$0\" \"$@\"")]);
    command.arg(assert_cmd::cargo::cargo_bin("embed")).args(arguments).arg("--model").arg(tiny_model());
    command.current_dir(sandbox.path()).env_clear().env("HOME", sandbox.path());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().expect("the binary starts")
}

fn send(signal: &str, child: &Child) {
    let kill = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(kill.expect("kill is installed").success());
}

/// The end of a run, which must come within two seconds.
fn end(child: &mut Child) -> ExitStatus {
    let begin = Instant::now();
    loop {
        if let Some(status) = child.try_wait().expect("it is a child") {
            return status;
        }
        assert!(begin.elapsed() < Duration::from_secs(2), "the run goes on");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Starts a run that has begun to write `out.jsonl` and waits for more texts.
fn start_writing(sandbox: &Sandbox, prelude: &str) -> Child {
    let mut child = start(sandbox, prelude, &["encode", "-i", "-", "-o", "out.jsonl"]);
    let input = child.stdin.as_mut().expect("it is a pipe");
    input.write_all(b"one text\n").expect("the run reads");
    wait_until("no temporary file appears", || names(sandbox).iter().any(|name| name.starts_with(".embed-")));
    child
}

#[test]
fn a_signal_ends_a_run_that_writes_a_file_and_leaves_nothing_of_it() {
    for (name, number) in SIGNALS {
        let sandbox = Sandbox::new();
        sandbox.write("out.jsonl", "older");
        let mut child = start_writing(&sandbox, "");
        send(name, &child);
        // A shell adds 128.
        assert_eq!(end(&mut child).signal(), Some(number));
        assert_eq!(names(&sandbox), ["out.jsonl"]);
        assert_eq!(fs::read(sandbox.path().join("out.jsonl")).expect("it stays"), b"older");
    }
}

#[test]
fn an_ignored_signal_stays_ignored() {
    for (name, _) in SIGNALS {
        let sandbox = Sandbox::new();
        let mut child = start_writing(&sandbox, &format!("trap '' {name};"));
        send(name, &child);
        thread::sleep(Duration::from_millis(300));
        assert_eq!(child.try_wait().expect("it is a child"), None);
        drop(child.stdin.take());
        assert!(child.wait().expect("it is a child").success());
        assert_eq!(names(&sandbox), ["out.jsonl"]);
    }
}

#[test]
fn a_signal_ends_a_run_that_indexes_and_the_index_is_sound() {
    for (name, number) in SIGNALS {
        let sandbox = Sandbox::with_docs();
        assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
        let mut child = start(&sandbox, "", &["index", "-"]);
        let lock = sandbox.path().join(".embed/writer.lock");
        wait_until("the run does not take the lock", || {
            fs::read_to_string(&lock).is_ok_and(|holder| holder == format!("{}\n", child.id()))
        });
        child.stdin.as_mut().expect("it is a pipe").write_all(b"one text\n").expect("the run reads");
        send(name, &child);
        assert_eq!(end(&mut child).signal(), Some(number));
        let faults = embed::index::verify(&sandbox.path().join(".embed")).expect("it is an index");
        assert_eq!(faults, []);
        assert_eq!(sandbox.records(&["search", "ship", "--by", "meaning", "-k", "9"]).len(), 5);
        assert_eq!(sandbox.run(&["index", "docs.txt"]).code, 0);
        assert_eq!(names(&sandbox), [".embed", "docs.txt"]);
    }
}

#[test]
fn a_closed_pipe_is_not_an_error() {
    let sandbox = Sandbox::with_docs();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    sandbox.write("new.txt", "a new text\n");
    for arguments in [
        &["search", "ship"][..],
        &["search", "ship", "--json"],
        &["search", "ship", "--jsonl"],
        &["search", "ship", "docs.txt", "--model", model],
        &["index", "docs.txt", "new.txt", "--dry-run"],
        &["list"],
        &["list", "--json"],
        &["info"],
        &["info", "--json"],
        &["encode", "-i", "docs.txt", "--model", model],
        &["encode", "-i", "docs.txt", "--model", model, "--output-format", "npy"],
        &["similarity", "a cat", "two cats", "--model", model],
        &["duplicates", "--keep", "first"],
        &["duplicates", "--jsonl"],
        &["cluster", "-k", "2"],
        &["cluster", "-k", "2", "--json"],
        &["export", "-o", "-"],
        &["models", "list"],
        &["completions", "bash"],
        &["--help"],
        &["search", "--help"],
        &["--version"],
    ] {
        let (reader, writer) = std::io::pipe().expect("the system has pipes");
        drop(reader);
        let output = Command::new(assert_cmd::cargo::cargo_bin("embed"))
            .current_dir(sandbox.path())
            .env_clear()
            .env("HOME", sandbox.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .expect("the binary starts");
        let stderr = String::from_utf8(output.stderr).expect("the binary writes UTF-8");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("error") && !stderr.contains("panicked"), "{arguments:?}: {stderr}");
    }
}

//! Several runs that write to one index: who is refused, who waits, and what a killed run leaves.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use embed::index::{IndexContent, Reader, Writer, verify};

use super::support::{Outcome, Sandbox, tiny_model};

/// Longer than any run of these tests takes.
const LONG: &str = "120";

fn indexed() -> Sandbox {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    sandbox
}

fn writer(sandbox: &Sandbox) -> Writer {
    Writer::open(&sandbox.path().join(".embed")).expect("nobody else writes")
}

/// The commands that write, each of which succeeds in the sandbox.
fn writing_commands(sandbox: &Sandbox) -> [Vec<&'static str>; 5] {
    sandbox.write("more.txt", "a new text\n");
    assert_eq!(sandbox.run(&["export", "-o", "v.npy", "--documents", "v.jsonl"]).code, 0);
    let import = ["import", "v.npy", "--documents", "v.jsonl", "--index", ".embed"];
    [
        vec!["index", "more.txt"],
        vec!["compact"],
        import.to_vec(),
        vec!["remove", "docs.txt:2"],
        vec!["index", "--rebuild"],
    ]
}

/// Starts a run that holds the lock of the writer until it is killed, as it waits for its standard input.
fn start_waiting_writer(sandbox: &Sandbox) -> Child {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin("embed"));
    command.current_dir(sandbox.path()).env_clear().env("HOME", sandbox.path()).args(["index", "-"]);
    let child = command.stdin(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the binary starts");
    let lock = sandbox.path().join(".embed/writer.lock");
    let begin = Instant::now();
    while fs::read_to_string(&lock).is_ok_and(|holder| holder != format!("{}\n", child.id())) {
        assert!(begin.elapsed() < Duration::from_secs(60), "the run did not take the lock");
        thread::sleep(Duration::from_millis(10));
    }
    child
}

#[cfg(unix)]
#[test]
fn a_second_writer_is_told_who_the_first_one_is() {
    let sandbox = indexed();
    let commands = writing_commands(&sandbox);
    let writer = writer(&sandbox);
    for arguments in &commands {
        let refused = sandbox.run(arguments);
        refused.assert_error(&format!("another embed (process {}) is writing to .embed", std::process::id()));
        let hint = refused.stderr.lines().nth(1);
        assert_eq!(hint, Some("hint: try again when the other run has ended, or wait with --wait SECONDS"));
    }
    drop(writer);
    for arguments in &commands {
        // A child process that another test starts may hold the lock of this process for a moment.
        let outcome = sandbox.run(&[arguments, ["--wait", LONG].as_slice()].concat());
        assert_eq!(outcome.code, 0, "{arguments:?}: {outcome:?}");
    }
}

#[test]
fn a_writer_that_waits_begins_when_the_other_has_ended() {
    let sandbox = indexed();
    for arguments in writing_commands(&sandbox) {
        let writer = writer(&sandbox);
        let waited = thread::scope(|scope| {
            let run = scope.spawn(|| sandbox.run(&[arguments.as_slice(), &["--wait", LONG]].concat()));
            thread::sleep(Duration::from_millis(300));
            assert!(!run.is_finished(), "{arguments:?}");
            drop(writer);
            run.join().expect("the run ends")
        });
        assert_eq!(waited.code, 0, "{arguments:?}: {waited:?}");
    }
}

#[test]
fn waiting_ends_after_the_given_time() {
    let sandbox = indexed();
    let _writer = writer(&sandbox);
    let begin = Instant::now();
    let refused = sandbox.run(&["compact", "--wait", "0.3"]);
    assert!(begin.elapsed() >= Duration::from_millis(300));
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains(" is writing to .embed"), "{refused:?}");
    for wrong in ["-1", "soon", "NaN", "1e300"] {
        let refused = sandbox.run(&["compact", &format!("--wait={wrong}")]);
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("it must be a number of seconds, such as 2.5"), "{refused:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_killed_writer_keeps_nobody_out() {
    let sandbox = indexed();
    let mut killed = start_waiting_writer(&sandbox);
    let holder = format!("another embed (process {}) is writing to .embed", killed.id());
    sandbox.run(&["compact"]).assert_error(&holder);
    assert_eq!(sandbox.run(&["search", "ship"]).code, 0, "readers are not kept out");
    killed.kill().expect("it runs");
    killed.wait().expect("it was killed");
    assert_eq!(sandbox.run(&["compact"]).code, 0);
    assert_eq!(sandbox.run(&["index", "docs.txt"]).code, 0);
    assert_eq!(fs::read_to_string(sandbox.path().join(".embed/writer.lock")).expect("it stays"), "");
}

/// The number of sources of a sound index.
fn sources(sandbox: &Sandbox) -> usize {
    let folder = sandbox.path().join(".embed");
    assert_eq!(verify(&folder).expect("it is an index"), []);
    let reader = Reader::open(&folder).expect("it is an index");
    reader.sources().expect("it is sound").len()
}

/// Runs `count` times `embed index` of one text each, all at once.
fn index_at_once(sandbox: &Sandbox, count: usize, wait: &str) -> Vec<Outcome> {
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    for run in 0..count {
        sandbox.write(&format!("{run}.txt"), format!("the text of run {run}\n"));
    }
    thread::scope(|scope| {
        let start = |run: usize| {
            scope.spawn(move || {
                let file = format!("{run}.txt");
                sandbox.run(&["index", &file, "--model", model, "--wait", wait])
            })
        };
        let runs: Vec<_> = (0..count).map(start).collect();
        runs.into_iter().map(|run| run.join().expect("the run ends")).collect()
    })
}

#[test]
fn runs_that_create_an_index_at_once_and_wait_all_end_well() {
    let sandbox = Sandbox::new();
    for outcome in index_at_once(&sandbox, 4, LONG) {
        assert_eq!(outcome.code, 0, "{outcome:?}");
    }
    assert_eq!(sources(&sandbox), 4);
}

#[test]
fn runs_that_create_an_index_at_once_work_or_are_refused() {
    let sandbox = Sandbox::new();
    let outcomes = index_at_once(&sandbox, 4, "0");
    let mut indexed = 0;
    for outcome in &outcomes {
        match outcome.code {
            0 => indexed += 1,
            _ => assert!(outcome.stderr.starts_with("error: another embed"), "{outcome:?}"),
        }
    }
    assert!(indexed > 0, "{outcomes:?}");
    assert_eq!(sources(&sandbox), indexed);
}

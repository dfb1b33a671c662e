//! What the program does when the system gives it less than it asks for: full devices, no threads.

use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use embed::simd::InstructionSet;

use super::support::{Outcome, Sandbox, tiny_model};

/// No thread can be started with so large a stack.
const IMPOSSIBLE_STACK: &str = "70368744177664";

fn without_threads(sandbox: &Sandbox, arguments: &[&str], input: &str) -> Outcome {
    let mut command = sandbox.command(arguments);
    Outcome::of(command.env("RUST_MIN_STACK", IMPOSSIBLE_STACK).write_stdin(input))
}

fn with_model<'a>(arguments: &[&'a str], model: &'a str) -> Vec<&'a str> {
    [arguments, &["--model", model]].concat()
}

#[cfg(unix)]
#[test]
fn one_thread_is_enough_for_every_command() {
    let sandbox = Sandbox::with_docs();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let same = |arguments: &[&str], input: &str| {
        let alone = without_threads(&sandbox, arguments, input);
        assert_eq!(alone, sandbox.run_with_input(arguments, input), "{arguments:?}");
        assert_eq!(alone.code, 0, "{alone:?}");
    };
    let indexed = without_threads(&sandbox, &with_model(&["index", "docs.txt"], model), "");
    assert_eq!(indexed.code, 0, "{indexed:?}");
    same(&["search", "ship", "--jsonl"], "");
    same(&with_model(&["search", "ship", "docs.txt", "--threads", "8"], model), "");
    same(&with_model(&["encode"], model), "a cat\n\ntwo dogs\n");
    same(&with_model(&["similarity", "a cat", "two cats"], model), "");
    same(&["duplicates", "--threshold", "0.1"], "");
    same(&["cluster", "-k", "2"], "");
    same(&["list"], "");
}

#[test]
fn a_number_of_threads_from_the_environment_has_the_limits_of_the_flag() {
    let sandbox = Sandbox::with_docs();
    let run = |value: &str, flags: &[&str]| {
        let arguments = [&["list"], flags].concat();
        Outcome::of(sandbox.command(&arguments).env("RAYON_NUM_THREADS", value))
    };
    for value in ["999999", "-1", "many"] {
        run(value, &[]).assert_error(&format!(
            "RAYON_NUM_THREADS is \"{value}\", which is not a number of threads from 1 to 1024"
        ));
    }
    let info = |value: &str, flags: &[&str]| {
        let arguments = [&["info", "--json"], flags].concat();
        let mut command = sandbox.command(&arguments);
        let told = Outcome::of(command.env("RAYON_NUM_THREADS", value).arg("--model").arg(tiny_model()));
        let info: serde_json::Value = serde_json::from_str(&told.stdout).expect("one document");
        info["threads"].as_u64()
    };
    assert_eq!(info("3", &[]), Some(3));
    assert_eq!(info("3", &["--threads", "2"]), Some(2));
    assert_eq!(info("999999", &["--threads", "2"]), Some(2));
}

#[test]
fn an_instruction_set_from_the_environment_must_be_one_of_the_cpu() {
    let sandbox = Sandbox::with_docs();
    let run = |value: &str, arguments: &[&str]| {
        Outcome::of(
            sandbox.command(arguments).env("EMBED_INSTRUCTIONS", value).arg("--model").arg(tiny_model()),
        )
    };
    for set in InstructionSet::available() {
        let told = run(set.name(), &["info", "--json"]);
        let info: serde_json::Value = serde_json::from_str(&told.stdout).expect("one document");
        assert_eq!((&info["encoder"], &info["scan"]), (&set.name().into(), &set.name().into()));
    }
    let names = InstructionSet::available().map(InstructionSet::name).collect::<Vec<_>>().join(", ");
    run("mmx", &["info"]).assert_error(&format!(
        "EMBED_INSTRUCTIONS is \"mmx\", which is not an instruction set of this CPU: {names}"
    ));
}

/// The exit code and standard error of a run whose standard output is full.
#[cfg(target_os = "linux")]
fn into_full_output(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has a full device");
    let output = Command::new(assert_cmd::cargo::cargo_bin("embed"))
        .current_dir(sandbox.path())
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(full)
        .stderr(Stdio::piped())
        .output()
        .expect("the binary starts");
    (output.status.code(), String::from_utf8(output.stderr).expect("the binary writes UTF-8"))
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_an_error_of_one_line() {
    let sandbox = Sandbox::with_docs();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    sandbox.write("new.txt", "a new text\n");
    for arguments in [
        with_model(&["search", "cat", "docs.txt"], model),
        with_model(&["search", "cat", "docs.txt", "--json"], model),
        with_model(&["encode", "a cat"], model),
        with_model(&["similarity", "a cat", "two cats"], model),
        with_model(&["info"], model),
        vec!["index", "docs.txt", "new.txt", "--dry-run"],
        vec!["list"],
        vec!["list", "--json"],
        vec!["duplicates", "--keep", "first", "--quiet"],
        vec!["cluster", "-k", "2", "--quiet"],
        vec!["export", "-o", "-"],
        vec!["completions", "bash"],
        vec!["--help"],
        vec!["--version"],
    ] {
        let (code, error) = into_full_output(&sandbox, &arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert!(error.starts_with("error: ") && error.lines().count() == 1, "{arguments:?}: {error}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn errors_and_notes_that_cannot_be_written_change_nothing_else() {
    let sandbox = Sandbox::with_docs();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    for (arguments, expected) in [
        (vec!["search"], 2),
        (vec!["search", "cat", "--no-such-flag"], 2),
        (vec!["search", "cat", "missing.txt"], 2),
        (vec![], 2),
        (with_model(&["index", "docs.txt"], model), 0),
        (vec!["compact"], 0),
        (vec!["list"], 0),
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("Linux has a full device");
        let status = Command::new(assert_cmd::cargo::cargo_bin("embed"))
            .current_dir(sandbox.path())
            .args(&arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(full)
            .status()
            .expect("the binary starts");
        assert_eq!(status.code(), Some(expected), "{arguments:?}");
    }
}

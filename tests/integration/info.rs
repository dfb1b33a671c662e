//! `embed info`, and what shells are given: completions and manual pages.

use std::fs;

use embed::simd::InstructionSet;
use serde_json::{Value, json};

use super::support::{Outcome, Sandbox};

fn info(sandbox: &Sandbox, arguments: &[&str]) -> Value {
    let outcome = sandbox.run_tiny(&[&["info", "--json"], arguments].concat());
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
    serde_json::from_str(&outcome.stdout).expect("one document")
}

#[test]
fn the_model_and_what_it_runs_on_are_told_without_an_index() {
    let sandbox = Sandbox::new();
    let told = info(&sandbox, &["--threads", "3", "--pooling", "cls"]);
    assert_eq!(told["index"], Value::Null);
    assert_eq!(told["threads"], 3);
    assert_eq!(told["encoder"], InstructionSet::best().name());
    assert_eq!(told["scan"], InstructionSet::best().name());
    assert_eq!((&told["model"]["dimension"], &told["model"]["pooling"]), (&json!(32), &json!("cls")));
    let plain = sandbox.run_tiny(&["info"]).stdout;
    let line = |name: &str| {
        let line = plain.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        line.unwrap_or_else(|| panic!("{plain} has {name}")).to_owned()
    };
    assert_eq!(line("dimension"), "32");
    assert_eq!(line("index"), "none here");
    assert_ne!(line("fingerprint"), told["model"]["fingerprint"], "pooling is part of it");
}

#[test]
fn the_index_is_counted_and_its_files_weighed() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    assert_eq!(sandbox.run(&["remove", "docs.txt:2"]).code, 0);
    let told = info(&sandbox, &[]);
    let index = &told["index"];
    assert_eq!(index["path"], ".embed");
    let counts = ["sources", "documents", "passages", "unused", "generation", "dimension"];
    assert_eq!(counts.map(|name| index[name].as_u64()), [1, 4, 4, 1, 1, 32].map(Some));
    assert_eq!(index["fingerprint"], told["model"]["fingerprint"]);
    let files = fs::read_dir(sandbox.path().join(".embed")).expect("the index is there");
    let size =
        |file: std::io::Result<fs::DirEntry>| file.and_then(|file| file.metadata()).expect("a file").len();
    assert_eq!(index["bytes"], files.map(size).sum::<u64>());
    let plain = sandbox.run_tiny(&["info"]).stdout;
    assert!(plain.contains("1 source, 4 documents, 4 passages, 1 vector unused\n"), "{plain}");
}

#[test]
fn an_index_that_is_named_must_be_there() {
    let sandbox = Sandbox::new();
    sandbox.run_tiny(&["info", "--index", "nowhere"]).assert_error("there is no index at nowhere");
}

/// The names of all commands, from the help.
fn commands(sandbox: &Sandbox) -> Vec<String> {
    let help = sandbox.run(&["--help"]).stdout;
    let list = help.split("Commands:\n").nth(1).and_then(|rest| rest.split("\n\n").next()).expect("a list");
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| !line.starts_with(' '));
    names.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn every_shell_completes_every_command() {
    let sandbox = Sandbox::new();
    let commands = commands(&sandbox);
    assert!(commands.len() >= 8, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let Outcome { code, stdout, stderr } = sandbox.run(&["completions", shell]);
        assert_eq!((code, stderr.as_str()), (0, ""));
        for word in commands.iter().map(String::as_str).chain(["batch-tokens"]) {
            assert!(stdout.contains(word), "{shell} knows {word}");
        }
    }
    let unknown = sandbox.run(&["completions", "tcl"]);
    assert_eq!(unknown.code, 2);
    assert!(unknown.stderr.starts_with("error: invalid value 'tcl' for '<SHELL>'"), "{unknown:?}");
}

#[test]
fn the_manual_has_a_page_for_every_command() {
    let sandbox = Sandbox::new();
    let commands = commands(&sandbox);
    assert_eq!(sandbox.run(&["man", "share/man1"]).code, 0);
    let folder = sandbox.path().join("share/man1");
    let page =
        |name: &str| fs::read_to_string(folder.join(name)).unwrap_or_else(|_| panic!("there is {name}"));
    for command in &commands {
        let page = page(&format!("embed-{command}.1"));
        assert!(page.contains(&format!("\nembed\\-{command} \\- ")), "{page}");
        assert!(page.contains("\\fB\\-\\-quiet\\fR"), "{page}");
        assert!(!page.lines().any(|line| line.trim_start() == "Usage:"), "{page}");
    }
    let of_models = ["list", "pull", "verify", "remove"].map(|command| format!("embed-models-{command}.1"));
    assert!(of_models.iter().all(|name| page(name).contains("\\fB\\-\\-quiet\\fR")));
    let pages = fs::read_dir(&folder).expect("the folder is there").count();
    assert_eq!(pages, commands.len() + 1 + of_models.len());
    let top = page("embed.1");
    assert!(commands.iter().all(|command| top.contains(&format!("embed\\-{command}(1)"))), "{top}");
    sandbox.write("taken", "");
    let refused = sandbox.run(&["man", "taken"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.starts_with("error: cannot create taken: "), "{refused:?}");
}

//! `embed index`: what it adds, replaces, refuses and leaves alone.

use std::fs;

use super::support::{Outcome, Sandbox, tiny_model};

/// The ids of all documents in the index, in the order of their sources and lines.
fn ids(sandbox: &Sandbox) -> Vec<String> {
    let records = sandbox.records(&["search", "cat", "-k", "1000", "--min-score", "-2"]);
    let mut ids: Vec<String> =
        records.iter().map(|record| record["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn indexing_closes_with_one_line_on_standard_error() {
    let sandbox = Sandbox::with_docs();
    let Outcome { code, stdout, stderr } = sandbox.run_tiny(&["index", "docs.txt"]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    let words: Vec<&str> = stderr.split_whitespace().collect();
    assert_eq!(words[..5], ["indexed", "5", "documents", "in", ".embed:"], "{stderr}");
    assert!(stderr.contains(" tokens, ") && stderr.contains(" truncated, "), "{stderr}");
    assert_eq!(stderr.lines().count(), 1);
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt", "--quiet"]).stderr, "");
}

#[test]
fn a_file_indexed_again_replaces_itself_and_another_is_added() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "cat\ndog\n\nman\n");
    sandbox.write("b.txt", "queen\n");
    assert_eq!(sandbox.run_tiny(&["index", "a.txt"]).code, 0);
    assert_eq!(ids(&sandbox), ["a.txt:1", "a.txt:2", "a.txt:4"]);
    sandbox.write("a.txt", "only\n");
    assert_eq!(sandbox.run(&["index", "a.txt"]).code, 0);
    assert_eq!(ids(&sandbox), ["a.txt:1"]);
    assert_eq!(sandbox.run(&["index", "b.txt", "b.txt"]).code, 0);
    assert_eq!(ids(&sandbox), ["a.txt:1", "b.txt:1"]);
}

#[test]
fn a_text_with_marks_that_are_on_no_letter_is_indexed() {
    let sandbox = Sandbox::new();
    sandbox.write("a.txt", "rain-\u{fe0f} fog\n\u{73a} cat\n\u{fe0f}\n");
    assert_eq!(sandbox.run_tiny(&["index", "a.txt"]).code, 0);
    assert_eq!(ids(&sandbox).len(), 3);
    assert_eq!(sandbox.run(&["verify"]).code, 0);
}

#[test]
fn the_index_is_found_from_below_and_sources_are_shown_from_where_one_stands() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    let below = sandbox.path().join("a/b");
    fs::create_dir_all(&below).expect("the sandbox is writable");
    fs::write(below.join("c.txt"), "cat\n").expect("the sandbox is writable");
    let run = |arguments: &[&str]| Outcome::of(sandbox.command(arguments).current_dir(&below));
    assert!(run(&["search", "ship", "-k1"]).stdout.contains("| ../../docs.txt:"));
    assert_eq!(run(&["index", "c.txt"]).code, 0);
    assert!(!below.join(".embed").exists());
    assert_eq!(ids(&sandbox).first().map(String::as_str), Some("a/b/c.txt:1"));
}

#[test]
fn a_folder_named_by_flag_or_environment_is_the_index() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt", "--index", "vectors"]).code, 0);
    assert!(sandbox.path().join("vectors/catalog.sqlite").exists());
    assert!(!sandbox.path().join(".embed").exists());
    assert_eq!(sandbox.run(&["search", "ship", "--index", "vectors"]).code, 0);
    let mut by_environment = sandbox.command(&["search", "ship"]);
    assert_eq!(Outcome::of(by_environment.env("EMBED_INDEX", "vectors")).code, 0);
    sandbox.run(&["search", "ship", "--index", "other"]).assert_error("there is no index at other");
}

#[test]
fn standard_input_is_a_source_of_its_own() {
    let sandbox = Sandbox::new();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let indexed = sandbox.run_with_input(&["index", "-", "--model", model], "a cat\na dog\n");
    assert_eq!(indexed.code, 0, "{indexed:?}");
    assert_eq!(ids(&sandbox), ["-:1", "-:2"]);
}

#[test]
fn another_model_or_pooling_is_refused_by_both_names_and_nothing_is_lost() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    for command in [["search", "ship"], ["index", "docs.txt"]] {
        let refused = sandbox.run(&[command.as_slice(), &["--pooling", "cls"]].concat());
        assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
        assert!(refused.stderr.contains("(mean pooling, f32, fingerprint "), "{refused:?}");
        assert!(refused.stderr.contains("(cls pooling, f32, fingerprint "), "{refused:?}");
        assert!(refused.stderr.contains("--rebuild"), "{refused:?}");
    }
    assert_eq!(ids(&sandbox).len(), 5);
}

#[test]
fn a_changed_model_folder_is_refused() {
    let sandbox = Sandbox::with_docs();
    let folder = sandbox.path().join("model");
    fs::create_dir(&folder).expect("the sandbox is writable");
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        fs::copy(tiny_model().join(file), folder.join(file)).expect("the fixture is whole");
    }
    assert_eq!(sandbox.run(&["index", "docs.txt", "--model", "model"]).code, 0);
    assert_eq!(sandbox.run(&["search", "ship"]).code, 0);
    let weights = folder.join("model.safetensors");
    let mut bytes = fs::read(&weights).expect("the weights are there");
    *bytes.last_mut().expect("they are not empty") ^= 1;
    fs::write(&weights, bytes).expect("the sandbox is writable");
    let refused = sandbox.run(&["search", "ship"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("their vectors cannot be compared"), "{refused:?}");
}

#[test]
fn a_rebuild_reads_named_files_anew_and_carries_the_others_over() {
    let sandbox = Sandbox::with_docs();
    sandbox.write("gone.txt", "a cat\n\na dog\n");
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt", "gone.txt"]).code, 0);
    let mean = sandbox.records(&["search", "cat", "-k", "9", "--by", "meaning"]);
    fs::remove_file(sandbox.path().join("gone.txt")).expect("the file is there");
    sandbox.write("docs.txt", "one line now\n");
    let rebuilt = sandbox.run(&["index", "--rebuild", "docs.txt", "--pooling", "cls"]);
    assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
    assert_eq!(ids(&sandbox), ["docs.txt:1", "gone.txt:1", "gone.txt:3"]);
    let cls = sandbox.records(&["search", "cat", "-k", "9", "--by", "meaning"]);
    let direct = sandbox
        .run_tiny(&["search", "cat", "docs.txt", "--by", "meaning", "--pooling", "cls", "--jsonl"])
        .records();
    let score = |records: &[serde_json::Value], id: &str| {
        records.iter().find(|record| record["id"] == id).expect("the document is there")["score"].to_string()
    };
    assert_eq!(score(&cls, "docs.txt:1"), score(&direct, "docs.txt:1"));
    assert_ne!(score(&cls, "gone.txt:1"), score(&mean, "gone.txt:1"));
    assert_eq!(sandbox.run(&["index", "--rebuild", "--pooling", "mean"]).code, 0);
    assert_eq!(
        score(&sandbox.records(&["search", "cat", "-k", "9", "--by", "meaning"]), "gone.txt:1"),
        score(&mean, "gone.txt:1")
    );
}

#[test]
fn the_prefixes_of_an_index_hold_in_its_searches() {
    let sandbox = Sandbox::with_docs();
    let prefixes = ["--query-prefix", "return ", "--document-prefix", "policy "];
    assert_eq!(sandbox.run_tiny(&[&["index", "docs.txt"], prefixes.as_slice()].concat()).code, 0);
    let indexed = sandbox.run(&["search", "cat", "--jsonl"]);
    let direct = sandbox.run_tiny(&[&["search", "cat", "docs.txt", "--jsonl"], prefixes.as_slice()].concat());
    assert_eq!(indexed, direct);
    assert_ne!(sandbox.run(&["search", "cat", "--jsonl", "--query-prefix", ""]).stdout, indexed.stdout);
    let changed = sandbox.run(&["index", "docs.txt", "--query-prefix", "other"]);
    assert_eq!(changed.code, 2);
    assert!(changed.stderr.contains("has the query prefix \"return \""), "{changed:?}");
}

#[test]
fn a_second_writer_is_told_so_and_readers_are_not_kept_out() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    let writer = embed::index::Writer::open(&sandbox.path().join(".embed")).expect("nobody else writes");
    let second = sandbox.run(&["index", "docs.txt"]);
    assert_eq!(second.code, 2);
    assert!(second.stderr.contains(" is writing to "), "{second:?}");
    assert_eq!(sandbox.run(&["search", "ship"]).code, 0);
    drop(writer);
    assert_eq!(sandbox.run(&["index", "docs.txt"]).code, 0);
}

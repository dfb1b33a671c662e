//! `embed verify`: damage is listed, repaired, and never answered from.

use std::fs::{self, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::support::Sandbox;

/// Where the rows start in a file of vectors.
const HEADER_BYTES: u64 = 4096;

fn indexed() -> Sandbox {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    sandbox
}

fn overwrite(sandbox: &Sandbox, name: &str, at: u64) {
    let path = sandbox.path().join(".embed").join(name);
    let mut file = OpenOptions::new().write(true).open(path).expect("the index has the file");
    file.seek(SeekFrom::Start(at)).expect("it is a file");
    file.write_all(&[0x5a; 4]).expect("it can be written");
}

fn change_catalog(sandbox: &Sandbox, statement: &str) {
    let catalog = rusqlite::Connection::open(sandbox.path().join(".embed/catalog.sqlite"));
    catalog.expect("the catalog is there").execute_batch(statement).expect("the statement is valid");
}

#[test]
fn a_whole_index_has_no_faults() {
    let sandbox = indexed();
    let verified = sandbox.run(&["verify"]);
    assert_eq!((verified.code, verified.stdout.as_str()), (0, ""));
    assert_eq!(verified.stderr, ".embed is whole\n");
    let findings: serde_json::Value =
        serde_json::from_str(&sandbox.run(&["verify", "--json"]).stdout).expect("it is JSON");
    assert_eq!(findings["faults"], serde_json::json!([]));
    assert!(findings["repair"].is_null());
}

#[test]
fn a_damaged_vector_is_refused_listed_and_embedded_again() {
    let sandbox = indexed();
    let before = sandbox.run_tiny(&["search", "ship", "-k", "9"]);
    let vectors = fs::read(sandbox.path().join(".embed/vectors-1.f32")).expect("it is there");
    overwrite(&sandbox, "vectors-1.f32", HEADER_BYTES + 8);
    let refused = sandbox.run_tiny(&["search", "ship"]);
    refused.assert_error(".embed/vectors-1.f32 is damaged: rows 0 to 0 do not match their checksum");
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.contains("'embed verify --repair'"), "{refused:?}");
    let listed = sandbox.run(&["verify"]);
    assert_eq!(listed.code, 2);
    assert_eq!(listed.stdout, ".embed/vectors-1.f32: rows 0 to 0 do not match their checksum\n");
    let repaired = sandbox.run_tiny(&["verify", "--repair"]);
    assert_eq!(repaired.code, 0, "{repaired:?}");
    assert_eq!(repaired.stderr, "repaired .embed: embedded 1 vector again\n");
    assert_eq!(sandbox.run_tiny(&["search", "ship", "-k", "9"]), before);
    let repaired_rows = fs::read(sandbox.path().join(".embed/vectors-2.f32")).expect("it is there");
    assert!(
        repaired_rows[HEADER_BYTES as usize..] == vectors[HEADER_BYTES as usize..],
        "rows are kept bit for bit"
    );
}

#[test]
fn an_index_without_vectors_is_repaired_or_rebuilt_from_its_texts() {
    for arguments in [["verify", "--repair"], ["index", "--rebuild"]] {
        let sandbox = indexed();
        let before = sandbox.run_tiny(&["search", "ship", "-k", "9"]);
        fs::remove_file(sandbox.path().join(".embed/vectors-1.f32")).expect("it is there");
        fs::remove_file(sandbox.path().join("docs.txt")).expect("it is there");
        sandbox.run_tiny(&["search", "ship"]).assert_error(".embed/vectors-1.f32 is damaged: it is missing");
        assert_eq!(sandbox.run_tiny(&arguments).code, 0, "{arguments:?}");
        assert_eq!(sandbox.run_tiny(&["search", "ship", "-k", "9"]), before);
        assert_eq!(sandbox.run(&["verify"]).code, 0);
    }
}

#[test]
fn a_changed_text_is_not_shown_and_comes_back_from_its_source() {
    let sandbox = indexed();
    let before = sandbox.run_tiny(&["search", "ship", "-k", "9"]);
    change_catalog(&sandbox, "UPDATE passages SET text = 'Everything is free.' WHERE line = 2");
    let refused = sandbox.run_tiny(&["search", "ship", "-k", "9"]);
    refused.assert_error(
        ".embed/catalog.sqlite is damaged: a row of its table passages does not match its checksum",
    );
    let refused = sandbox.run_tiny(&["index", "--rebuild"]);
    refused.assert_error(
        ".embed/catalog.sqlite is damaged: a row of its table passages does not match its checksum",
    );
    let repaired = sandbox.run_tiny(&["verify", "--repair", "--json"]);
    let repaired: serde_json::Value = serde_json::from_str(&repaired.stdout).expect("it is JSON");
    assert_eq!(repaired["repair"]["lost"], serde_json::json!(["docs.txt:2"]));
    assert!(
        sandbox.run_tiny(&["index", "docs.txt"]).stderr.contains("1 changed"),
        "its source is read again"
    );
    assert_eq!(sandbox.run_tiny(&["search", "ship", "-k", "9"]), before);
}

#[test]
fn damage_without_a_second_copy_is_beyond_repair_and_says_so() {
    let sandbox = indexed();
    change_catalog(&sandbox, "UPDATE generations SET live = x'00'");
    let refused = sandbox.run_tiny(&["verify", "--repair"]);
    refused.assert_error(
        ".embed/catalog.sqlite is damaged beyond repair: a row of its table generations does not match its checksum",
    );
    assert!(refused.stderr.contains("remove the index folder and index again"), "{refused:?}");
}

#[cfg(unix)]
#[test]
fn a_stopped_reader_does_not_keep_a_writer_waiting() {
    let sandbox = Sandbox::new();
    let lines: Vec<String> =
        (0..3000).map(|line| format!("the same long line of text {}", line % 7)).collect();
    sandbox.write("lines.txt", lines.join("\n"));
    assert_eq!(sandbox.run_tiny(&["index", "lines.txt"]).code, 0);
    for arguments in
        [&["duplicates", "--threshold", "0.99"][..], &["cluster", "--count", "2", "--members"], &["list"]]
    {
        let tiny = super::support::tiny_model();
        let model = ["--model", tiny.to_str().expect("the path is Unicode")];
        let all = [arguments, if arguments[0] == "list" { &[] } else { &model }].concat();
        // Nobody reads what it prints.
        let mut reader = Command::new(assert_cmd::cargo::cargo_bin("embed"));
        reader.current_dir(sandbox.path()).env_clear().env("HOME", sandbox.path()).args(&all);
        let mut reader = reader.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(500));
        sandbox.write("more.txt", format!("one more text for {}", arguments[0]));
        let start = Instant::now();
        assert_eq!(sandbox.run_tiny(&["index", "more.txt"]).code, 0, "{arguments:?}");
        assert!(start.elapsed() < Duration::from_secs(8), "{arguments:?}");
        reader.kill().expect("it is ours");
        reader.wait().expect("it was killed");
    }
}

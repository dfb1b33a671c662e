//! `embed index` again: what changed is embedded, what vanished is removed, the rest is left alone.

use std::fs;
use std::time::{Duration, SystemTime};

use super::support::{Outcome, Sandbox};

fn tree() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path().join("notes/deep")).expect("the sandbox is writable");
    sandbox.write("notes/a.md", "a cat\n");
    sandbox.write("notes/b.md", "a dog\n");
    sandbox.write("notes/deep/c.md", "a ship\n");
    sandbox.write("rows.txt", "one\ntwo\nthree\n");
    sandbox
}

/// Makes a file look as if it was last changed long ago, so that its time can be trusted.
fn age(sandbox: &Sandbox, name: &str, seconds: u64) {
    let file = fs::File::options().append(true).open(sandbox.path().join(name)).expect("the file is there");
    file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).expect("the system sets times");
}

/// `3 added, …; embedded 3 texts` of the closing line.
fn counts(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let last = outcome.stderr.lines().last().expect("a closing line");
    let after_folder = last.split_once(": ").expect("a colon").1;
    &after_folder[..after_folder.find(" text").expect("texts")]
}

fn ids(sandbox: &Sandbox) -> Vec<String> {
    let records = sandbox.records(&["search", "cat", "-k", "1000"]);
    let mut ids: Vec<String> =
        records.iter().map(|record| record["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn an_unchanged_tree_is_left_alone() {
    let sandbox = tree();
    let paths = ["index", "notes", "rows.txt"];
    assert_eq!(counts(&sandbox.run_tiny(&paths)), "4 added, 0 changed, 0 removed, 0 unchanged; embedded 6");
    let before = sandbox.run(&["search", "cat", "-k", "99", "--jsonl"]);
    for _ in 0..2 {
        assert_eq!(counts(&sandbox.run(&paths)), "0 added, 0 changed, 0 removed, 4 unchanged; embedded 0");
    }
    assert_eq!(sandbox.run(&["search", "cat", "-k", "99", "--jsonl"]), before);
}

#[test]
fn a_changed_file_embeds_only_its_new_texts() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes", "rows.txt"]).code, 0);
    sandbox.write("rows.txt", "one\nfour\ntwo\nthree\n");
    let again = sandbox.run(&["index", "notes", "rows.txt"]);
    assert_eq!(counts(&again), "0 added, 1 changed, 0 removed, 3 unchanged; embedded 1");
    let from_index = sandbox.run(&[
        "search",
        "four",
        "-k",
        "9",
        "--jsonl",
        "--by",
        "meaning",
        "--where",
        "source = rows.txt",
    ]);
    let direct = sandbox.run_tiny(&["search", "four", "rows.txt", "-k", "9", "--jsonl", "--by", "meaning"]);
    assert_eq!(from_index.stdout, direct.stdout);
}

#[test]
fn content_decides_where_size_and_time_say_nothing() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    // The same size, and written within the time that a file system may not tell apart.
    sandbox.write("notes/a.md", "a rat\n");
    assert_eq!(
        counts(&sandbox.run(&["index", "notes"])),
        "0 added, 1 changed, 0 removed, 2 unchanged; embedded 1"
    );
    age(&sandbox, "notes/a.md", 60);
    assert_eq!(
        counts(&sandbox.run(&["index", "notes"])),
        "0 added, 0 changed, 0 removed, 3 unchanged; embedded 0"
    );
    let texts = sandbox.records(&["search", "rat", "--where", "source = notes/a.md"]);
    assert_eq!(texts[0]["text"], "a rat");
}

#[test]
fn other_content_of_the_same_size_and_time_is_found() {
    let sandbox = tree();
    age(&sandbox, "notes/a.md", 3600);
    let file = sandbox.path().join("notes/a.md");
    let time = fs::metadata(&file).expect("it is there").modified().expect("a time");
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    sandbox.write("notes/a.md", "a rat\n");
    let opened = fs::File::options().append(true).open(&file).expect("it is there");
    opened.set_modified(time).expect("the system sets times");
    assert_eq!(
        counts(&sandbox.run(&["index", "notes"])),
        "0 added, 1 changed, 0 removed, 2 unchanged; embedded 1"
    );
}

/// Makes the index believe that every source had other content.
fn forget_content(sandbox: &Sandbox) {
    let catalog = rusqlite::Connection::open(sandbox.path().join(".embed/catalog.sqlite"));
    let catalog = catalog.expect("the index is there");
    catalog.execute("UPDATE sources SET content_hash = zeroblob(32)", []).expect("it is writable");
}

#[test]
fn a_source_that_is_as_recorded_is_not_read() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    // Until times are settled, content decides.
    std::thread::sleep(Duration::from_millis(2100));
    let unchanged = "0 added, 0 changed, 0 removed, 3 unchanged; embedded 0";
    assert_eq!(counts(&sandbox.run(&["index", "notes"])), unchanged);
    forget_content(&sandbox);
    assert_eq!(counts(&sandbox.run(&["index", "notes"])), unchanged);
    // The same content, size and time of modification in another file.
    let file = sandbox.path().join("notes/a.md");
    let time = fs::metadata(&file).expect("it is there").modified().expect("a time");
    fs::copy(&file, sandbox.path().join("copy")).expect("the sandbox is writable");
    fs::rename(sandbox.path().join("copy"), &file).expect("the sandbox is writable");
    let opened = fs::File::options().append(true).open(&file).expect("it is there");
    opened.set_modified(time).expect("the system sets times");
    assert_eq!(
        counts(&sandbox.run(&["index", "notes"])),
        "0 added, 1 changed, 0 removed, 2 unchanged; embedded 0"
    );
}

#[test]
fn what_vanished_from_a_named_folder_is_removed_and_nothing_else() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes", "rows.txt"]).code, 0);
    fs::remove_file(sandbox.path().join("notes/a.md")).expect("it is there");
    fs::remove_file(sandbox.path().join("rows.txt")).expect("it is there");
    assert_eq!(
        counts(&sandbox.run(&["index", "notes/deep"])),
        "0 added, 0 changed, 0 removed, 1 unchanged; embedded 0"
    );
    assert_eq!(
        counts(&sandbox.run(&["index", "notes"])),
        "0 added, 0 changed, 1 removed, 2 unchanged; embedded 0"
    );
    assert_eq!(
        ids(&sandbox),
        ["notes/b.md:1", "notes/deep/c.md:1", "rows.txt:1", "rows.txt:2", "rows.txt:3"]
    );
}

#[test]
fn what_is_ignored_by_now_is_removed_but_a_glob_only_narrows_the_run() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    assert_eq!(
        counts(&sandbox.run(&["index", "notes", "--glob", "a.*"])),
        "0 added, 0 changed, 0 removed, 1 unchanged; embedded 0"
    );
    sandbox.write("notes/.embedignore", "b.md\n");
    assert_eq!(
        counts(&sandbox.run(&["index", "notes"])),
        "0 added, 0 changed, 1 removed, 2 unchanged; embedded 0"
    );
}

#[test]
fn a_file_that_is_no_text_any_more_is_removed() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    sandbox.write("notes/a.md", b"\0\0\0\0");
    assert_eq!(
        counts(&sandbox.run(&["index", "notes"])),
        "0 added, 0 changed, 1 removed, 2 unchanged; embedded 0"
    );
    assert_eq!(ids(&sandbox), ["notes/b.md:1", "notes/deep/c.md:1"]);
}

#[test]
fn another_way_of_reading_is_a_change_that_embeds_only_other_texts() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "rows.txt"]).code, 0);
    let as_prose = sandbox.run(&["index", "rows.txt", "--input-format", "text"]);
    assert_eq!(counts(&as_prose), "0 added, 1 changed, 0 removed, 0 unchanged; embedded 1");
    assert_eq!(ids(&sandbox), ["rows.txt:1"]);
}

#[test]
fn a_dry_run_says_what_it_would_do_and_does_nothing() {
    let sandbox = tree();
    let first = sandbox.run_tiny(&["index", "notes", "--dry-run"]);
    assert_eq!(first.stdout, "add notes/a.md\nadd notes/b.md\nadd notes/deep/c.md\n");
    assert!(!sandbox.path().join(".embed").exists());
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    sandbox.write("notes/a.md", "a cat and more\n");
    sandbox.write("notes/d.md", "new\n");
    fs::remove_file(sandbox.path().join("notes/b.md")).expect("it is there");
    let before = ids(&sandbox);
    let dry = sandbox.run(&["index", "notes", "--dry-run"]);
    assert_eq!(dry.stdout, "change notes/a.md\nadd notes/d.md\nremove notes/b.md\n");
    let model = super::support::tiny_model();
    let expected = format!(
        "1 to add, 1 to change, 1 to remove, 1 unchanged\nto embed with {}: 2 texts, 12 tokens\n",
        model.display()
    );
    assert_eq!(dry.stderr, expected);
    assert_eq!(ids(&sandbox), before);
}

#[test]
fn a_dry_run_reads_files_to_see_which_will_be_skipped() {
    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    sandbox.write("notes/a.md", b"\0");
    sandbox.write("notes/empty.md", "\n");
    sandbox.write("notes/picture.png", b"\0");
    let plan = sandbox.run(&["index", "notes", "--dry-run"]);
    assert_eq!(plan.stdout, "remove notes/a.md\n");
    assert_eq!(
        plan.stderr,
        "skipped 2 files: not text; first notes/a.md\n\
         skipped 1 file: no text; first notes/empty.md\n\
         0 to add, 0 to change, 1 to remove, 2 unchanged\n"
    );
    let done = sandbox.run(&["index", "notes"]);
    assert_eq!(counts(&done), "0 added, 0 changed, 1 removed, 2 unchanged; embedded 0");
    sandbox
        .run(&["index", "rows.txt", "notes/picture.png", "--dry-run"])
        .assert_error("notes/picture.png is not a text file: line 1 has a NUL byte");
}

#[test]
fn a_stream_that_says_the_same_again_is_unchanged() {
    let sandbox = Sandbox::new();
    let model = super::support::tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let arguments = ["index", "-", "--model", model];
    let index = |input: &str| sandbox.run_with_input(&arguments, input);
    assert_eq!(counts(&index("a cat\na dog\n")), "1 added, 0 changed, 0 removed, 0 unchanged; embedded 2");
    assert_eq!(counts(&index("a cat\na dog\n")), "0 added, 0 changed, 0 removed, 1 unchanged; embedded 0");
    assert_eq!(counts(&index("a cat\na ship\n")), "0 added, 1 changed, 0 removed, 0 unchanged; embedded 1");
}

#[test]
fn a_run_goes_on_with_the_vectors_of_one_that_was_cut_short() {
    use embed::corpus::{Document, Passage};
    use embed::index::{IndexWriter, NewSource, SourceNames, SourceVersion, TextHash, Writer};

    let sandbox = tree();
    assert_eq!(sandbox.run_tiny(&["index", "notes/a.md"]).code, 0);
    let rows = fs::read(sandbox.path().join(".embed/vectors-1.f32")).expect("the vectors are there");
    let vector: Vec<f32> = rows[4096..4096 + 32 * 4]
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let mut writer = Writer::open(&sandbox.path().join(".embed")).expect("nobody else writes");
    let names = SourceNames::new(".embed".as_ref(), sandbox.path());
    let path = names.stored("rows.txt".as_ref()).expect("it is text");
    let new = NewSource { path, rule: serde_json::Value::Null, version: SourceVersion::default() };
    let source = writer.begin_source(&new).expect("the index is writable");
    let passages = vec![Passage { text: "one".to_owned(), context: None, lines: None, bytes: None }];
    let document = Document { key: "1".to_owned(), line: Some(1), metadata: None, passages };
    writer.add_document(source, &document, &[TextHash::of("one")], &vector).expect("the source is open");
    writer.commit().expect("the index is writable");
    drop(writer);
    let resumed = sandbox.run(&["index", "rows.txt"]);
    assert_eq!(counts(&resumed), "1 added, 0 changed, 0 removed, 0 unchanged; embedded 2");
}

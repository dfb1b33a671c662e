//! One file is one source, whatever spelling, link or folder leads to it.

use std::fs;

#[cfg(unix)]
use embed::search::{FolderSnapshot, Searchable};

#[cfg(unix)]
use super::fuzz_corpus::targets::index::row_checksum;
use super::support::{Outcome, Sandbox, tiny_model};

/// `3 added, …; embedded 3 texts` of the closing line.
fn counts(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let last = outcome.stderr.lines().last().expect("a closing line");
    let after_folder = last.split_once(": ").expect("a colon").1;
    &after_folder[..after_folder.find(" text").expect("texts")]
}

fn listed(sandbox: &Sandbox) -> Vec<String> {
    let list = sandbox.run(&["list"]).stdout;
    list.lines().map(|line| line.split(" | ").next().expect("a name").to_owned()).collect()
}

fn notes() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("notes")).expect("the sandbox is writable");
    sandbox.write("notes/a.md", "a cat\n");
    sandbox.write("notes/todo.txt", "a dog\na ship\n");
    sandbox
}

fn absolute(sandbox: &Sandbox, name: &str) -> String {
    sandbox.path().join(name).to_str().expect("the path of the sandbox is text").to_owned()
}

#[test]
fn a_file_that_is_walked_and_named_is_one_source_and_counts_as_named() {
    let sandbox = notes();
    let todo = absolute(&sandbox, "notes/todo.txt");
    let first = sandbox.run_tiny(&["index", "notes", &todo]);
    assert_eq!(counts(&first), "2 added, 0 changed, 0 removed, 0 unchanged; embedded 3");
    for paths in [["notes", todo.as_str()], [todo.as_str(), "notes"], ["notes", "notes/todo.txt"]] {
        let again = sandbox.run(&[["index"].as_slice(), &paths].concat());
        assert_eq!(counts(&again), "0 added, 0 changed, 0 removed, 2 unchanged; embedded 0", "{paths:?}");
    }
    assert_eq!(listed(&sandbox), ["notes/a.md", "notes/todo.txt"]);
}

#[test]
fn two_spellings_of_a_file_are_one_source() {
    let sandbox = notes();
    sandbox.write("docs.txt", "one\ntwo\n");
    let outcome =
        sandbox.run_tiny(&["index", "docs.txt", &absolute(&sandbox, "docs.txt"), "notes/../docs.txt"]);
    assert!(outcome.stderr.starts_with("indexed 2 documents "), "{outcome:?}");
    assert_eq!(listed(&sandbox), ["docs.txt"]);
}

#[cfg(unix)]
#[test]
fn a_folder_that_a_link_leads_to_is_stored_once() {
    use std::os::unix::fs::symlink;

    let sandbox = notes();
    symlink("notes", sandbox.path().join("linked")).expect("the sandbox is writable");
    symlink("notes/a.md", sandbox.path().join("a.txt")).expect("the sandbox is writable");
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    let unchanged = "0 added, 0 changed, 0 removed, 2 unchanged; embedded 0";
    assert_eq!(counts(&sandbox.run(&["index", "linked"])), unchanged);
    assert_eq!(counts(&sandbox.run(&["index", "linked", "notes"])), unchanged);
    assert_eq!(listed(&sandbox), ["notes/a.md", "notes/todo.txt"]);
    let named = sandbox.run(&["index", "a.txt", "notes"]);
    assert_eq!(counts(&named), "0 added, 1 changed, 0 removed, 1 unchanged; embedded 0", "now it is named");
    assert_eq!(counts(&sandbox.run(&["index", "notes", "a.txt"])), unchanged);
    assert_eq!(sandbox.run(&["remove", "linked/todo.txt"]).code, 0);
    assert_eq!(listed(&sandbox), ["notes/a.md"]);
}

/// Changes the catalog as no program of this version would.
#[cfg(unix)]
fn change_catalog(sandbox: &Sandbox, statement: &str) {
    let catalog = rusqlite::Connection::open(sandbox.path().join(".embed/catalog.sqlite"));
    let catalog = catalog.expect("the index is there");
    row_checksum::define_row_checksum(&catalog).expect("it is a function");
    catalog.execute_batch(statement).expect("it is writable");
    catalog.execute_batch("UPDATE sources SET checksum = row_checksum(path, rule)").expect("it is writable");
}

#[cfg(unix)]
#[test]
fn a_path_through_a_link_in_an_older_index_is_replaced() {
    let sandbox = notes();
    std::os::unix::fs::symlink("notes", sandbox.path().join("linked")).expect("the sandbox is writable");
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    change_catalog(&sandbox, "UPDATE sources SET path = replace(path, 'notes/', 'linked/')");
    assert_eq!(listed(&sandbox), ["linked/a.md", "linked/todo.txt"]);
    let snapshot = FolderSnapshot::open(&sandbox.path().join(".embed"), sandbox.path()).expect("it is there");
    let found = snapshot.find("linked/a.md:1").expect("the index is whole");
    assert_eq!(found.passages[0].source, "linked/a.md");
    drop(snapshot);

    // Both names of one file, as older programs could store it.
    sandbox.write("notes/b.md", "a queen\n");
    assert_eq!(
        counts(&sandbox.run(&["index", "notes/b.md"])),
        "1 added, 0 changed, 0 removed, 0 unchanged; embedded 1"
    );
    change_catalog(
        &sandbox,
        "INSERT INTO sources (path, state, rule) SELECT 'linked/b.md', state, rule FROM sources WHERE path = 'notes/b.md'",
    );
    let plan = sandbox.run(&["index", "notes", "--dry-run"]);
    assert_eq!(
        plan.stdout,
        "change notes/a.md\nchange notes/b.md\nchange notes/todo.txt\nremove linked/b.md\n"
    );
    let replaced = sandbox.run(&["index", "notes"]);
    assert_eq!(counts(&replaced), "0 added, 3 changed, 1 removed, 0 unchanged; embedded 0");
    assert_eq!(listed(&sandbox), ["notes/a.md", "notes/b.md", "notes/todo.txt"]);
    assert_eq!(
        counts(&sandbox.run(&["index", "linked"])),
        "0 added, 0 changed, 0 removed, 3 unchanged; embedded 0"
    );
}

#[cfg(unix)]
#[test]
fn a_source_under_another_name_is_carried_over_or_read_once_by_a_rebuild() {
    let sandbox = notes();
    std::os::unix::fs::symlink("notes", sandbox.path().join("linked")).expect("the sandbox is writable");
    assert_eq!(sandbox.run_tiny(&["index", "notes"]).code, 0);
    change_catalog(&sandbox, "UPDATE sources SET path = replace(path, 'notes/', 'linked/')");
    assert_eq!(sandbox.run(&["index", "--rebuild", "notes/a.md"]).code, 0);
    assert_eq!(listed(&sandbox), ["linked/todo.txt", "notes/a.md"]);
}

#[test]
fn a_file_named_like_standard_input_is_another_source() {
    let sandbox = Sandbox::new();
    sandbox.write("-", "a cat\n");
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    assert_eq!(sandbox.run_with_input(&["index", "-", "--model", model], "a dog\n").code, 0);
    assert_eq!(sandbox.run(&["index", "./-"]).code, 0);
    assert_eq!(listed(&sandbox), ["-", "./-"]);
    let ids: Vec<_> = sandbox.records(&["search", "cat"]).iter().map(|hit| hit["id"].to_string()).collect();
    assert!(ids.contains(&r#""-:1""#.to_owned()) && ids.contains(&r#""./-:1""#.to_owned()), "{ids:?}");
}

#[test]
fn a_filter_on_the_source_means_the_same_over_an_index_as_over_files() {
    let sandbox = Sandbox::new();
    let folder = sandbox.path().join("sub");
    fs::create_dir_all(folder.join("deep")).expect("the sandbox is writable");
    sandbox.write("top.txt", "a cat\n");
    sandbox.write("sub/a.txt", "a dog\na ship\n");
    sandbox.write("sub/deep/b.txt", "a queen\n");
    let files = ["../top.txt", "a.txt", "deep/b.txt"];
    let run = |arguments: &[&str]| Outcome::of(sandbox.command(arguments).current_dir(&folder));
    assert_eq!(sandbox.run_tiny(&["index", "top.txt", "sub/a.txt", "sub/deep/b.txt"]).code, 0);
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    for (filter, hits) in [
        ("source = a.txt", 2),
        ("source = sub/a.txt", 0),
        ("source != a.txt", 2),
        ("source ~ deep/", 1),
        ("source ~ sub", 0),
        ("source < b", 3),
        ("source >= a.txt", 3),
        ("source = ../top.txt", 1),
    ] {
        let asked = ["search", "a ship", "-k", "9", "--min-score", "-2", "--jsonl", "--where", filter];
        let indexed = run(&asked);
        let direct = run(&[&asked, files.as_slice(), &["--model", model]].concat());
        assert_eq!(indexed.stdout.lines().count(), hits, "{filter}: {indexed:?}");
        assert_eq!(indexed.stdout, direct.stdout, "{filter}");
    }
}

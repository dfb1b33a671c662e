//! `embed list`, `embed remove` and `embed compact`.

use std::fs;

use super::support::Sandbox;

fn indexed() -> Sandbox {
    let sandbox = Sandbox::with_docs();
    fs::create_dir(sandbox.path().join("notes")).expect("the sandbox is writable");
    sandbox.write("notes/a.md", "a cat\n");
    sandbox.write("notes/b.md", "a dog\n");
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt", "notes"]).code, 0);
    sandbox
}

#[test]
fn the_list_names_every_source_and_its_size() {
    let sandbox = indexed();
    let list = sandbox.run(&["list"]);
    assert_eq!(list.code, 0);
    let expected = "docs.txt | 5 documents | 5 passages | ";
    assert!(list.stdout.starts_with(expected), "{list:?}");
    assert!(list.stdout.ends_with("notes/b.md | 1 document | 1 passage | 6 bytes\n"), "{list:?}");
    let json = sandbox.run(&["list", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    let source = &document["sources"][1];
    assert_eq!(source["source"], "notes/a.md");
    assert_eq!((&source["documents"], &source["size"]), (&serde_json::json!(1), &serde_json::json!(6)));
    assert_eq!(source["rule"]["origin"], "walked");
}

#[test]
fn sources_folders_and_documents_are_removed_by_name() {
    let sandbox = indexed();
    let removed = sandbox.run(&["remove", "docs.txt:2"]);
    assert_eq!(removed.stderr, "removed 1 document from .embed\n");
    let count = || sandbox.records(&["search", "cat", "-k", "99"]).len();
    assert_eq!(count(), 6);
    assert_eq!(sandbox.run(&["remove", "notes/a.md"]).stderr, "removed 1 source from .embed\n");
    assert_eq!(count(), 5);
    sandbox
        .run(&["remove", "notes/a.md"])
        .assert_error("\"notes/a.md\" is neither a source nor an id of the index");
    assert_eq!(sandbox.run(&["remove", "notes", "docs.txt", "--yes"]).code, 0);
    assert_eq!(sandbox.run(&["list"]).code, 1);
    assert_eq!(sandbox.run(&["search", "cat"]).code, 1);
}

#[test]
fn a_name_that_is_wrong_removes_nothing() {
    let sandbox = indexed();
    assert_eq!(sandbox.run(&["remove", "docs.txt", "missing"]).code, 2);
    assert_eq!(sandbox.run(&["list"]).stdout.lines().count(), 3);
}

#[test]
fn an_empty_name_removes_nothing() {
    let sandbox = indexed();
    for names in [["", "docs.txt"], ["docs.txt", ""]] {
        sandbox
            .run(&[&["remove", "--yes"], names.as_slice()].concat())
            .assert_error("a name to remove is empty");
    }
    assert_eq!(sandbox.run(&["list"]).stdout.lines().count(), 3);
}

#[test]
fn everything_is_removed_only_when_that_is_said() {
    let sandbox = indexed();
    let everything: [&[&str]; 3] = [&["."], &["notes", "docs.txt"], &["docs.txt:2", ".", "notes"]];
    for names in everything {
        let refused = sandbox.run(&[&["remove"], names].concat());
        refused.assert_error("this would remove everything in the index .embed: 3 sources");
        assert_eq!(refused.stderr.lines().nth(1), Some("hint: use --yes to remove them"));
        assert_eq!(sandbox.run(&["list"]).stdout.lines().count(), 3);
    }
    assert_eq!(sandbox.run(&["remove", "notes", "notes/a.md"]).stderr, "removed 2 sources from .embed\n");
    assert_eq!(sandbox.run(&["remove", ".", "--yes"]).stderr, "removed 1 source from .embed\n");
    assert_eq!(sandbox.run(&["list"]).code, 1);
}

#[test]
fn compaction_drops_dead_vectors_and_changes_no_result() {
    let sandbox = indexed();
    assert_eq!(sandbox.run(&["remove", "notes"]).code, 0);
    let before = sandbox.run(&["search", "ship", "-k", "99", "--jsonl"]);
    assert_eq!(sandbox.run(&["compact"]).stderr, "dropped 2 vectors of 7 in .embed\n");
    assert_eq!(sandbox.run(&["search", "ship", "-k", "99", "--jsonl"]), before);
    assert_eq!(sandbox.run(&["compact"]).stderr, "dropped 0 vectors of 5 in .embed\n");
}

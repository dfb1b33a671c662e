//! Indexes that older versions of the program made are read, searched and extended.
//!
//! `tests/fixtures/README.md` says how they were made. What is compared with them was printed by the same versions.

use std::fs;
use std::path::{Path, PathBuf};

use super::support::{Outcome, Sandbox};

const READING: [&str; 6] = ["--id", "id", "--passage-tokens", "20", "--passage-overlap", "4"];
const SOURCES: [&str; 3] = ["tides.txt", "bread.md", "birds.jsonl"];
const QUERY: &str = "when does the sea rise and fall";

/// The versions of which an index is kept.
const VERSIONS: [u32; 3] = [1, 2, 3];

/// The sources and what they answered; the index of version 1 is there, too.
fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/index-v1")
}

/// What an index answered; version 3 cut passages by other rules.
fn expected(version: u32, file: &str) -> String {
    let folder = if version < 3 { fixture() } else { fixture().with_file_name(format!("index-v{version}")) };
    fs::read_to_string(folder.join("expected").join(file)).expect("it is kept")
}

/// A copy of the index of an older version and its sources.
fn sandbox_with(version: u32) -> Sandbox {
    let sandbox = Sandbox::new();
    let copy = |from: &Path, to: &Path| {
        fs::create_dir_all(to).expect("the sandbox is writable");
        for entry in fs::read_dir(from).expect("the fixture is there") {
            let entry = entry.expect("a folder lists its entries");
            if entry.path().is_file() {
                fs::copy(entry.path(), to.join(entry.file_name())).expect("the sandbox is writable");
            }
        }
    };
    copy(&fixture(), sandbox.path());
    copy(
        &fixture().with_file_name(format!("index-v{version}")).join("index"),
        &sandbox.path().join(".embed"),
    );
    sandbox
}

fn catalog(sandbox: &Sandbox) -> Vec<u8> {
    fs::read(sandbox.path().join(".embed/catalog.sqlite")).expect("the catalog is there")
}

fn format_version(sandbox: &Sandbox) -> u32 {
    let catalog = rusqlite::Connection::open(sandbox.path().join(".embed/catalog.sqlite"));
    catalog
        .expect("the catalog is there")
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .expect("a catalog has a version")
}

fn index(sandbox: &Sandbox) -> Outcome {
    sandbox.run(&[["index"].as_slice(), &SOURCES, &READING].concat())
}

/// Compares the output of commands with what the program of the version printed, which went by meaning.
fn assert_same_answers(sandbox: &Sandbox, version: u32) {
    let filters = ["--where", "grams >= 500", "--where", "habitat ~ sea"];
    let search = |query, more: &[&str]| {
        sandbox.run(&[&["search", query, "-k", "20", "--by", "meaning"], more].concat())
    };
    for (file, outcome) in [
        ("search.json", search(QUERY, &["--json"])),
        ("search.jsonl", search(QUERY, &["--jsonl"])),
        ("search.txt", search(QUERY, &[])),
        ("filtered.jsonl", search("a bird", &[&filters, ["--jsonl"].as_slice()].concat())),
        ("list.json", sandbox.run(&["list", "--json"])),
        ("export.jsonl", sandbox.run(&["export", "-o", "-"])),
    ] {
        let expected = expected(version, file);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        let (expected, expected_scores) = without_scores(&expected, file);
        let (found, scores) = without_scores(&outcome.stdout, file);
        assert_eq!(found, expected, "{file}");
        // Processors of other families round a query's vector otherwise.
        let differ = |(a, b): (&f32, &f32)| (a - b).abs() > 1.1e-3;
        assert_eq!(scores.len(), expected_scores.len());
        assert!(!scores.iter().zip(&expected_scores).any(differ), "{file}: {scores:?} {expected_scores:?}");
    }
}

/// The output without its scores, and the scores.
fn without_scores(output: &str, file: &str) -> (String, Vec<f32>) {
    let is_plain = Path::new(file).extension().is_some_and(|extension| extension == "txt");
    let (before, after) = if is_plain { ("\n", " | ") } else { ("\"score\":", ",") };
    let mut scores = Vec::new();
    let mut rest = String::from(if is_plain { "\n" } else { "" }) + output;
    let mut text = String::new();
    while let Some(start) = rest.find(before) {
        let start = start + before.len();
        text.push_str(&rest[..start]);
        let mut tail = rest.split_off(start);
        let end = tail.find(after).unwrap_or(0);
        scores.extend(tail[..end].parse::<f32>());
        rest = tail.split_off(end);
    }
    text.push_str(&rest);
    (text, scores)
}

#[test]
fn an_older_index_answers_as_it_did_and_is_not_changed() {
    for version in VERSIONS {
        let sandbox = sandbox_with(version);
        let before = catalog(&sandbox);
        assert_same_answers(&sandbox, version);
        // Version 3 has the texts as they are cut now.
        let to_embed = match version {
            1 | 2 => "to embed with BAAI/bge-small-en-v1.5: 2 texts, 34 tokens\n",
            _ => "",
        };
        let planned = format!(
            "passages are cut by newer rules: 3 sources are read again\n\
             0 to add, 3 to change, 0 to remove, 0 unchanged\n{to_embed}"
        );
        assert_eq!(index_dry_run(&sandbox), planned);
        assert!(catalog(&sandbox) == before, "reading changed the catalog");
        assert_eq!(format_version(&sandbox), version);
    }
}

#[test]
fn an_older_index_has_no_words_until_it_is_written_and_says_so() {
    for version in VERSIONS {
        let sandbox = sandbox_with(version);
        let by_meaning = sandbox.run(&["search", QUERY, "--by", "meaning"]);
        let by_both = sandbox.run(&["search", QUERY]);
        assert_eq!(by_both.stdout, by_meaning.stdout);
        assert_eq!(
            by_both.stderr,
            "searched by meaning only: the index was made by an older version; run 'embed index' to add words\n"
        );
        for needing in
            [["search", "gannet", "--by", "words"], ["search", "a \"large gannet\"", "--by", "both"]]
        {
            let refused = sandbox.run(&needing);
            assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
            assert!(refused.stderr.contains("has no words"), "{refused:?}");
        }
        assert_eq!(index(&sandbox).code, 0);
        let found = sandbox.run(&["search", "gannet", "--by", "words", "--jsonl"]).records();
        assert_eq!(found[0]["id"], "birds.jsonl:gannet");
    }
}

fn index_dry_run(sandbox: &Sandbox) -> String {
    sandbox.run(&[["index", "--dry-run"].as_slice(), &SOURCES, &READING].concat()).stderr
}

#[cfg(unix)]
#[test]
fn an_older_index_is_read_from_read_only_media() {
    for version in VERSIONS {
        use std::os::unix::fs::PermissionsExt;

        let sandbox = sandbox_with(version);
        let folder = sandbox.path().join(".embed");
        let permit = |files, mode| {
            for entry in fs::read_dir(&folder).expect("the index is there") {
                let path = entry.expect("a folder lists its entries").path();
                fs::set_permissions(path, fs::Permissions::from_mode(files)).expect("the owner may");
            }
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).expect("the owner may");
        };
        permit(0o444, 0o555);
        assert_same_answers(&sandbox, version);
        permit(0o644, 0o755);
    }
}

#[test]
fn an_older_index_is_extended_without_embedding_its_texts_again() {
    for version in VERSIONS {
        let sandbox = sandbox_with(version);
        // Of the nine texts, only those of Markdown below a heading have a context now.
        let recut = index(&sandbox);
        assert!(
            recut.stderr.contains(&format!(
                "0 added, 3 changed, 0 removed, 0 unchanged; embedded {}",
                if version < 3 { "2 texts" } else { "0 texts" }
            )),
            "{recut:?}"
        );
        let unchanged = index(&sandbox);
        assert!(unchanged.stderr.contains("3 unchanged; embedded 0 texts"), "{unchanged:?}");
        assert_eq!(format_version(&sandbox), embed::index::FORMAT_VERSION);
        assert_eq!(sandbox.records(&["search", QUERY, "-k", "1"])[0]["id"], "tides.txt:1");
        let tides = fs::read_to_string(sandbox.path().join("tides.txt")).expect("it was copied");
        sandbox.write("tides.txt", tides + "Seals sleep on the sandbanks.\n");
        let extended = index(&sandbox);
        assert!(
            extended.stderr.contains("0 added, 1 changed, 0 removed, 2 unchanged; embedded 1 text,"),
            "{extended:?}"
        );
        assert_eq!(sandbox.records(&["search", "seals", "-k", "1"])[0]["id"], "tides.txt:5");
        assert_eq!(sandbox.run(&["compact"]).code, 0);
        assert_eq!(sandbox.run(&["list"]).stdout.lines().count(), 3);
    }
}

#[test]
fn an_older_index_is_rebuilt_from_its_texts() {
    for version in VERSIONS {
        let sandbox = sandbox_with(version);
        for source in SOURCES {
            fs::remove_file(sandbox.path().join(source)).expect("it was copied");
        }
        let rebuilt = sandbox.run(&["index", "--rebuild"]);
        assert!(rebuilt.stderr.contains("3 unchanged; embedded 9 texts"), "{rebuilt:?}");
        assert_eq!(format_version(&sandbox), embed::index::FORMAT_VERSION);
        assert_eq!(sandbox.records(&["search", QUERY, "-k", "1"])[0]["id"], "tides.txt:1");
    }
}

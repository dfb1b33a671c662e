//! Texts outside the vocabulary of the model, whose vectors are nearly one.
#![cfg(feature = "bundled-model")]

use super::support::Sandbox;

const OUTSIDE: &str = "mostly outside the vocabulary of BAAI/bge-small-en-v1.5";

/// Lines 1 to 3 and 6 are mostly outside the vocabulary of the bundled model; 2 and 6 are equal.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write(
        "notes.txt",
        "\u{8c22}\u{8c22} \u{8bf7}\u{8bf4}\n\u{8bf7}\u{8bf4} \u{5403}\u{996d}\n\u{1f44d}\u{1f389} \u{1f680}\n\
         The parcel arrived late.\nMy parcel arrived late.\n\u{8bf7}\u{8bf4} \u{5403}\u{996d}\n",
    );
    sandbox
}

#[test]
fn they_are_counted_and_the_first_is_named() {
    let sandbox = sandbox();
    let expected =
        format!("4 texts are {OUTSIDE}, first notes.txt:1: search finds them by words, not by meaning\n");
    for arguments in [["index", "notes.txt"].as_slice(), &["search", "parcel", "notes.txt"]] {
        let outcome = sandbox.run(arguments);
        assert!(outcome.code == 0 && outcome.stderr.starts_with(&expected), "{outcome:?}");
    }
    for arguments in [["similarity", "\u{8c22}", "cat"].as_slice(), &["encode", "\u{8c22}", "cat"]] {
        let outcome = sandbox.run(arguments);
        let expected = format!("1 text is {OUTSIDE}, first '\u{8c22}': its vector is uninformative\n");
        assert_eq!((outcome.code, outcome.stderr), (0, expected));
    }
}

#[test]
fn they_are_duplicates_of_equal_texts_only() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run(&["index", "notes.txt", "--quiet"]).code, 0);
    for source in [["notes.txt"].as_slice(), &[]] {
        let pairs = sandbox.run(&[&["duplicates", "--pairs", "--jsonl"], source].concat());
        let ids = |record: &serde_json::Value| {
            ["first", "second"].map(|text| record[text]["line"].as_u64().expect("a text has a line"))
        };
        assert_eq!(pairs.records().iter().map(ids).collect::<Vec<_>>(), [[2, 6], [4, 5]]);
        let expected = format!("4 texts are {OUTSIDE}: only identical ones count as duplicates\n");
        assert!(pairs.stderr.ends_with(&expected), "{pairs:?}");
        let kept = sandbox.run(&[&["duplicates", "--keep", "first"], source].concat());
        assert_eq!(kept.stdout.lines().count(), 4);
    }
}

#[test]
fn queries_outside_the_vocabulary_are_answered_by_words() {
    let sandbox = sandbox();
    assert_eq!(sandbox.run(&["index", "notes.txt", "--quiet"]).code, 0);
    let lines = |arguments: &[&str]| {
        let outcome = sandbox.run(&[&["search", "--jsonl"], arguments].concat());
        let lines = outcome.records().iter().map(|record| record["line"].as_u64()).collect::<Vec<_>>();
        (lines, outcome.stderr)
    };
    let note = "the query is mostly outside the model's vocabulary: ";
    let by_words = format!("{note}searched by words only\n");
    assert_eq!(lines(&["\u{5403}\u{996d}"]), (vec![Some(2), Some(6)], by_words));
    let (by_meaning, stderr) = lines(&["\u{5403}\u{996d}", "--by", "meaning"]);
    assert_eq!((by_meaning.len(), stderr), (3, format!("{note}the scores are not meaningful\n")));
    assert_eq!(lines(&["parcel", "-k", "2"]), (vec![Some(4), Some(5)], String::new()));
}

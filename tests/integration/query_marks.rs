//! What a query asks for: phrases, excluded words, confidence, and queries that ask for nothing.

use super::cross_encoders::folder;
use super::support::{Outcome, Sandbox};

const NOTES: &str = "\
Notes of the year 2023 about tides
Notes of the year 2024 about tides
The pump runs at 14.2 bar
See issue #3 about gulls
A party 🎉 for the gulls
Written in C++ by hand
Written in C# by hand
Take ½ cup of flour
It was -5 degrees at noon
";

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("notes.txt", NOTES);
    sandbox
}

/// The lines of the notes that a search by words finds, in their order.
fn lines(sandbox: &Sandbox, query: &str) -> Vec<u64> {
    let outcome = sandbox.run(&["search", "--by", "words", "-k", "99", "--jsonl", "--", query, "notes.txt"]);
    assert!(outcome.code < 2, "{outcome:?}");
    let line = |record: &serde_json::Value| record["line"].as_u64().expect("a line");
    let mut lines: Vec<u64> = outcome.records().iter().map(line).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn a_minus_sign_excludes_whatever_follows_it() {
    let sandbox = sandbox();
    for (query, expected) in [
        ("notes -2023", [2].as_slice()),
        ("pump notes -14.2", &[1, 2]),
        ("gulls -#3", &[5]),
        ("gulls -🎉", &[4]),
        ("written -C++", &[7]),
        ("written -\"C# by\"", &[6]),
        ("degrees \"-5\"", &[9]),
    ] {
        assert_eq!(lines(&sandbox, query), expected, "{query}");
    }
}

#[test]
fn signs_of_a_phrase_must_occur() {
    let sandbox = sandbox();
    for (query, expected) in [("\"C++\"", [6].as_slice()), ("\"c#\"", &[7]), ("\"½ cup\"", &[8])] {
        assert_eq!(lines(&sandbox, query), expected, "{query}");
    }
}

#[test]
fn vowel_signs_tell_words_apart() {
    let sandbox = Sandbox::new();
    sandbox.write("notes.txt", "कम\nकाम\n");
    assert_eq!(lines(&sandbox, "काम"), [2]);
}

#[test]
fn a_query_that_looks_for_nothing_is_refused() {
    let sandbox = sandbox();
    let search = |query: &str| sandbox.run(&["search", "--", query, "notes.txt"]);
    search("-backup").assert_error("the query \"-backup\" only says what to leave out");
    search("-a -\"b c\"").assert_error("the query \"-a -\\\"b c\\\"\" only says what to leave out");
    search("\"\"").assert_error("the query is empty");
    sandbox.write("queries.txt", "tides\n\"\"\n");
    sandbox
        .run(&["search", "--queries", "queries.txt", "notes.txt"])
        .assert_error("the query of line 2 is empty");
    assert_eq!(sandbox.run(&["search", "--by", "meaning", "--", "-backup", "notes.txt"]).code, 0);
}

#[test]
fn words_that_are_left_out_and_marks_without_effect_are_said() {
    let sandbox = sandbox();
    let outcome = sandbox.run(&["search", "the of and", "notes.txt", "--by", "words"]);
    let said = "\"the of and\" has no words to search for: words such as 'the' are left out\n";
    assert_eq!((outcome.code, outcome.stderr.as_str()), (1, said));
    let said = |query: &str, flags: &[&str]| {
        let outcome = sandbox.run(&[&["search", query, "notes.txt"], flags].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.stderr
    };
    let by_meaning = "with --by meaning, quotes and minus signs have no effect\n";
    assert_eq!(said("tides -2023", &["--by", "meaning"]), by_meaning);
    assert_eq!(said("\"by hand\"", &["--by", "meaning"]), by_meaning);
    assert_eq!(
        said("tides -2023", &["--plus", "gulls"]),
        "with --like, --plus or --minus, quotes and minus signs have no effect\n"
    );
    assert_eq!(said("tides", &["--by", "meaning"]), "");
    assert_eq!(said("tides -2023", &[]), "");
}

#[test]
fn a_least_confidence_is_refused_where_confidence_is_not_known() {
    let sandbox = sandbox();
    let search =
        |more: &[&str]| sandbox.run(&[&["search", "notes.txt", "--min-confidence", "0.5"], more].concat());
    let with_query = |more: &[&str]| {
        sandbox.run(&[&["search", "tides", "notes.txt", "--min-confidence", "0.5"], more].concat())
    };
    for by in ["words", "meaning"] {
        with_query(&["--by", by])
            .assert_error(&format!("--min-confidence needs --by both: confidence is not known by {by}"));
    }
    let unknown = |outcome: Outcome, reason: &str| {
        outcome.assert_error(&format!("confidence is not known here: {reason}"));
        assert!(outcome.stderr.contains("hint: leave out --min-confidence"), "{outcome:?}");
    };
    unknown(with_query(&[]), "it takes 100 passages, and here are 9");
    unknown(search(&["--like", "notes.txt:1"]), "a query goes by meaning alone");
    unknown(with_query(&["--plus", "gulls"]), "a query goes by meaning alone");
    let tiny = sandbox.run_tiny(&["search", "tides", "notes.txt", "--min-confidence", "0.5"]);
    assert_eq!(tiny.code, 2);
    assert!(tiny.stderr.contains("it is calibrated for BAAI/bge-small-en-v1.5, not for "), "{tiny:?}");
    let other = sandbox.run(&["search", "谢谢你谢谢你谢谢你谢谢你", "notes.txt", "--min-confidence", "0.5"]);
    unknown(other, "a query goes by words alone");
}

#[test]
fn an_explanation_says_that_confidence_is_not_known_and_what_reranking_added() {
    let sandbox = sandbox();
    let model = folder("bert");
    let model = model.to_str().expect("the path of the fixture is text");
    let explained = |more: &[&str]| {
        let outcome =
            sandbox.run(&[&["search", "tides", "notes.txt", "-k", "1", "--explain"], more].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.stdout.lines().nth(1).expect("a line of explanation").trim().to_owned()
    };
    assert!(explained(&[]).ends_with(", confidence unknown"));
    assert_eq!(explained(&["--by", "meaning"]), "by meaning alone");
    assert!(explained(&["--by", "meaning", "--rerank", model]).starts_with("by meaning alone, reranked "));
}

#[test]
fn values_that_make_no_sense_are_named() {
    let sandbox = sandbox();
    for (flag, value, reason) in [
        ("--rerank-seconds <S>", "-1", "it must be a number of seconds above 0, such as 2.5"),
        ("--rerank-seconds <S>", "0", "it must be a number of seconds above 0, such as 2.5"),
        ("--rerank-top <N>", "-1", "it must be a whole number of at least 1"),
        ("--min-confidence <C>", "-1", "it must be a number from 0 to 1"),
        ("--context <N>", "-1", "it must be a whole number, such as 3"),
    ] {
        let name = flag.split(' ').next().unwrap_or_default();
        sandbox
            .run(&["search", "tides", "notes.txt", name, value])
            .assert_error(&format!("invalid value '{value}' for '{flag}': {reason}"));
    }
    let model = folder("bert");
    let model = model.to_str().expect("the path of the fixture is text");
    sandbox
        .run(&["search", "--like", "notes.txt:1", "notes.txt", "--rerank", model])
        .assert_error("--rerank needs a query that is a text");
}

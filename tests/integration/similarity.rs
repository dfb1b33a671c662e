//! `embed similarity`: texts against one another.

use serde_json::{Value, json};

use super::support::{Outcome, Sandbox, tiny_model};

fn similarity(arguments: &[&str], input: &str) -> Outcome {
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&[&["similarity"], arguments].concat());
    Outcome::of(command.arg("--model").arg(tiny_model()).write_stdin(input))
}

#[cfg(feature = "bundled-model")]
#[test]
fn the_three_similarities_of_the_article_are_printed() {
    let compared = Sandbox::new().run(&[
        "similarity",
        "I love cats.",
        "My favorite animal is a cat.",
        "Dogs are great pets.",
        "The economy is growing rapidly.",
    ]);
    let expected = "\
0.890 | My favorite animal is a cat.
0.599 | Dogs are great pets.
0.339 | The economy is growing rapidly.
";
    assert_eq!(compared, Outcome { code: 0, stdout: expected.to_owned(), stderr: String::new() });
}

/// The score of a pair, from the program's own form for programs.
fn score(first: &str, second: &str) -> f64 {
    let record = &similarity(&[first, second, "--jsonl"], "").records()[0];
    record["score"].as_f64().expect("a score is a number")
}

#[test]
fn every_form_has_the_same_scores() {
    let (near, far) = (score("a cat", "two cats"), score("a cat", "stock market"));
    let plain = similarity(&["a cat", "two cats", "stock\tmarket"], "");
    assert_eq!(plain.stdout, format!("{near:.3} | two cats\n{far:.3} | stock market\n"));
    let json = similarity(&["a cat", "two cats", "stock market", "--json"], "");
    let document: Value = serde_json::from_str(&json.stdout).expect("one document");
    assert!(document["model"].as_str().is_some_and(|name| name.ends_with("tiny-bert")), "{document}");
    assert_eq!(
        document["results"],
        json!([
            {"first": "a cat", "second": "two cats", "line": null, "score": near},
            {"first": "a cat", "second": "stock market", "line": null, "score": far},
        ])
    );
}

#[test]
fn a_matrix_has_a_row_for_every_text() {
    let texts = ["a cat", "two cats", "stock market"];
    let plain = similarity(&[&texts, ["--matrix"].as_slice()].concat(), "");
    let rows: Vec<Vec<f64>> = texts.map(|text| texts.map(|other| score(text, other)).to_vec()).to_vec();
    let line = |(row, text): (&Vec<f64>, &str)| {
        let scores: Vec<String> = row.iter().map(|score| format!("{score:.3}")).collect();
        format!("{} | {text}\n", scores.join(" "))
    };
    assert_eq!(plain.stdout, rows.iter().zip(texts).map(line).collect::<String>());
    let records = similarity(&[&texts, ["--matrix", "--jsonl"].as_slice()].concat(), "").records();
    assert_eq!(records.len(), 3);
    for ((record, text), row) in records.iter().zip(texts).zip(rows) {
        assert_eq!(*record, json!({"text": text, "scores": row}));
    }
}

#[test]
fn pairs_are_lines_with_a_tab_of_a_file_or_standard_input() {
    let input = "a cat\ttwo cats\t4.2\r\n\na cat \t stock market";
    let (near, far) = (score("a cat", "two cats"), score("a cat", "stock market"));
    let plain = similarity(&["--pairs"], input);
    assert_eq!(plain.stdout, format!("{near:.3} | a cat | two cats\n{far:.3} | a cat | stock market\n"));
    assert_eq!((plain.code, plain.stderr.as_str()), (0, "skipped 1 blank line\n"));
    let sandbox = Sandbox::new();
    sandbox.write("pairs.tsv", input);
    let records = sandbox.run_tiny(&["similarity", "--pairs", "pairs.tsv", "--jsonl"]).records();
    assert_eq!(records[1], json!({"first": "a cat", "second": "stock market", "line": 3, "score": far}));
}

#[test]
fn more_pairs_than_are_embedded_together_keep_their_order() {
    let input: Vec<String> = (0..1200).map(|line| format!("cat\tcat {line}")).collect();
    let records = similarity(&["--pairs", "--jsonl"], &input.join("\n")).records();
    assert_eq!(records.len(), 1200);
    for (record, line) in records.iter().zip(0..) {
        assert_eq!(record["second"], format!("cat {line}"));
        assert_eq!(record["line"], line + 1);
    }
    assert_eq!(records[1100]["score"], score("cat", "cat 1100"));
}

#[test]
fn what_is_no_pair_is_an_error_before_anything_is_written() {
    for bad in
        ["a cat\tb\nno tab\n", "a cat\tb\n\tsecond only\n", "a cat\tb\nfirst only\t\n", "a\tb\nc\t\0\n"]
    {
        similarity(&["--pairs"], bad)
            .assert_error("line 2 of standard input is not two texts with a tab between them");
    }
    similarity(&["--pairs"], "\n").assert_error("standard input has no pairs: every line is blank");
    similarity(&["a cat", ""], "").assert_error("a text is empty");
    similarity(&["a cat"], "").assert_error("one text is given, with nothing to compare it with");
    similarity(&["a", "b", "--pairs"], "")
        .assert_error("the argument '[TEXT]...' cannot be used with '--pairs [<FILE>]'");
}

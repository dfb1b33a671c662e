//! `embed analogy`: terms, sources of answers, and invalid input.

use serde_json::Value;

use super::support::{Outcome, Sandbox, tiny_model};

const WORDS: &str = "king\nqueen\nQueen\nman\nwoman\nbread\nharbour\n";

fn with_words() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("words.txt", WORDS);
    sandbox
}

#[test]
fn an_index_a_file_and_standard_input_have_the_same_answers() {
    let sandbox = with_words();
    let terms = ["analogy", "king", "-", "man", "+", "woman", "--jsonl", "-k", "9"];
    let direct = sandbox.run_tiny(&[&terms[..], &["--words", "words.txt"]].concat());
    assert_eq!((direct.code, direct.stderr.as_str()), (0, ""), "{direct:?}");
    assert_eq!(sandbox.run_tiny(&["index", "words.txt"]).code, 0);
    assert_eq!(sandbox.run(&terms), direct);
    let mut piped = sandbox.command(&[&terms[..], &["--words", "-"]].concat());
    let piped = Outcome::of(piped.arg("--model").arg(tiny_model()).write_stdin(WORDS));
    assert_eq!(piped.stdout.replace("\"-", "\"words.txt"), direct.stdout);
}

#[test]
fn terms_and_other_spellings_of_an_answer_are_not_answers() {
    let sandbox = with_words();
    let arguments = ["analogy", "King - man + woman", "--words", "words.txt", "-k", "9"];
    let records = sandbox.run_tiny(&[&arguments[..], &["--jsonl"]].concat()).records();
    let mut texts: Vec<String> =
        records.iter().map(|record| record["text"].as_str().expect("a text").to_lowercase()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["bread", "harbour", "queen"]);
    let ranks: Vec<&Value> = records.iter().map(|record| &record["rank"]).collect();
    assert_eq!(ranks, [1, 2, 3]);
    let scores: Vec<f64> = records.iter().map(|record| record["score"].as_f64().expect("a number")).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    let json = sandbox.run_tiny(&[&arguments[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    assert_eq!(json["analogy"], "King + woman - man");
    assert_eq!(json["results"], Value::from(records));
}

#[test]
fn measure_and_origin_change_scores() {
    let sandbox = with_words();
    let arguments = ["analogy", "king - man + woman", "--words", "words.txt", "-k", "1"];
    let plain = |more: &[&str]| sandbox.run_tiny(&[&arguments[..], more].concat()).stdout;
    let outputs = [
        plain(&[]),
        plain(&["--measure", "sum"]),
        plain(&["--origin", "zero"]),
        plain(&["--origin", "zero", "--measure", "sum"]),
    ];
    assert!(outputs.iter().all(|output| output.lines().count() == 1 && output.contains(" | words.txt:")));
    for (index, output) in outputs.iter().enumerate() {
        assert!(!outputs[..index].contains(output), "{outputs:?}");
    }
}

#[test]
fn invalid_terms_are_refused_and_an_empty_result_has_exit_code_1() {
    let sandbox = with_words();
    sandbox.write("one.txt", "king\n");
    sandbox.write("same.txt", "king\n".repeat(9));
    let run = |arguments: &[&str]| sandbox.run_tiny(&[&["analogy"], arguments].concat());
    run(&["king", "-", "--words", "words.txt"]).assert_error("there is no text after the '-'");
    run(&["", "--words", "words.txt"]).assert_error("a text is empty");
    run(&["king", "-", "king", "--measure", "sum", "--words", "words.txt"])
        .assert_error("the added and subtracted meanings cancel out");
    // Every text is the mean of all, so none has a direction from the mean.
    run(&["king", "--words", "one.txt"]).assert_error("the added and subtracted meanings cancel out");
    run(&["king", "--words", "same.txt"]).assert_error("the added and subtracted meanings cancel out");
    let nothing = Outcome { code: 1, stdout: String::new(), stderr: String::new() };
    assert_eq!(run(&["king", "--words", "same.txt", "--origin", "zero"]), nothing);
    assert_eq!(run(&["king", "--words", "words.txt", "--index", "x"]).code, 2);
    assert!(run(&["king"]).stderr.starts_with("error: there is no index here"));
    assert_eq!(sandbox.run_tiny(&["index", "one.txt"]).code, 0);
    assert_eq!(sandbox.run(&["remove", "one.txt", "--yes"]).code, 0);
    assert_eq!(sandbox.run(&["analogy", "king"]), nothing);
}

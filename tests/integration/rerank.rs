//! `embed rerank` and `embed search --rerank`: lines and results by the score of a cross-encoder.

use serde_json::{Value, json};

use super::cross_encoders::folder;
use super::support::{Outcome, Sandbox, tiny_model};

fn rerank(sandbox: &Sandbox, arguments: &[&str], input: &str) -> Outcome {
    let mut command = sandbox.command(&[&["rerank"], arguments].concat());
    Outcome::of(command.arg("--model").arg(folder("bert")).write_stdin(input))
}

const LINES: &str = "the stock market\n\nItems can be returned within 30 days.\ncat\n";

#[test]
fn lines_come_by_their_score_in_every_form() {
    let sandbox = Sandbox::new();
    let outcome = rerank(&sandbox, &["how do I return an item", "--jsonl"], LINES);
    assert_eq!((outcome.code, outcome.stderr.as_str()), (0, "skipped 1 line: no text; first line 2\n"));
    let records = outcome.records();
    assert_eq!(records.len(), 3);
    let score = |record: &Value| record["score"].as_f64().expect("a score is a number");
    assert!(records.is_sorted_by(|a, b| score(a) >= score(b)), "{records:?}");
    let returned = records.iter().find(|record| record["line"] == 3).expect("every line is there");
    assert!((score(returned) - 0.770_549_8).abs() < 1e-5, "{returned}");
    let fields: Vec<&String> = returned.as_object().expect("an object").keys().collect();
    assert_eq!(fields, ["rank", "score", "line", "text"]);
    let ranks: Vec<&Value> = records.iter().map(|record| &record["rank"]).collect();
    assert_eq!(ranks, [1, 2, 3]);

    let plain = rerank(&sandbox, &["how do I return an item"], LINES);
    let line = |record: &Value| {
        format!(
            "{:.3} | {} | {}\n",
            score(record),
            record["line"],
            record["text"].as_str().unwrap_or_default()
        )
    };
    assert_eq!(plain.stdout, records.iter().map(line).collect::<String>());
    sandbox.write("lines.txt", LINES);
    let file = rerank(&sandbox, &["how do I return an item", "lines.txt", "-k", "1", "--quiet"], "");
    assert!(file.stdout.contains(&format!(" | lines.txt:{} | ", records[0]["line"])), "{file:?}");
    assert_eq!((file.stdout.lines().count(), file.stderr.as_str()), (1, ""));

    let document = rerank(&sandbox, &["how do I return an item", "--json"], LINES);
    let document: Value = serde_json::from_str(&document.stdout).expect("one document");
    assert!(document["model"].as_str().is_some_and(|name| name.ends_with("bert")), "{document}");
    assert_eq!(document["results"], json!(records));
}

#[test]
fn results_of_a_search_keep_their_fields() {
    let sandbox = Sandbox::with_docs();
    let found = sandbox.run_tiny(&["search", "how do I return", "docs.txt", "--jsonl"]);
    assert_eq!(found.code, 0, "{found:?}");
    let arguments = ["how do I return", "--input-format", "jsonl", "--jsonl"];
    let again = rerank(&sandbox, &arguments, &found.stdout);
    let mut records = again.records();
    assert_eq!(records.len(), 3);
    records.sort_by_key(|record| record["rank"].as_u64());
    assert_eq!(records.len(), found.records().len());
    for (record, before) in records.iter_mut().zip(found.records()) {
        let score = record.as_object_mut().and_then(|fields| fields.shift_remove("rerank"));
        assert!(score.is_some_and(|score| score.is_number()));
        assert_eq!(*record, before);
    }
    let piped = rerank(&sandbox, &["how do I return", "--jsonl"], &found.stdout);
    assert_eq!(piped, again, "standard input of such objects needs no flag");
    let twice = rerank(&sandbox, &arguments, &again.stdout);
    assert_eq!(twice.stdout, again.stdout);
    let plain = rerank(&sandbox, &["how do I return", "--input-format", "jsonl"], &found.stdout);
    assert!(plain.stdout.lines().all(|line| line.contains(" | docs.txt:")), "{plain:?}");
}

#[test]
fn lines_that_are_no_objects_with_a_text_stay_lines() {
    let sandbox = Sandbox::new();
    for input in ["{\"n\": 1}\n{\"n\": 2}\n", "{text}\n", "  {\n\"text\": 1}\n"] {
        let records = rerank(&sandbox, &["cat", "--jsonl"], input).records();
        assert_eq!(records.len(), input.lines().count(), "{input}");
        assert!(records.iter().all(|record| record["line"].is_u64()), "{input}");
    }
}

#[test]
fn what_is_not_text_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.write("blob.bin", b"\x7fELF\0\x01\nmore\n");
    rerank(&sandbox, &["cat", "blob.bin"], "")
        .assert_error("blob.bin is not a text file: line 1 has a NUL byte");
    rerank(&sandbox, &["cat"], "a\n\0\n")
        .assert_error("standard input is not a text file: line 2 has a NUL byte");
}

#[test]
fn a_search_for_nothing_exits_with_1() {
    let sandbox = Sandbox::new();
    let none = rerank(&sandbox, &["cat", "--min-score", "1000"], LINES);
    assert_eq!((none.code, none.stdout.as_str()), (1, ""));
    assert_eq!(rerank(&sandbox, &["cat"], "").code, 1);
    assert_eq!(rerank(&sandbox, &["cat", "--min-score", "-1000"], LINES).stdout.lines().count(), 3);
}

#[test]
fn cut_lines_are_counted() {
    let long = "the stock market fell today and ".repeat(40);
    let outcome = rerank(&Sandbox::new(), &["cat"], &format!("{long}\ncat\n"));
    assert_eq!(outcome.stderr, "truncated 1 line to the limit of the model\n");
}

#[test]
fn integers_give_nearly_the_same_scores() {
    let sandbox = Sandbox::new();
    let score = |precision| {
        let outcome = rerank(&sandbox, &["cat", "--precision", precision, "--jsonl"], "the stock market\n");
        outcome.records()[0]["score"].as_f64().expect("a score is a number")
    };
    let difference = (score("f32") - score("int8")).abs();
    assert!(difference > 0.0 && difference < 0.1, "{difference}");
}

#[test]
fn models_of_the_other_kind_are_refused_with_the_mend() {
    let sandbox = Sandbox::with_docs();
    let model = tiny_model();
    let model = model.to_string_lossy();
    let embedder = sandbox.run(&["rerank", "cat", "docs.txt", "--model", &model]);
    embedder.assert_error(&format!(
        "{model}/model.safetensors is not a cross-encoder, which scores a query and a text together: it has no tensor classifier.weight"
    ));
    assert!(embedder.stderr.contains("hint: name a sequence-classification model"), "{embedder:?}");
    let model = folder("bert");
    let model = model.to_string_lossy();
    let cross = sandbox.run(&["search", "cat", "docs.txt", "--model", &model]);
    cross.assert_error(&format!(
        "{model} is a cross-encoder: it scores a query and a text together and computes no vectors"
    ));
    assert!(cross.stderr.contains("hint: use it with 'embed rerank --model MODEL'"), "{cross:?}");
    rerank(&sandbox, &[" "], "").assert_error("the query is empty");
}

fn cross_encoder() -> String {
    folder("bert").to_str().expect("the path of the fixture is text").to_owned()
}

/// The results of a search in five lines that the tiny cross-encoder reads, and what was said.
fn reranked(query: &str, more: &[&str]) -> (Vec<Value>, String) {
    let sandbox = Sandbox::with_docs();
    let model = cross_encoder();
    let fixed = ["search", query, "docs.txt", "--jsonl", "--rerank", model.as_str()];
    let arguments = [fixed.as_slice(), more].concat();
    let outcome = sandbox.run(&arguments);
    assert_eq!(outcome.code, 0, "{outcome:?}");
    (outcome.records(), outcome.stderr)
}

#[test]
fn the_best_results_of_a_search_are_read_and_their_scores_move() {
    let number = |record: &Value, field: &str| record[field].as_f64().expect("a number");
    let (records, said) = reranked("free returns", &["-k", "5", "--rerank-weight", "2"]);
    assert_eq!(records.len(), 5);
    for record in &records {
        let expected = number(record, "cosine") + number(record, "words") + 2.0 * number(record, "rerank");
        assert!((number(record, "score") - expected).abs() < 1e-4, "{record}");
    }
    assert!(records.is_sorted_by(|a, b| number(a, "score") >= number(b, "score")));
    assert!(said.starts_with("reranked 5 results in "), "{said}");

    let (records, said) = reranked("free returns", &["-k", "2", "--rerank-top", "3"]);
    assert_eq!(records.len(), 2);
    assert!(said.starts_with("reranked 3 results in "), "{said}");
    let (records, _) = reranked("free returns", &["-k", "5", "--min-score", "9", "--rerank-weight", "1e9"]);
    assert!(!records.is_empty(), "the least score is that after reranking");
    let (_, said) = reranked("free returns", &["--rerank-seconds", "0.000001"]);
    assert!(said.contains("reranked 4 results") && said.contains("skipped 1 more"), "{said}");
}

#[test]
fn a_cross_encoder_reads_the_query_without_its_marks_and_no_names_of_sums() {
    let logits = |query: &str, more: &[&str]| -> Vec<String> {
        let (mut records, _) = reranked(query, &[&["-k", "1", "--where", "id = 1"], more].concat());
        records.drain(..).map(|record| record["rerank"].to_string()).collect()
    };
    assert_eq!(logits("\"full refund\" -shipping", &[]), logits("full refund", &[]));
    assert_ne!(logits("\"full refund\"", &["--by", "meaning"]), logits("full refund", &["--by", "meaning"]));
    assert_eq!(logits("full refund", &["--plus", "money"]), logits("full refund", &[]));
}

#[test]
fn a_model_that_cannot_rerank_is_refused_before_anything_is_read() {
    let sandbox = Sandbox::with_docs();
    let tiny = tiny_model();
    let tiny = tiny.to_str().expect("the path of the fixture is text");
    let refused = sandbox.run(&["search", "refund", "docs.txt", "--rerank", tiny]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    sandbox
        .run(&["search", "refund", "docs.txt", "--rerank-top", "3"])
        .assert_error("the following required arguments were not provided: --rerank <MODEL>");
}

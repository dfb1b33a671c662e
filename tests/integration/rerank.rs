//! `embed rerank`: lines by the score of a cross-encoder.

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
    for (record, before) in records.iter_mut().zip(found.records()) {
        let score = record.as_object_mut().and_then(|fields| fields.shift_remove("rerank"));
        assert!(score.is_some_and(|score| score.is_number()));
        assert_eq!(*record, before);
    }
    let twice = rerank(&sandbox, &arguments, &again.stdout);
    assert_eq!(twice.stdout, again.stdout);
    let plain = rerank(&sandbox, &["how do I return", "--input-format", "jsonl"], &found.stdout);
    assert!(plain.stdout.lines().all(|line| line.contains(" | docs.txt:")), "{plain:?}");
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
    assert_eq!(outcome.stderr, "the model read only the beginning of 1 line\n");
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

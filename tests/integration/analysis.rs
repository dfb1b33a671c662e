//! `embed duplicates`, `embed cluster` and `embed eval`: results, formats, and invalid input.

use serde_json::Value;

use super::support::{Outcome, Sandbox, tiny_model};

/// Three distinct texts: one once, one twice, one three times.
const COPIES: &str = "\
a red apple
the stock market fell
a red apple
rain in the evening
the stock market fell
a red apple
";

fn with_copies() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("copies.txt", COPIES);
    sandbox
}

fn field(records: &[Value], name: &str) -> Vec<Value> {
    records.iter().map(|record| record[name].clone()).collect()
}

fn of_json(outcome: &Outcome) -> Value {
    assert_eq!(outcome.code, 0, "{outcome:?}");
    serde_json::from_str(&outcome.stdout).expect("one JSON document")
}

#[test]
fn duplicates_are_shown_as_groups_pairs_or_remaining_texts() {
    let sandbox = with_copies();
    let run = |arguments: &[&str]| {
        let base = ["duplicates", "copies.txt", "--threshold", "0.9999"];
        let outcome = sandbox.run_tiny(&[&base, arguments].concat());
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{outcome:?}");
        outcome.stdout
    };
    let groups = "\
1 | 1.000 | copies.txt:1 | a red apple
1 | 1.000 | copies.txt:3 | a red apple
1 | 1.000 | copies.txt:6 | a red apple
2 | 1.000 | copies.txt:2 | the stock market fell
2 | 1.000 | copies.txt:5 | the stock market fell
";
    assert_eq!(run(&[]), groups);
    let pairs = "\
1.000 | copies.txt:1 | copies.txt:3 | a red apple | a red apple
1.000 | copies.txt:1 | copies.txt:6 | a red apple | a red apple
1.000 | copies.txt:2 | copies.txt:5 | the stock market fell | the stock market fell
1.000 | copies.txt:3 | copies.txt:6 | a red apple | a red apple
";
    assert_eq!(run(&["--pairs"]), pairs);
    assert_eq!(run(&["--keep", "first"]), "a red apple\nthe stock market fell\nrain in the evening\n");
}

#[test]
fn an_index_a_file_and_standard_input_have_the_same_duplicates() {
    let sandbox = with_copies();
    sandbox.write("others.txt", "something else\na red apple\n");
    assert_eq!(sandbox.run_tiny(&["index", "others.txt", "copies.txt"]).code, 0);
    assert_eq!(sandbox.run(&["remove", "others.txt"]).code, 0);
    let indexed = sandbox.run(&["duplicates", "--jsonl"]);
    assert_eq!(indexed.stderr, "threshold 0.9000, chosen from the scores of 6 texts\n");
    let direct = sandbox.run_tiny(&["duplicates", "copies.txt", "--jsonl"]);
    assert_eq!(indexed, direct);
    let mut piped = sandbox.command(&["duplicates", "-", "--jsonl"]);
    let piped = Outcome::of(piped.arg("--model").arg(tiny_model()).write_stdin(COPIES));
    assert_eq!(piped.stdout.replace("-:", "copies.txt:").replace("\"-\"", "\"copies.txt\""), direct.stdout);
    assert!(!direct.records().is_empty());
}

#[test]
fn json_and_jsonl_have_the_same_records() {
    let sandbox = with_copies();
    for arguments in [
        &["duplicates", "copies.txt", "-t", "0.9999"][..],
        &["duplicates", "copies.txt", "-t", "0.9999", "--pairs"],
        &["duplicates", "copies.txt", "-t", "0.9999", "--keep", "first"],
        &["cluster", "copies.txt", "-k", "2"],
        &["cluster", "copies.txt", "-t", "0.9999", "--min-size", "2", "--members"],
    ] {
        let json = of_json(&sandbox.run_tiny(&[arguments, &["--json"]].concat()));
        let jsonl = sandbox.run_tiny(&[arguments, &["--jsonl"]].concat());
        assert_eq!(json["results"], Value::from(jsonl.records()), "{arguments:?}");
        assert!(!jsonl.records().is_empty(), "{arguments:?}");
        assert!(json["model"].as_str().expect("a name").ends_with("tiny-bert"), "{json}");
    }
}

#[test]
fn communities_contain_the_neighbours_of_their_centre_only() {
    let sandbox = with_copies();
    let base = ["cluster", "copies.txt", "--threshold", "0.9999", "--min-size", "2"];
    let found = sandbox.run_tiny(&[&base[..], &["--examples", "1"]].concat());
    let expected = "\
1 | 3 texts | apple, red
    1.000 | copies.txt:1 | a red apple
2 | 2 texts | fell, market, stock
    1.000 | copies.txt:2 | the stock market fell
";
    assert_eq!(found.stdout, expected);
    assert_eq!(found.stderr, "2 clusters of 5 texts; 1 in none\n");
    let members = sandbox.run_tiny(&[&base[..], &["--members", "--jsonl"]].concat()).records();
    assert_eq!(Value::from(field(&members, "cluster")), serde_json::json!([1, 2, 1, null, 2, 1]));
    assert_eq!(members[3]["score"], Value::Null);
    let plain = sandbox.run_tiny(&[&base[..], &["--members"]].concat());
    assert_eq!(plain.stdout.lines().nth(3), Some("- | - | copies.txt:4 | rain in the evening"));
}

#[test]
fn k_means_is_deterministic_and_makes_no_more_clusters_than_distinct_texts() {
    let sandbox = with_copies();
    let members = |arguments: &[&str]| {
        let run = sandbox.run_tiny(&[&["cluster", "copies.txt", "--members", "--jsonl"], arguments].concat());
        (Value::from(field(&run.records(), "cluster")), run.stderr)
    };
    let three = serde_json::json!([1, 2, 1, 3, 2, 1]);
    assert_eq!(members(&["-k", "3", "--seed", "7"]), (three.clone(), String::new()));
    assert_eq!(members(&["-k", "3", "--seed", "7", "--threads", "1"]), (three.clone(), String::new()));
    assert_eq!(members(&["-k", "9"]), (three, "only 3 clusters can be made of 6 texts\n".to_owned()));
    let (_, chosen) = members(&[]);
    assert!(chosen.starts_with("2 clusters, silhouette 0."), "{chosen}");
}

#[test]
fn one_text_equal_texts_and_an_empty_index_are_handled() {
    let sandbox = Sandbox::new();
    sandbox.write("one.txt", "alone\n");
    sandbox.write("equal.txt", "same\n".repeat(30));
    let nothing = Outcome { code: 1, stdout: String::new(), stderr: String::new() };
    assert_eq!(sandbox.run_tiny(&["duplicates", "one.txt", "-t", "0.5"]), nothing);
    let kept = sandbox.run_tiny(&["duplicates", "one.txt", "-t", "0.5", "--keep", "first"]);
    assert_eq!((kept.code, kept.stdout.as_str()), (0, "alone\n"));
    let equal = sandbox.run_tiny(&["duplicates", "equal.txt", "--keep", "first"]);
    assert_eq!(equal.stdout, "same\n");
    assert_eq!(equal.stderr, "threshold 0.9999, chosen from the scores of 30 texts\n");
    for file in ["one.txt", "equal.txt"] {
        let clusters = sandbox.run_tiny(&["cluster", file, "--jsonl"]);
        assert_eq!(clusters.stderr, "1 cluster, silhouette 0.000\n");
        assert_eq!(clusters.records().len(), 1);
    }
    assert_eq!(sandbox.run_tiny(&["index", "one.txt"]).code, 0);
    assert_eq!(sandbox.run(&["remove", "one.txt", "--yes"]).code, 0);
    for arguments in [&["duplicates", "-q"][..], &["cluster", "-q"], &["cluster", "-q", "-t", "0.5"]] {
        assert_eq!(sandbox.run(arguments), nothing, "{arguments:?}");
    }
}

#[test]
fn invalid_thresholds_and_counts_are_refused() {
    let sandbox = with_copies();
    for (arguments, message) in [
        (
            &["duplicates", "-t", "nan"][..],
            "invalid value 'nan' for '--threshold <SCORE>': it must be a number, such as 0.5",
        ),
        (
            &["cluster", "-t", "inf"],
            "invalid value 'inf' for '--threshold <SCORE>': it must be a number, such as 0.5",
        ),
        (&["cluster", "-k", "0"], "invalid value '0' for '--count <K>': it must be at least 1"),
        (&["duplicates"], "there is no index here: no .embed in"),
        (&["duplicates", "copies.txt", "--index", "x"], "--index cannot be used with paths to search"),
        (&["cluster", "-", "-"], "standard input is named twice"),
        (&["cluster", "missing.txt"], "missing.txt"),
    ] {
        let outcome = sandbox.run(arguments);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""), "{outcome:?}");
        let first = outcome.stderr.lines().next().unwrap_or_default();
        assert!(first.starts_with("error: ") && first.contains(message), "{outcome:?}");
    }
}

/// A folder in the layout of BEIR whose documents equal its queries, so that any model ranks them first.
fn with_benchmark() -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir_all(sandbox.path().join("data/qrels")).expect("the sandbox is writable");
    let texts = ["a red apple", "the stock market fell", "rain in the evening"];
    let record =
        |(number, text): (usize, &&str)| format!("{{\"_id\": \"{number}\", \"text\": \"{text}\"}}\n");
    let records: String = texts.iter().enumerate().map(record).collect();
    sandbox.write("data/corpus.jsonl", &records);
    sandbox.write("data/queries.jsonl", &records);
    sandbox
}

#[test]
fn eval_measures_every_setting_on_a_benchmark() {
    let sandbox = with_benchmark();
    sandbox
        .write("data/qrels/test.tsv", "query-id\tcorpus-id\tscore\n0\t0\t1\n1\t1\t1\n1\tgone\t1\n9\t0\t1\n");
    let base = ["eval", "data", "--recall-at", "1", "--pooling", "mean", "--pooling", "cls"];
    let plain = sandbox.run_tiny(&base);
    // The second query has two relevant documents, one of them absent: 1 / (1 + 1 / log2(3)) = 0.6131.
    let expected = "\
pooling | nDCG@10 | recall@1 | MRR@10 | by      | query prefix
mean    | 0.8066  | 0.7500   | 1.0000 | meaning |
cls     | 0.8066  | 0.7500   | 1.0000 | meaning |
";
    assert_eq!(plain.stdout, expected);
    assert_eq!(
        plain.stderr,
        "left out 1 judged id without a query\nnot in the corpus, so never found: 1 relevant document\n"
    );
    let prefixes = ["--query-prefix", "", "--query-prefix", "find: "];
    let json = of_json(&sandbox.run_tiny(&[&base[..], &prefixes, &["--json"]].concat()));
    let results = json["results"].as_array().expect("a list");
    let settings: Vec<_> =
        results.iter().map(|result| (&result["pooling"], &result["query_prefix"])).collect();
    let expected = [("mean", ""), ("mean", "find: "), ("cls", ""), ("cls", "find: ")];
    assert_eq!(settings.len(), expected.len());
    assert!(
        settings
            .iter()
            .zip(expected)
            .all(|(found, (pooling, prefix))| *found.0 == pooling && *found.1 == prefix)
    );
    assert_eq!(results[0]["queries"], 2);
    let ndcg = results[0]["ndcg@10"].as_f64().expect("a number");
    let expected = f64::midpoint(1.0, 1.0 / (1.0 + 1.0 / 3_f64.log2()));
    assert!((ndcg - expected).abs() < 1e-12, "{ndcg}");
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[test]
fn eval_measures_several_models_side_by_side() {
    let sandbox = with_benchmark();
    sandbox.write("pairs.tsv", "5\ta red apple\ta red apple\n1\ta red apple\train\n");
    std::fs::create_dir(sandbox.path().join("copy")).expect("the sandbox is writable");
    for entry in std::fs::read_dir(tiny_model()).expect("the fixture is there") {
        let path = entry.expect("an entry").path();
        if path.is_file() {
            std::fs::copy(&path, sandbox.path().join("copy").join(path.file_name().expect("a name")))
                .expect("the sandbox is writable");
        }
    }
    let arguments = ["eval", "--sts", "pairs.tsv", "--model", "copy"];
    let plain = sandbox.run_tiny(&arguments).stdout;
    let lines: Vec<&str> = plain.lines().collect();
    let heads = "pooling | Spearman | Pearson | dimension | texts/s | index MB | model";
    assert_eq!(words(lines[0]), words(heads));
    assert!(lines[1].starts_with("mean    | 1.0000   | 1.0000  | ") && lines[1].ends_with("copy"), "{plain}");
    assert!(lines[2].ends_with("tiny-bert"), "{plain}");
    assert_eq!(lines.len(), 3);
    let json = of_json(&sandbox.run_tiny(&[&arguments[..], &["--json"]].concat()));
    assert_eq!(json["model"], Value::Null);
    let both = [&arguments[..], &["--precision", "f32", "--precision", "int8"]].concat();
    let both = sandbox.run_tiny(&both).stdout;
    let heads = heads.replace("model", "precision | model");
    assert_eq!(both.lines().next().map(words), Some(words(&heads)));
    let measured = &json["results"][0];
    assert!(measured["texts_per_second"].as_f64().is_some_and(|speed| speed > 0.0), "{measured}");
    assert_eq!((measured["dimension"].as_u64(), &measured["price"]), (Some(32), &Value::Null), "{measured}");
    // Four rows of 32 float32, with codes of 6 and 2 bits in blocks of 64, and checksums of four bytes.
    assert_eq!(measured["index_bytes"], 4 * (128 + (8 + 48) + (4 + 16)) + 4 * 4, "{measured}");
    let settings: Vec<Vec<&str>> =
        both.lines().skip(1).map(|line| line.split(" | ").skip(6).map(str::trim).collect()).collect();
    assert_eq!(settings.iter().map(|row| row[0]).collect::<Vec<_>>(), ["f32", "int8", "f32", "int8"]);
    assert!(settings[1][1].ends_with("copy") && settings[2][1].ends_with("tiny-bert"), "{both}");
    assert!(json["results"][0]["model"].as_str().expect("a name").ends_with("copy"), "{json}");
}

#[test]
fn eval_measures_pairs_and_refuses_malformed_data() {
    let sandbox = with_benchmark();
    sandbox.write("pairs.tsv", "score\tfirst\tsecond\n5\ta red apple\ta red apple\n1\ta red apple\train\n");
    let pairs = sandbox.run_tiny(&["eval", "--sts", "pairs.tsv"]);
    assert_eq!(pairs.stdout, "pooling | Spearman | Pearson\nmean    | 1.0000   | 1.0000\n");
    sandbox.write("same.tsv", "5\ta\ta\n5\tb\tb\n");
    let same = of_json(&sandbox.run_tiny(&["eval", "--sts", "same.tsv", "--json"]));
    assert_eq!(same["results"][0]["spearman"], Value::Null);
    sandbox.write("data/qrels/test.tsv", "query-id\tcorpus-id\tscore\n0 0 1\n");
    let message =
        "data/qrels/test.tsv, line 2: not a query id, a document id and an integer, separated by tabs";
    sandbox.run_tiny(&["eval", "data"]).assert_error(message);
    let missing = sandbox.run_tiny(&["eval", "nowhere"]);
    assert!(missing.stderr.starts_with("error: nowhere/corpus.jsonl cannot be read: "), "{missing:?}");
    assert_eq!(sandbox.run(&["eval"]).code, 2);
}

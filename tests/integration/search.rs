//! `embed search`: results, formats, streams and exit codes.

use std::collections::BTreeSet;

use super::support::{Outcome, Sandbox, tiny_model};

#[cfg(feature = "bundled-model")]
#[test]
fn sending_something_back_finds_the_return_policy() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run(&["index", "docs.txt"]).code, 0);
    let expected = "\
0.609 | docs.txt:1 | Return policy: Items can be returned within 30 days for a full refund.
0.521 | docs.txt:4 | Customer service is available Monday-Friday 9am-6pm EST.
0.446 | docs.txt:2 | Shipping: We offer free shipping on orders over $50.
";
    let found = sandbox.run(&["search", "How do I send something back?"]);
    assert_eq!(found, Outcome { code: 0, stdout: expected.to_owned(), stderr: String::new() });
    assert_eq!(sandbox.run(&["search", "How do I send something back?", "docs.txt"]), found);
}

#[test]
fn an_index_and_the_file_itself_give_the_same_records() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    let indexed = sandbox.run(&["search", "free returns", "-k", "9", "--jsonl"]);
    let direct = sandbox.run_tiny(&["search", "free returns", "docs.txt", "-k", "9", "--jsonl"]);
    assert_eq!(indexed, direct);
    assert_eq!(indexed.records().len(), 5);
}

#[test]
fn a_record_has_the_documented_fields_and_its_bytes_are_those_of_the_source() {
    let sandbox = Sandbox::with_docs();
    let source = include_str!("../../examples/docs.txt");
    let found = sandbox.run_tiny(&["search", "ship", "docs.txt", "--jsonl", "-k", "5"]);
    let records = found.records();
    assert_eq!(records.len(), 5);
    for (index, record) in records.iter().enumerate() {
        let fields: Vec<&str> = record.as_object().expect("an object").keys().map(String::as_str).collect();
        let expected = "query query_line rank score id source line end_line start_byte end_byte document text metadata \
             cosine words confidence";
        assert_eq!(fields.join(" "), expected);
        assert_eq!(record["rank"], index + 1);
        assert!(record["query_line"].is_null());
        let place = |field: &str| record[field].as_u64().expect("a place") as usize;
        let text = record["text"].as_str().expect("a text");
        assert_eq!(&source[place("start_byte")..place("end_byte")], text);
        assert_eq!(source.lines().nth(place("line") - 1), Some(text));
        assert_eq!(record["id"], format!("docs.txt:{}", place("line")));
    }
    let scores: Vec<f64> = records.iter().map(|record| record["score"].as_f64().expect("a score")).collect();
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
}

#[test]
fn json_is_one_document_and_jsonl_the_same_records_a_line_each() {
    let sandbox = Sandbox::with_docs();
    let json = sandbox.run_tiny(&["search", "ship", "docs.txt", "--json"]);
    let jsonl = sandbox.run_tiny(&["search", "ship", "docs.txt", "--jsonl"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("one JSON document");
    assert_eq!(document["results"], serde_json::Value::Array(jsonl.records()));
    assert!(document["model"].as_str().is_some_and(|model| model.ends_with("tiny-bert")));
}

#[test]
fn nothing_above_the_minimum_score_is_exit_code_1_and_an_empty_list() {
    let sandbox = Sandbox::with_docs();
    let none = ["search", "ship", "docs.txt", "--min-score", "1.5"];
    let plain = sandbox.run_tiny(&none);
    assert_eq!(plain, Outcome { code: 1, stdout: String::new(), stderr: String::new() });
    let json = sandbox.run_tiny(&[none.as_slice(), &["--json"]].concat());
    assert_eq!(json.code, 1);
    assert!(json.stdout.ends_with("\"results\":[]}\n"), "{json:?}");
    assert_eq!(
        sandbox.run_tiny(&["search", "ship", "docs.txt", "--min-score", "-1"]).stdout.lines().count(),
        3
    );
}

#[test]
fn a_file_of_queries_answers_each_with_its_line_and_skips_blank_ones() {
    let sandbox = Sandbox::with_docs();
    sandbox.write("questions.txt", "free shipping\n\n  \npay by card\n");
    let many = sandbox.run_tiny(&["search", "--queries", "questions.txt", "docs.txt", "-k", "2", "--jsonl"]);
    assert_eq!(many.stderr, "skipped 2 blank lines\n");
    let records = many.records();
    let lines: Vec<u64> =
        records.iter().map(|record| record["query_line"].as_u64().expect("a line")).collect();
    assert_eq!(lines, [1, 1, 4, 4]);
    for query in ["free shipping", "pay by card"] {
        let alone = sandbox.run_tiny(&["search", query, "docs.txt", "-k", "2", "--jsonl"]).records();
        let together = records.iter().filter(|record| record["query"] == query);
        let id = |record: &serde_json::Value| (record["id"].to_string(), record["score"].to_string());
        let together: Vec<_> = together.map(id).collect();
        assert_eq!(together.len(), 2);
        assert_eq!(together, alone.iter().map(id).collect::<Vec<_>>());
    }
    let plain = sandbox.run_tiny(&["search", "--queries", "questions.txt", "docs.txt", "-k", "1"]);
    let first: BTreeSet<&str> = plain.stdout.lines().filter_map(|line| line.split(" | ").next()).collect();
    assert_eq!(first, BTreeSet::from(["free shipping", "pay by card"]));
}

#[test]
fn standard_input_is_a_file_or_the_queries_but_not_both() {
    let sandbox = Sandbox::with_docs();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let file = sandbox.run_with_input(&["search", "cat", "-", "--jsonl", "--model", model], "a dog\na cat\n");
    assert_eq!(file.records().len(), 2);
    assert_eq!(file.records()[0]["source"], "-");
    let queries = ["search", "--queries", "-", "docs.txt", "-k1", "--jsonl", "--model", model];
    assert_eq!(sandbox.run_with_input(&queries, "ship\npay\n").records().len(), 2);
    sandbox.run(&["search", "--queries", "-", "-"]).assert_error("standard input is named twice");
    sandbox.run(&["search", "cat", "-", "-"]).assert_error("standard input is named twice");
}

#[test]
fn equal_texts_come_in_the_order_of_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("same.txt", "cat\ndog\ncat\ncat\n");
    let records = sandbox.run_tiny(&["search", "cat", "same.txt", "--jsonl"]).records();
    let lines: Vec<u64> = records.iter().map(|record| record["line"].as_u64().expect("a line")).collect();
    assert_eq!(lines, [1, 3, 4]);
}

#[test]
fn the_answer_is_the_same_for_any_number_of_threads() {
    let sandbox = Sandbox::with_docs();
    let with = |threads: &str| {
        sandbox.run_tiny(&["search", "ship", "docs.txt", "-k", "9", "--jsonl", "--threads", threads])
    };
    assert_eq!(with("1"), with("3"));
    assert_eq!(with("1").code, 0);
}

#[test]
fn k_beyond_the_number_of_documents_gives_all_of_them() {
    let sandbox = Sandbox::with_docs();
    let all = sandbox.run_tiny(&["search", "ship", "docs.txt", "-k", &usize::MAX.to_string()]);
    assert_eq!((all.code, all.stdout.lines().count()), (0, 5));
}

#[test]
fn bytes_that_are_not_utf8_and_windows_line_ends_are_no_errors() {
    let sandbox = Sandbox::new();
    sandbox.write("mixed.txt", b"\xef\xbb\xbfa cat\r\n\r\ncaf\xe9 dog\r\n");
    let found = sandbox.run_tiny(&["search", "cat", "mixed.txt", "--jsonl"]);
    assert_eq!(found.stderr, "bytes that are not UTF-8 were replaced in 1 line\n");
    let mut texts: Vec<String> = found.records().iter().map(|record| record["text"].to_string()).collect();
    texts.sort_unstable();
    assert_eq!(texts, ["\"a cat\"", "\"caf\u{fffd} dog\""]);
    let quiet = sandbox.run_tiny(&["search", "cat", "mixed.txt", "--quiet"]);
    assert_eq!((quiet.code, quiet.stderr.as_str()), (0, ""));
}

#[test]
fn color_is_used_when_asked_for_and_never_in_a_pipe_by_itself() {
    let sandbox = Sandbox::with_docs();
    let search = ["search", "ship", "docs.txt"];
    assert!(!sandbox.run_tiny(&search).stdout.contains('\u{1b}'));
    let colored = sandbox.run_tiny(&[search.as_slice(), &["--color", "always"]].concat());
    assert!(colored.stdout.contains('\u{1b}'));
}

#[cfg(unix)]
#[test]
fn a_reader_that_closes_its_end_ends_the_run_quietly() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    let sandbox = Sandbox::new();
    sandbox.write("many.txt", "a cat and a dog\n".repeat(5000));
    let mut child = Command::new(assert_cmd::cargo::cargo_bin("embed"))
        .current_dir(sandbox.path())
        .args(["search", "cat", "many.txt", "-k", "5000", "--model"])
        .arg(tiny_model())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().expect("a pipe")).read_line(&mut line).expect("a line");
    let output = child.wait_with_output().expect("the binary ends");
    assert!(line.contains("many.txt:1"), "{line}");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn a_document_of_standard_input_can_be_named_by_its_id() {
    let sandbox = Sandbox::new();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let like = ["search", "--like", "-:1", "-", "--jsonl", "--model", model];
    let found = sandbox.run_with_input(&like, "a cat\na dog\n");
    assert_eq!((found.code, found.records().len()), (0, 1), "{found:?}");
    assert_eq!(found.records()[0]["id"], "-:2");
}

#[test]
fn a_query_that_begins_with_a_dash_is_shown_its_place() {
    let sandbox = Sandbox::with_docs();
    let hint = |arguments: &[&str]| {
        let refused = sandbox.run_tiny(&[&["search"], arguments].concat());
        assert_eq!(refused.code, 2, "{refused:?}");
        refused.stderr.lines().nth(1).unwrap_or_default().to_owned()
    };
    let example = |text: &str| {
        format!(
            "hint: put '--' before words that begin with '-', and options before '--': embed search -- \"{text}\""
        )
    };
    assert_eq!(hint(&["-v flag"]), example("-v flag"));
    assert_eq!(hint(&["-kubernetes pods", "docs.txt"]), example("-kubernetes pods"));
    assert_eq!(
        hint(&["-x"]),
        "hint: try '--help'; words that begin with '-' go after '--', options before it"
    );
    assert_eq!(hint(&["cat", "--jsn"]), "hint: a similar argument exists: '--json'");
    assert_eq!(hint(&["cat", "-k", "none"]), "hint: try '--help'");
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let found = sandbox.run(&["search", "-k1", "--model", model, "--", "-v flag", "docs.txt"]);
    assert_eq!((found.code, found.stdout.lines().count()), (0, 1), "{found:?}");
}

#[test]
fn flags_for_reading_files_are_refused_where_no_file_is_read() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    let flags: [&[&str]; 9] = [
        &["--input-format", "lines"],
        &["--encoding", "latin1"],
        &["--text", "body"],
        &["--id", "id"],
        &["--passage-tokens", "64"],
        &["--passage-overlap", "0"],
        &["--hidden"],
        &["--no-ignore"],
        &["--glob", "*.md"],
    ];
    let commands: [&[&str]; 5] = [
        &["search", "ship"],
        &["duplicates"],
        &["cluster"],
        &["analogy", "king - man + woman"],
        &["index", "--rebuild"],
    ];
    for command in commands {
        for flag in flags {
            if command[0] == "search" && flag[0] == "--glob" {
                continue;
            }
            let refused = sandbox.run(&[command, flag].concat());
            refused.assert_error(&format!(
                "{} sets how files are read, but the files of the index were read when it was built",
                flag[0]
            ));
            assert_eq!(refused.stderr.lines().count(), 2, "{refused:?}");
        }
    }
    assert_eq!(sandbox.run_tiny(&["search", "ship", "docs.txt", "--glob", "*.md"]).code, 0);
}

#[test]
fn globs_select_sources_of_the_index() {
    let sandbox = Sandbox::with_docs();
    std::fs::create_dir(sandbox.path().join("notes")).expect("the sandbox is writable");
    sandbox.write("notes/a.md", "a cat\n");
    sandbox.write("notes/b.txt", "a dog\n");
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt", "notes"]).code, 0);
    let sources = |globs: &[&str]| {
        let flags: Vec<&str> = globs.iter().flat_map(|glob| ["--glob", glob]).collect();
        let found = sandbox.run(&[&["search", "a cat", "-k", "99", "--jsonl"], flags.as_slice()].concat());
        assert!(found.code < 2, "{found:?}");
        let names =
            found.records().iter().map(|record| record["source"].to_string()).collect::<BTreeSet<_>>();
        names.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(sources(&["*.md"]), "\"notes/a.md\"");
    assert_eq!(sources(&["!*.md"]), "\"docs.txt\" \"notes/b.txt\"");
    assert_eq!(sources(&["notes/*", "!*.txt"]), "\"notes/a.md\"");
    assert_eq!(sources(&["*.pdf"]), "");
    let wrong = sandbox.run(&["search", "a cat", "--glob", "{a"]);
    assert!(
        wrong.code == 2 && wrong.stderr.starts_with("error: the pattern \"{a\" is not a glob: "),
        "{wrong:?}"
    );
}

/// The standard output and standard error of a search with context, and the place of its hit.
fn context(sandbox: &Sandbox) -> (String, String) {
    let found = sandbox.run(&["search", "a cat", "-k", "1", "--context", "1"]);
    assert_eq!(found.code, 0, "{found:?}");
    (found.stdout, found.stderr)
}

#[test]
fn context_of_a_source_that_changed_or_is_gone_is_the_stored_text() {
    let sandbox = Sandbox::new();
    sandbox.write("log.txt", "one\r\na cat\r\nthree\r\n");
    assert_eq!(sandbox.run_tiny(&["index", "log.txt"]).code, 0);
    let (before, quiet) = context(&sandbox);
    assert!(before.ends_with("\n       1- one\n       2: a cat\n       3- three\n"), "{before}");
    assert_eq!(quiet, "");
    sandbox.write("log.txt", "one\r\na cat\r\nfour\r\nfive\r\n");
    let (appended, quiet) = context(&sandbox);
    assert!(appended.ends_with("       3- four\n"), "{appended}");
    assert_eq!(quiet, "", "the passage itself is still there");
    let stored = |reason: &str| {
        let (shown, note) = context(&sandbox);
        assert!(shown.ends_with("| a cat\n       2: a cat\n"), "{shown}");
        assert_eq!(note, format!("log.txt {reason}; showing the stored text\n"));
    };
    for edited in ["one\r\na dog\r\nthree\r\n", "zero\r\none\r\na cat\r\n", "one\r\n"] {
        sandbox.write("log.txt", edited);
        stored("has changed since it was indexed");
    }
    std::fs::remove_file(sandbox.path().join("log.txt")).expect("the file is there");
    stored("is gone");
    let all = sandbox.run(&["search", "a cat", "-k", "9", "--context", "0"]);
    assert_eq!(all.stderr.lines().count(), 1, "a source is noted once: {all:?}");
}

#[test]
fn context_of_texts_that_are_not_verbatim_is_not_called_changed() {
    let sandbox = Sandbox::new();
    sandbox.write("page.html", "<h1>Cats &amp; caf&eacute;s</h1>\n<p>A <b>ca</b>t\nsleeps.</p>\n");
    sandbox.write("table.csv", "body,title\n\"a \"\"big\"\" cat\",On cats\n");
    sandbox.write("rows.jsonl", "{\"text\":\"a caf\\u00e9\\ncat\"}\n");
    sandbox.write("latin.txt", b"caf\xe9 cat\n");
    sandbox.write("notes.md", "# Cats\n\nA   cat\nsleeps.\n");
    for (file, flags) in [
        ("page.html", [].as_slice()),
        ("table.csv", &["--text", "title", "--text", "body"]),
        ("rows.jsonl", &[]),
        ("latin.txt", &["--encoding", "latin1"]),
        ("notes.md", &[]),
    ] {
        let indexed = sandbox.run_tiny(&[&["index", file], flags].concat());
        assert_eq!(indexed.code, 0, "{indexed:?}");
    }
    let found = sandbox.run(&["search", "a cat", "-k", "99", "--context", "1"]);
    assert_eq!((found.code, found.stderr.as_str()), (0, ""), "{found:?}");
}

#[test]
fn context_of_utf_16_is_decoded() {
    let sandbox = Sandbox::new();
    let lines = "one\na caf\u{e9} cat\nthree\n";
    let bytes = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    sandbox.write("marked.txt", bytes(&format!("\u{feff}{lines}")));
    let context = |arguments: &[&str]| {
        let fixed = ["search", "a caf\u{e9} cat", "-k", "1", "--context", "1"];
        let outcome = sandbox.run_tiny(&[fixed.as_slice(), arguments].concat());
        assert_eq!(outcome.code, 0, "{outcome:?}");
        (outcome.stdout.lines().skip(1).collect::<Vec<_>>().join("|"), outcome.stderr)
    };
    let shown = "       1- one|       2: a caf\u{e9} cat|       3- three";
    assert_eq!(context(&["marked.txt"]), (shown.to_owned(), String::new()));
    assert_eq!(sandbox.run_tiny(&["index", "marked.txt"]).code, 0);
    assert_eq!(context(&[]), (shown.to_owned(), String::new()));
    sandbox.write("marked.txt", bytes("\u{feff}one\nsomething else\nthree\n"));
    assert_eq!(context(&[]).1, "marked.txt has changed since it was indexed; showing the stored text\n");
    // Nothing in the file tells its encoding, so that its lines cannot be shown.
    sandbox.write("plain.txt", bytes(lines));
    let stored = "       2: a caf\u{e9} cat".to_owned();
    assert_eq!(context(&["plain.txt", "--encoding", "utf-16le"]), (stored, String::new()));
}

#[test]
fn an_explanation_has_ranks_and_the_terms_that_match() {
    let sandbox = Sandbox::with_docs();
    let plain = sandbox.run(&["search", "Can I pay with my phone?", "docs.txt", "-k", "1", "--explain"]);
    let lines: Vec<&str> = plain.stdout.lines().collect();
    assert_eq!(lines.len(), 2, "{plain:?}");
    assert!(lines[1].contains("words 0.") && lines[1].contains("(rank 1: pay)"), "{plain:?}");
    let explained = &sandbox
        .run(&["search", "Can I pay with my phone?", "docs.txt", "-k", "1", "--explain", "--jsonl"])
        .records()[0];
    assert_eq!(explained["explain"]["terms"], serde_json::json!(["pay"]));
    assert_eq!(explained["explain"]["words_rank"], 1);
    let unexplained =
        &sandbox.run(&["search", "Can I pay with my phone?", "docs.txt", "-k", "1", "--jsonl"]).records()[0];
    assert!(unexplained.get("explain").is_none());
}

/// Notes on one subject, enough of them that confidence is known.
fn with_many_notes() -> Sandbox {
    let sandbox = Sandbox::new();
    let notes: Vec<String> = (1..=120)
        .map(|day| format!("Day {day}: the tide was high at noon and the gulls were loud.\n"))
        .collect();
    sandbox.write("notes.txt", notes.concat());
    sandbox
}

#[test]
fn a_query_that_nothing_answers_is_said_and_left_out_on_request() {
    let sandbox = with_many_notes();
    let other = "how do I configure a printer driver";
    let unanswered = sandbox.run(&["search", other, "notes.txt", "-k", "1"]);
    assert_eq!(unanswered.code, 0);
    assert_eq!(unanswered.stderr, format!("no result seems to answer \"{other}\"\n"));
    let left_out = sandbox.run(&["search", other, "notes.txt", "--min-confidence", "0.5"]);
    assert_eq!((left_out.code, left_out.stdout.as_str()), (1, ""));
    let answered = sandbox.run(&["search", "when was the tide high", "notes.txt", "--min-confidence", "0.5"]);
    assert_eq!((answered.code, answered.stderr.as_str()), (0, ""));
    assert_eq!(answered.stdout.lines().count(), 3);
    let below = &["search", "when was the tide high", "notes.txt", "-k", "120", "--min-confidence"];
    let all = sandbox.records(&[below.as_slice(), &["0"]].concat());
    let confidence = |record: &serde_json::Value| record["confidence"].as_f64().expect("it is known");
    let mut confidences: Vec<f64> = all.iter().map(confidence).collect();
    confidences.sort_by(f64::total_cmp);
    let middle = format!("{}", confidences[confidences.len() / 2]);
    let few = sandbox.records(&[below.as_slice(), &[middle.as_str()]].concat());
    let expected = confidences.iter().filter(|own| **own >= confidences[confidences.len() / 2]).count();
    assert_eq!(few.len(), expected, "results of less confidence take no places");
    sandbox.write("queries.txt", format!("{other}\nwhen was the tide high\nwhat is a monad\n"));
    let many = sandbox.run(&["search", "--queries", "queries.txt", "notes.txt", "-k", "1"]);
    assert_eq!(many.stderr, "no result seems to answer 2 of 3 queries\n");
}

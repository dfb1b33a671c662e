//! `embed encode`: vectors of arguments, and of streams line by line.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;

use embed::model::{EmbeddingSettings, Model, ModelFiles};
use serde_json::{Value, json};

use super::support::{Outcome, Sandbox, tiny_model};

fn model(document_prefix: &str) -> Model {
    let name = tiny_model().to_str().expect("the path of the fixture is text").to_owned();
    let document_prefix = document_prefix.to_owned();
    Model::new(
        &ModelFiles::find(&name).expect("the fixture is a model"),
        EmbeddingSettings { document_prefix, ..EmbeddingSettings::default() },
    )
    .expect("the fixture loads")
}

fn vector(model: &Model, text: &str) -> Vec<f32> {
    model.embed_documents(&[text]).expect("the text embeds").vectors.row(0).to_vec()
}

fn embedding(record: &Value) -> Vec<f32> {
    let values = record["embedding"].as_array().unwrap_or_else(|| panic!("{record} has a vector"));
    values.iter().map(|value| value.as_f64().expect("a number") as f32).collect()
}

fn encode(sandbox: &Sandbox, arguments: &[&str], input: &str) -> Outcome {
    let mut command = sandbox.command(&[&["encode"], arguments].concat());
    Outcome::of(command.arg("--model").arg(tiny_model()).write_stdin(input))
}

/// `embed encode` as the child of a program that talks with it.
struct Conversation {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Conversation {
    fn begin(arguments: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_embed"));
        command.arg("encode").args(arguments).arg("--model").arg(tiny_model());
        let streams = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = streams.spawn().expect("the binary starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("it is a pipe"));
        Self { child, input, output }
    }

    fn say(&mut self, text: &str) {
        let input = self.input.as_mut().expect("the input is open");
        input.write_all(text.as_bytes()).expect("the child reads");
    }

    fn answer(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("the child writes UTF-8");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?} is a line of JSON"))
    }

    fn end(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        drop(self.output);
        let output = self.child.wait_with_output().expect("the child ends");
        (output.status.code(), String::from_utf8(output.stderr).expect("the binary writes UTF-8"))
    }
}

#[test]
fn arguments_get_the_vectors_of_the_library_bit_for_bit() {
    let encoded = encode(&Sandbox::new(), &["a cat", "two dogs"], "");
    assert_eq!((encoded.code, encoded.stderr.as_str()), (0, ""));
    let records = encoded.records();
    assert_eq!(records.len(), 2);
    for (record, text) in records.iter().zip(["a cat", "two dogs"]) {
        assert_eq!(record["text"], text);
        assert_eq!(embedding(record), vector(&model(""), text));
    }
}

#[test]
fn every_line_is_answered_in_its_place() {
    let encoded = encode(&Sandbox::new(), &[], "a cat\n\n  two dogs \r\nno\0text\nhalf a line");
    assert_eq!(encoded.code, 0);
    assert_eq!(encoded.stderr, "no vector for 2 lines; first line 2: no text\n");
    let records = encoded.records();
    let answers: Vec<&Value> =
        records.iter().map(|record| record.get("text").unwrap_or(&record["line"])).collect();
    assert_eq!(json!(answers), json!(["a cat", 2, "two dogs", 4, "half a line"]));
    assert_eq!(records[1], json!({"error": "no text", "line": 2}));
    assert_eq!(embedding(&records[4]), vector(&model(""), "half a line"));
}

#[test]
fn records_keep_their_fields_and_bad_ones_their_places() {
    let input = concat!(
        "{\"id\": 7, \"title\": \"On cats\", \"more\": {\"a\": [1.5]}, \"embedding\": \"old\"}\n",
        "{\"id\": 8}\n",
        "not json\n",
        "\n",
        "{\"title\": \"On dogs\", \"id\": 9}",
    );
    let encoded = encode(&Sandbox::new(), &["--text", "title"], input);
    assert_eq!(encoded.code, 0, "{encoded:?}");
    let records = encoded.records();
    assert_eq!(records.len(), 5);
    assert_eq!(embedding(&records[0]), vector(&model(""), "On cats"));
    assert_eq!((&records[0]["id"], &records[0]["more"]), (&json!(7), &json!({"a": [1.5]})));
    assert_eq!(encoded.stdout.lines().next().map(|line| line.matches("embedding").count()), Some(1));
    assert_eq!(records[1], json!({"error": "no text", "line": 2}));
    let malformed = "malformed: not a JSON object, or with a NUL byte";
    assert_eq!(records[2], json!({"error": malformed, "line": 3}));
    assert_eq!(records[3], json!({"error": "no text", "line": 4}));
    assert_eq!((&records[4]["title"], &records[4]["id"]), (&json!("On dogs"), &json!(9)));
}

#[test]
fn tables_and_files_are_read_as_the_index_reads_them() {
    let sandbox = Sandbox::new();
    sandbox.write("shop.csv", "sku,text,price\nA1,a cat,12.5\nA2,,3\n");
    sandbox.write("texts.txt", "caf\u{e9}\n".chars().map(|c| c as u8).collect::<Vec<u8>>());
    sandbox.write("page.md", "# Cats\n");
    let table = encode(&sandbox, &["--input", "shop.csv"], "");
    let records = table.records();
    assert_eq!((&records[0]["sku"], &records[0]["price"]), (&json!("A1"), &json!(12.5)));
    assert_eq!(records[1], json!({"error": "no text", "line": 3}));
    let latin = encode(&sandbox, &["--input", "texts.txt", "--encoding", "latin1"], "");
    assert_eq!(latin.records()[0]["text"], "caf\u{e9}");
    encode(&sandbox, &["--input", "page.md"], "")
        .assert_error("page.md would be read as markdown, which has no records");
}

#[test]
fn a_line_is_answered_before_the_next_one_is_written() {
    let mut conversation = Conversation::begin(&[]);
    for text in ["a", "b", "two dogs", "c"] {
        conversation.say(&format!("{text}\n"));
        assert_eq!(conversation.answer()["text"], text);
    }
    conversation.say("half");
    conversation.say(" a line\nthe end");
    assert_eq!(conversation.answer()["text"], "half a line");
    drop(conversation.input.take());
    assert_eq!(conversation.answer()["text"], "the end");
    assert_eq!(conversation.end(), (Some(0), String::new()));
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let mut conversation = Conversation::begin(&[]);
    conversation.say("a cat\n");
    conversation.answer();
    let Conversation { mut child, input, output } = conversation;
    drop(output);
    let mut input = input.expect("the input is open");
    // The child is gone once it has tried to answer, and then the pipe to it breaks.
    while input.write_all(b"two dogs\n").is_ok() {}
    assert_eq!(child.wait().expect("the child ends").code(), Some(0));
    let mut stderr = String::new();
    std::io::Read::read_to_string(&mut child.stderr.take().expect("it is a pipe"), &mut stderr)
        .expect("UTF-8");
    assert_eq!(stderr, "");
}

#[test]
fn a_stream_without_a_line_is_answered_by_none() {
    assert_eq!(
        encode(&Sandbox::new(), &[], ""),
        Outcome { code: 0, stdout: String::new(), stderr: String::new() }
    );
}

/// The most memory that a process had so far, in bytes.
#[cfg(target_os = "linux")]
fn peak_memory(child: &Child) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("the child runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel counts it");
    1024 * line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kilobytes")
}

/// The writer is never waited for here, so whatever is not bounded grows: 40 MB of input come faster than they are encoded.
#[cfg(target_os = "linux")]
#[test]
fn many_lines_come_in_order_and_memory_stays_flat() {
    const LINES: u64 = 40_000;
    let mut conversation = Conversation::begin(&["--text", "text"]);
    let mut input = conversation.input.take().expect("the input is open");
    let pad = "x".repeat(1000);
    let writing = thread::spawn(move || {
        for line in 0..LINES {
            writeln!(input, "{{\"n\":{line},\"text\":\"cat {line}\",\"pad\":\"{pad}\"}}")
                .expect("the child reads");
        }
        input
    });
    let mut early = 0;
    for line in 0..LINES {
        assert_eq!(conversation.answer()["n"], line);
        if line == LINES / 10 {
            early = peak_memory(&conversation.child);
        }
    }
    let late = peak_memory(&conversation.child);
    assert!(late < early + (16 << 20), "memory grew from {early} to {late} bytes");
    conversation.input = Some(writing.join().expect("everything is written"));
    assert_eq!(conversation.end(), (Some(0), String::new()));
}

#[test]
fn batches_change_nothing_but_time() {
    let lines: Vec<String> = (0..300).map(|line| "cat ".repeat(line % 17)).collect();
    let lines = lines.join("\n") + "\n";
    let whole = encode(&Sandbox::new(), &[], &lines);
    assert_eq!(whole.records().len(), 300);
    for tokens in ["1", "7", "100"] {
        assert_eq!(encode(&Sandbox::new(), &["--batch-tokens", tokens], &lines), whole, "{tokens}");
    }
}

#[test]
fn vectors_alone_are_rows_with_nan_for_a_line_without_a_text() {
    let sandbox = Sandbox::new();
    let (model, input) = (model(""), "a cat\n\ntwo dogs\n");
    let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<u32>>();
    let nothing = vec![f32::NAN; model.dimension().get()];
    let expected = bits(&[vector(&model, "a cat"), nothing, vector(&model, "two dogs")].concat());
    let file = |name: &str, format: &str| {
        let outcome = encode(&sandbox, &["--output-format", format, "--output", name], input);
        assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""));
        assert_eq!(outcome.stderr, "no vector for 1 line; first line 2: no text\n");
        fs::read(sandbox.path().join(name)).expect("the file is there")
    };
    let values = |bytes: &[u8]| {
        let (values, rest) = bytes.as_chunks();
        assert!(rest.is_empty(), "whole values");
        bits(&values.iter().map(|&value| f32::from_le_bytes(value)).collect::<Vec<f32>>())
    };
    assert_eq!(values(&file("v.raw", "raw")), expected);
    let npy = file("v.npy", "npy");
    assert_eq!(values(&npy[128..]), expected);
    assert!(String::from_utf8_lossy(&npy[..128]).contains("'shape': (3, 32)"));
    let csv = String::from_utf8(file("v.csv", "csv")).expect("digits");
    let read: Vec<f32> =
        csv.lines().flat_map(|line| line.split(',')).map(|value| value.parse().expect("a number")).collect();
    assert_eq!(csv.lines().count(), 3);
    assert_eq!(bits(&read), expected);
    let mut stdout = sandbox.command(&["encode", "a cat", "--output-format", "npy", "--model"]);
    let stdout = stdout.arg(tiny_model()).output().expect("the binary starts").stdout;
    assert_eq!(values(&stdout[128..]), bits(&vector(&model, "a cat")));
}

#[test]
fn the_plain_form_tells_shape_type_and_first_values() {
    let encoded = encode(&Sandbox::new(), &["a\tcat", "--output-format", "plain"], "");
    let first: Vec<String> =
        vector(&model(""), "a cat")[..5].iter().map(|value| format!("{value:.4}")).collect();
    assert_eq!(encoded.stdout, format!("(32,) float32 [{}, …] | a cat\n", first.join(", ")));
    let line = encode(&Sandbox::new(), &["--output-format", "plain"], "\n");
    assert_eq!(line.stdout, "no vector: no text | line 1\n");
}

#[test]
fn queries_have_the_query_prefix_and_documents_theirs() {
    let prefixes = ["--query-prefix", "find: ", "--document-prefix", "page: "];
    for (role, prefix) in [(["--query"].as_slice(), "find: "), (&[], "page: ")] {
        let expected = vector(&model(prefix), "a cat");
        for (text, input) in [(["a cat"].as_slice(), ""), (&[], "a cat\n")] {
            let encoded = encode(&Sandbox::new(), &[text, role, &prefixes].concat(), input);
            assert_eq!(embedding(&encoded.records()[0]), expected, "{role:?} {text:?}");
        }
    }
}

#[test]
fn what_cannot_be_encoded_is_said_at_once() {
    let sandbox = Sandbox::new();
    encode(&sandbox, &["a cat", " "], "").assert_error("a text is empty");
    encode(&sandbox, &["--input", "missing.txt"], "").assert_error("no file missing.txt");
    encode(&sandbox, &["a cat", "--input", "x"], "")
        .assert_error("the argument '[TEXT]...' cannot be used with '--input <FILE>'");
    encode(&sandbox, &["--batch-tokens", "0"], "")
        .assert_error("invalid value '0' for '--batch-tokens <N>': it must be at least 1");
    let unwritable = encode(&sandbox, &["a cat", "--output", "no/such/file"], "");
    assert_eq!((unwritable.code, unwritable.stdout.as_str()), (2, ""));
    assert!(unwritable.stderr.starts_with("error: cannot write no/such/file: "), "{unwritable:?}");
}

#[test]
fn an_array_that_breaks_off_ends_the_stream_after_what_came_before() {
    let broken = encode(&Sandbox::new(), &["--input-format", "json"], "[{\"text\":\"a cat\"},\n{\"text\"");
    assert_eq!(broken.code, 2);
    assert_eq!(broken.records()[0]["text"], "a cat");
    assert!(broken.stderr.contains("the array is not closed on line 2"), "{broken:?}");
}

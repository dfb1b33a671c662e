//! `embed import`, `embed export` and `embed search --vector`: what goes in comes out, and bad files change nothing.

use std::fs;
use std::path::Path;

use embed::corpus::{Document, Passage};
use embed::exchange::{NpyReader, NpyWriter};
use embed::index::{IndexWriter, NewSource, SourceNames, SourceVersion, TextHash, Writer};
use embed::vectors::Dimension;
use serde_json::json;

use super::support::{Outcome, Sandbox, tiny_model};

const ROWS: [[f32; 2]; 3] = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]];

/// The bytes of an `.npy` file.
fn npy<const WIDTH: usize>(rows: &[[f32; WIDTH]]) -> Vec<u8> {
    let dimension = Dimension::new(WIDTH).expect("a test has a small dimension");
    let mut writer = NpyWriter::new(Vec::new(), rows.len() as u64, dimension).expect("memory takes bytes");
    writer.write(rows.as_flattened()).expect("memory takes bytes");
    writer.finish()
}

/// A sandbox with three vectors of a model that cannot be run here.
fn sandbox_with_vectors() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("v.npy", npy(&ROWS));
    sandbox
}

fn import(sandbox: &Sandbox, arguments: &[&str]) {
    let outcome = sandbox.run(&[["import"].as_slice(), arguments].concat());
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, ""), "{outcome:?}");
}

fn export(sandbox: &Sandbox, arguments: &[&str]) -> Outcome {
    let outcome = sandbox.run(&[["export"].as_slice(), arguments].concat());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    outcome
}

fn read(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    fs::read(sandbox.path().join(name)).expect("the file is there")
}

#[test]
fn imported_vectors_are_searched_by_vector() {
    let sandbox = sandbox_with_vectors();
    let imported = sandbox.run(&["import", "v.npy", "--model-name", "some-api/model"]);
    assert_eq!((imported.code, imported.stdout.as_str()), (0, ""), "{imported:?}");
    let message = "imported 3 vectors of dimension 2 into .embed: 3 documents, 1 source, ";
    assert!(imported.stderr.starts_with(message), "{imported:?}");
    sandbox.write("q.npy", npy(&[[2.0, 0.0], [0.0, 0.5]]));
    let records = sandbox.records(&["search", "--vector", "q.npy", "-k", "2"]);
    let found: Vec<_> = records
        .iter()
        .map(|record| {
            json!([record["query"], record["query_line"], record["id"], record["score"]]).to_string()
        })
        .collect();
    assert_eq!(
        found,
        [
            r#"[null,1,"v.npy:1",1.0]"#,
            r#"[null,1,"v.npy:3",0.6]"#,
            r#"[null,2,"v.npy:2",1.0]"#,
            r#"[null,2,"v.npy:3",0.8]"#
        ]
    );
    let plain = sandbox.run(&["search", "--vector", "q.npy", "-k", "1"]).stdout;
    assert_eq!(plain, "1 | 1.000 | v.npy:1 | \n2 | 1.000 | v.npy:2 | \n");
}

#[test]
fn texts_ids_and_metadata_come_in_beside_the_vectors() {
    let sandbox = sandbox_with_vectors();
    sandbox.write("d.txt", "first\n\nthird\n");
    import(&sandbox, &["v.npy", "--documents", "d.txt", "--model-name", "m"]);
    let texts = |sandbox: &Sandbox| -> Vec<String> {
        let records = sandbox.records(&["search", "--vector", "v.npy", "-k", "1"]);
        records.iter().map(|record| format!("{} {}", record["id"], record["text"])).collect()
    };
    assert_eq!(texts(&sandbox), [r#""v.npy:1" "first""#, r#""v.npy:2" """#, r#""v.npy:3" "third""#]);
    let lines =
        [json!({"text": "a", "id": "x", "year": 1999}), json!({"id": 7, "text": "b"}), json!({"text": "c"})];
    sandbox.write("d.jsonl", lines.map(|line| line.to_string()).join("\n"));
    import(&sandbox, &["v.npy", "--documents", "d.jsonl"]);
    assert_eq!(texts(&sandbox), [r#""v.npy:x" "a""#, r#""v.npy:7" "b""#, r#""v.npy:3" "c""#]);
    let record = &sandbox.records(&["search", "--vector", "v.npy", "-k", "1"])[0];
    assert_eq!(record["metadata"], json!({"year": 1999}));
    assert!(record["line"].is_null());
}

#[test]
fn a_text_query_needs_the_model_of_the_vectors() {
    let sandbox = sandbox_with_vectors();
    import(&sandbox, &["v.npy", "--model-name", "some-api/model"]);
    for command in [["search", "cat"], ["index", "v.txt"]] {
        sandbox.write("v.txt", "cat\n");
        sandbox.run(&command).assert_error(
            "the model some-api/model of the index .embed cannot be run here, so its vectors cannot be compared with a text",
        );
    }
    let other = Sandbox::with_docs();
    assert_eq!(other.run_tiny(&["index", "docs.txt"]).code, 0);
    let by_text = other.run(&["search", "ship", "-k", "9", "--jsonl"]);
    export(&other, &["-o", "v.npy", "--documents", "v.jsonl"]);
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    import(&other, &["v.npy", "--documents", "v.jsonl", "--model-name", model, "--index", "copy"]);
    assert_eq!(other.run(&["search", "ship", "-k", "9", "--jsonl", "--index", "copy"]), by_text);
}

/// Puts a document of two passages with metadata, a source of another name and a removed source into an index.
fn write_varied_index(sandbox: &Sandbox) {
    let folder = sandbox.path().join(".embed");
    let names = SourceNames::new(&folder, sandbox.path());
    let mut writer = Writer::open(&folder).expect("the index was just made");
    let metadata = json!({"z": 1, "a": {"tenth": 0.1, "digits": 0.123_456_789_012_345_67, "big": u64::MAX}, "id": "é\u{0}\u{2028}"});
    for (name, key) in [("notes/a.md", "intro"), ("b.txt", "intro")] {
        let path = names.stored(Path::new(name)).expect("the name is text");
        let (rule, version) = (json!({"format": "test"}), SourceVersion::default());
        let source = writer.begin_source(&NewSource { path, rule, version }).expect("the index takes it");
        let texts = ["one\ntwo", "  three \"quoted\" \\ "];
        let passage = |(line, text): (u64, &str)| Passage {
            text: text.to_owned(),
            context: None,
            lines: Some((line, line + 1)),
            bytes: Some((9, 16)),
        };
        let passages = (3..).zip(texts).map(passage).collect();
        let metadata = metadata.as_object().cloned();
        let document = Document { key: key.to_owned(), line: Some(3), metadata, passages };
        let vectors = [ROWS[2], ROWS[2]].concat();
        writer
            .add_document(source, &document, &texts.map(TextHash::of), &vectors)
            .expect("the index takes it");
        writer.finish_source(source).expect("the source is open");
    }
    let imported = names.stored(Path::new("v.npy")).expect("the name is text");
    writer.remove_source(&imported).expect("it was imported");
    writer.close().expect("the index takes it");
}

#[test]
fn an_export_that_is_imported_gives_everything_back() {
    let sandbox = sandbox_with_vectors();
    import(&sandbox, &["v.npy", "--model-name", "m"]);
    write_varied_index(&sandbox);
    export(&sandbox, &["-o", "out.npy", "--documents", "out.jsonl"]);
    import(&sandbox, &["out.npy", "--documents", "out.jsonl", "--model-name", "m", "--index", "copy"]);
    export(&sandbox, &["-o", "again.npy", "--documents", "again.jsonl", "--index", "copy"]);
    assert_eq!(read(&sandbox, "again.npy"), read(&sandbox, "out.npy"));
    assert_eq!(read(&sandbox, "again.jsonl"), read(&sandbox, "out.jsonl"));
    let whole = |index| export(&sandbox, &["-o", "-", "--index", index]).records();
    let records = whole(".embed");
    assert_eq!(records, whole("copy"));
    let ids: Vec<_> = records.iter().map(|record| record["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["notes/a.md:intro", "notes/a.md:4", "b.txt:intro", "b.txt:4"]);
    assert_eq!(records[1]["embedding"], json!([0.6, 0.8]));
    assert_eq!((&records[1]["line"], &records[1]["end_line"]), (&json!(4), &json!(5)));
}

#[test]
fn every_bit_of_an_embedded_text_survives_the_round_trip() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    export(&sandbox, &["-o", "a.npy", "--documents", "a.jsonl"]);
    import(&sandbox, &["a.npy", "--documents", "a.jsonl", "--model-name", "m", "--index", "copy"]);
    export(&sandbox, &["-o", "b.npy", "--index", "copy"]);
    assert_eq!(read(&sandbox, "a.npy"), read(&sandbox, "b.npy"));
    let rows = NpyReader::open(&sandbox.path().join("a.npy")).expect("it was exported").next_rows(9);
    let rows = rows.expect("an index holds unit vectors");
    for (record, row) in export(&sandbox, &["-o", "-"]).records().iter().zip(rows.rows()) {
        let embedding: Vec<f32> =
            serde_json::from_value(record["embedding"].clone()).expect("a list of numbers");
        assert_eq!(embedding, row, "the shortest digits read back");
    }
}

#[test]
fn an_existing_output_is_replaced_only_by_a_whole_one() {
    let sandbox = sandbox_with_vectors();
    sandbox.write("out.npy", "old");
    assert_eq!(sandbox.run(&["export", "-o", "out.npy"]).code, 2, "there is no index yet");
    assert_eq!(read(&sandbox, "out.npy"), b"old");
    import(&sandbox, &["v.npy", "--model-name", "m"]);
    let outcome = export(&sandbox, &["-o", "out.npy"]);
    assert_eq!(outcome.stderr, "exported 3 vectors of dimension 2 to out.npy\n");
    assert_eq!(read(&sandbox, "out.npy"), npy(&ROWS));
    let error = |arguments: &[&str], message: &str| {
        sandbox.run(&[["export"].as_slice(), arguments].concat()).assert_error(message);
    };
    error(&["-o", "out.csv"], "out.csv is neither an .npy, a .jsonl nor a .parquet file");
    error(&["-o", ".embed"], ".embed is neither an .npy, a .jsonl nor a .parquet file");
    error(&["-o", "x.jsonl", "--documents", "./x.jsonl"], "x.jsonl is named for two outputs");
    error(&["-o", "x.npy", "--documents", "x.txt"], "documents are written to a .jsonl file, not to x.txt");
    if cfg!(not(feature = "parquet")) {
        error(
            &["-o", "x.parquet"],
            "cannot write x.parquet: this embed was built without the feature parquet",
        );
    }
    fs::create_dir(sandbox.path().join("folder.npy")).expect("the sandbox is writable");
    error(&["-o", "folder.npy"], "folder.npy is not a regular file");
    let missing = sandbox.run(&["export", "-o", "no/such/x.npy"]);
    assert!(missing.stderr.starts_with("error: cannot write no/such/x.npy: "), "{missing:?}");
    let left: Vec<_> = fs::read_dir(sandbox.path()).expect("the sandbox is there").collect();
    assert_eq!(left.len(), 4, "v.npy, out.npy, folder.npy and .embed, and nothing half-written: {left:?}");
}

#[test]
fn bad_vectors_and_documents_get_their_line_and_change_nothing() {
    let sandbox = sandbox_with_vectors();
    let error = |arguments: &[&str], message: &str| {
        sandbox.run(&[["import"].as_slice(), arguments].concat()).assert_error(message);
    };
    let no_direction = "a vector of length zero, or with infinite or undefined components, has no direction";
    let whole = npy(&ROWS);
    let text = String::from_utf8_lossy(&whole[..128]).into_owned();
    let with_header = |from: &str, to: &str| {
        assert!(text.contains(from));
        let position = whole.windows(from.len()).position(|window| window == from.as_bytes());
        let mut changed = whole.clone();
        changed[position.expect("it is there")..][..to.len()].copy_from_slice(to.as_bytes());
        changed
    };
    let check = |known: &[&str]| {
        let run = |file: &str, message: &str| error(&[[file].as_slice(), known].concat(), message);
        for (name, row) in
            [("nan", [f32::NAN, 0.0]), ("infinite", [f32::INFINITY, 0.0]), ("zero", [0.0, -0.0])]
        {
            let file = format!("{name}.npy");
            sandbox.write(&file, npy(&[ROWS[0], row, ROWS[1]]));
            run(&file, &format!("row 2 of {file} cannot be used: {no_direction}"));
        }
        sandbox.write("f.npy", with_header("False", "True "));
        run("f.npy", "f.npy is stored in Fortran order, column by column");
        sandbox.write("row.npy", with_header("(3, 2)", "(6,)  "));
        run("row.npy", "row.npy is a 1-dimensional array, not a matrix");
        sandbox.write("t.npy", with_header("<f4", "<i4"));
        run("t.npy", "t.npy holds numbers of type '<i4'; only float32 ('<f4') and float16 ('<f2') are read");
        sandbox.write("short.npy", &whole[..whole.len() - 1]);
        run(
            "short.npy",
            "short.npy has 151 bytes where its header promises 152: it was cut short or damaged",
        );
        sandbox.write("none.npy", npy::<2>(&[]));
        run("none.npy", "none.npy has no rows");
        run("missing.npy", "no file missing.npy");
        run(".", ". is not a regular file");
        sandbox.write("two.txt", "a\nb\n");
        sandbox.write(
            "twice.jsonl",
            "{\"text\":\"a\",\"id\":\"x\"}\n{\"text\":\"b\",\"id\":\"x\"}\n{\"text\":\"c\"}\n",
        );
        sandbox.write("bad.jsonl", "{\"text\":\"a\"}\n{\"id\":1}\n");
        let with = |file, message: &str| {
            error(&[["v.npy", "--documents", file].as_slice(), known].concat(), message);
        };
        with("two.txt", "two.txt has 2 lines where v.npy has 3 rows");
        with("twice.jsonl", "line 2 of twice.jsonl has the id \"x\" of an earlier line");
        with("bad.jsonl", "line 2 of bad.jsonl has no field \"text\" that is a string");
        with("v.npy", "v.npy is neither a .txt nor a .jsonl file");
    };
    check(&["--model-name", "m"]);
    error(&["v.npy"], "no model is named");
    error(&["v.npy", "--model-name", " "], "no model is named");
    assert!(!sandbox.path().join(".embed").exists(), "a failed import leaves no index behind");
    import(&sandbox, &["v.npy", "--model-name", "m"]);
    let before = export(&sandbox, &["-o", "-"]);
    check(&[]);
    sandbox.write("wide.npy", npy(&[[1.0, 0.0, 0.0]]));
    error(&["wide.npy"], "wide.npy has vectors of dimension 3, the index of dimension 2");
    sandbox
        .run(&["search", "--vector", "wide.npy"])
        .assert_error("wide.npy has vectors of dimension 3, the index of dimension 2");
    for command in [["import", "v.npy", "--model-name"], ["search", "--vector=v.npy", "--model"]] {
        sandbox.run(&[command.as_slice(), &["other"]].concat()).assert_error(
            "the index .embed was made with m (known by its name only), not with other (known by its name only): \
             their vectors cannot be compared",
        );
    }
    assert_eq!(export(&sandbox, &["-o", "-"]).stdout, before.stdout);
}

#[test]
fn walking_a_folder_leaves_imported_sources_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("notes.txt", "a note\n");
    sandbox.write("v.npy", npy(&[[0.5; 32]]));
    let place = json!({"source": "elsewhere.txt", "document": "1", "ordinal": 0});
    sandbox.write(".d.jsonl", json!({"text": "t", "embed": place}).to_string());
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    import(&sandbox, &["v.npy", "--model-name", model]);
    import(&sandbox, &["v.npy", "--documents", ".d.jsonl", "--model-name", model]);
    let outcome = sandbox.run(&["index", "."]);
    assert!(outcome.stderr.contains("1 added, 0 changed, 0 removed, 1 unchanged"), "{outcome:?}");
    let listed = sandbox.run(&["list"]).stdout;
    assert!(listed.contains("elsewhere.txt | 1 document | 1 passage | imported\n"), "{listed}");
    assert!(listed.contains("v.npy | 1 document | 1 passage | imported\n"), "{listed}");
}

#[test]
fn vectors_without_texts_are_not_rebuilt_as_empty_texts() {
    let sandbox = sandbox_with_vectors();
    import(&sandbox, &["v.npy", "--model-name", "m"]);
    let before = export(&sandbox, &["-o", "-"]);
    let model = tiny_model();
    let rebuild = sandbox.run(&["index", "--rebuild", "--model", model.to_str().expect("text")]);
    rebuild.assert_error("v.npy was imported without texts, so it cannot be embedded again");
    assert_eq!(export(&sandbox, &["-o", "-"]).stdout, before.stdout);
}

#[test]
fn a_place_that_no_catalog_can_keep_is_refused() {
    let sandbox = sandbox_with_vectors();
    let place = json!({"source": "a", "document": "1", "ordinal": 0, "line": u64::MAX});
    sandbox.write("d.jsonl", json!({"text": "t", "embed": place}).to_string());
    sandbox.write("one.npy", npy(&ROWS[..1]));
    let refused = sandbox.run(&["import", "one.npy", "--documents", "d.jsonl", "--model-name", "m"]);
    refused.assert_error(
        "line 1 of d.jsonl has no field \"embed\" that is a place whose numbers are below 2^63",
    );
}

#[test]
fn a_place_at_the_end_of_what_fits_is_a_place() {
    let sandbox = Sandbox::new();
    sandbox.write("v.npy", npy(&ROWS[..1]));
    let place = json!({"source": "a", "document": "1", "ordinal": u32::MAX});
    sandbox.write("d.jsonl", json!({"text": "t", "embed": place}).to_string());
    import(&sandbox, &["v.npy", "--documents", "d.jsonl", "--model-name", "m"]);
    assert_eq!(sandbox.records(&["search", "--vector", "v.npy"])[0]["id"], "a:1");
    assert_eq!(export(&sandbox, &["-o", "-"]).records()[0]["id"], "a:1");
}

#[test]
fn vectors_of_another_dimension_than_their_model_are_refused() {
    let sandbox = sandbox_with_vectors();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    sandbox
        .run(&["import", "v.npy", "--model-name", model])
        .assert_error(&format!("v.npy has vectors of dimension 2, the model {model} of dimension 32"));
    sandbox
        .run(&["import", "v.npy", "--model-name", "m", "--pooling", "cls"])
        .assert_error("the model m cannot be run here, so pooling, prefixes and dimensions cannot be set");
}

#[test]
fn imported_vectors_are_not_taken_for_those_of_the_model() {
    let sandbox = Sandbox::new();
    sandbox.write("v.npy", npy(&[[0.5; 32], [-0.5; 32]]));
    sandbox.write("t.txt", "a cat\na dog\n");
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    import(&sandbox, &["v.npy", "--documents", "t.txt", "--model-name", model]);
    let indexed = sandbox.run(&["index", "t.txt"]);
    assert!(indexed.stderr.contains("embedded 2 texts"), "{indexed:?}");
    let from_index = sandbox.run(&[
        "search",
        "a cat",
        "-k",
        "9",
        "--jsonl",
        "--by",
        "meaning",
        "--where",
        "source = t.txt",
    ]);
    assert_eq!(
        from_index,
        sandbox.run_tiny(&["search", "a cat", "t.txt", "-k", "9", "--jsonl", "--by", "meaning"])
    );
    assert_eq!(sandbox.run(&["index", "t.txt"]).code, 0);
    sandbox.write("more.txt", "a cat\n");
    let more = sandbox.run(&["index", "more.txt"]);
    assert!(more.stderr.contains("embedded 0 texts"), "the model's own vectors are reused: {more:?}");
}

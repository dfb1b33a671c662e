//! Bad input: one clear line, exit code 2, nothing on standard output, nothing lost.

use std::fs;

use super::support::{Outcome, Sandbox};

#[test]
fn each_bad_input_gets_its_line() {
    let sandbox = Sandbox::with_docs();
    sandbox.write("empty.txt", "");
    sandbox.write("blank.txt", "\n  \n\r\n");
    sandbox.write("binary.txt", b"text\nnot\0text\n");
    sandbox.write("semicolons.csv", "name;text\ncat;purrs\n");
    fs::create_dir(sandbox.path().join("folder")).expect("the sandbox is writable");
    let error = |arguments: &[&str], message: &str| sandbox.run_tiny(arguments).assert_error(message);
    for command in [["index"].as_slice(), &["search", "cat"]] {
        let with = |file| [command, &[file]].concat();
        error(&with("missing.txt"), "no file missing.txt");
        error(&with("folder"), "no file is found in folder");
        error(&with("empty.txt"), "empty.txt has no text: every line is blank");
        error(&with("blank.txt"), "blank.txt has no text: every line is blank");
        error(
            &with("semicolons.csv"),
            "the values of semicolons.csv seem to be separated by ';', not by ','",
        );
        error(&with("binary.txt"), "binary.txt is not a text file: line 2 has a NUL byte");
    }
    error(&["search", "  ", "docs.txt"], "the query is empty");
    error(&["search", "--queries", "blank.txt", "docs.txt"], "blank.txt has no queries: every line is blank");
    error(&["search"], "no query is given");
    error(&["index"], "no file or folder is given");
    error(
        &["search", "cat", "docs.txt", "-k", "0"],
        "invalid value '0' for '--top-k <K>': it must be at least 1",
    );
    error(
        &["search", "cat", "docs.txt", "--min-score", "NaN"],
        "invalid value 'NaN' for '--min-score <SCORE>': it must be a number, such as 0.5",
    );
    assert!(!sandbox.path().join(".embed").exists(), "a failed run leaves no index behind");
}

#[test]
fn a_model_that_is_not_there_is_named() {
    let sandbox = Sandbox::with_docs();
    sandbox.run(&["search", "cat", "docs.txt", "--model", "./no-model"]).assert_error(
        "no model './no-model': it is neither a folder nor the bundled model BAAI/bge-small-en-v1.5",
    );
    fs::create_dir(sandbox.path().join("void")).expect("the sandbox is writable");
    sandbox
        .run(&["search", "cat", "docs.txt", "--model", "void"])
        .assert_error("the model folder void has no config.json");
}

#[test]
fn a_place_without_an_index_is_named() {
    let sandbox = Sandbox::new();
    let found = sandbox.run(&["search", "cat"]);
    assert_eq!((found.code, found.stdout.as_str()), (2, ""));
    assert!(found.stderr.starts_with("error: there is no index here: no .embed in "), "{found:?}");
    assert!(found.stderr.contains("hint: create one with 'embed index PATH'"), "{found:?}");
}

#[test]
fn a_bad_file_leaves_the_index_as_it_was() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    let before = sandbox.run(&["search", "ship", "-k", "9", "--jsonl"]);
    sandbox.write("docs.txt", b"new text\nnot\0text\n");
    assert_eq!(sandbox.run(&["index", "docs.txt"]).code, 2);
    assert_eq!(sandbox.run(&["search", "ship", "-k", "9", "--jsonl"]), before);
}

#[test]
fn a_file_in_the_place_of_the_index_folder_is_an_error() {
    let sandbox = Sandbox::with_docs();
    sandbox.write("taken", "not an index\n");
    let taken = sandbox.run_tiny(&["index", "docs.txt", "--index", "taken"]);
    taken.assert_error("taken is not an embed index");
    assert_eq!(
        fs::read_to_string(sandbox.path().join("taken")).expect("it is still there"),
        "not an index\n"
    );
}

#[test]
fn an_index_of_a_newer_format_is_refused_and_kept() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    let catalog = sandbox.path().join(".embed/catalog.sqlite");
    // The user version of an SQLite file: bytes 60 to 63 of its header, big-endian.
    let mut bytes = fs::read(&catalog).expect("the catalog is there");
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&catalog, &bytes).expect("the sandbox is writable");
    for command in [["search", "ship"], ["index", "docs.txt"]] {
        let refused = sandbox.run(&command);
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("was made by a newer embed (index format 99;"), "{refused:?}");
    }
    assert_eq!(fs::read(&catalog).expect("the catalog is there"), bytes);
}

#[test]
fn a_damaged_index_is_refused_with_a_reason() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    let vectors = sandbox.path().join(".embed/vectors-1.f32");
    let whole = fs::read(&vectors).expect("the vectors are there");
    fs::write(&vectors, &whole[..whole.len() - 4]).expect("the sandbox is writable");
    let short = sandbox.run(&["search", "ship"]);
    assert_eq!(short.code, 2);
    assert!(short.stderr.contains("vectors-1.f32 is damaged: it has "), "{short:?}");
    fs::remove_file(&vectors).expect("the vectors are there");
    assert!(sandbox.run(&["search", "ship"]).stderr.contains("vectors-1.f32 is damaged: it is missing"));
}

#[test]
fn a_wrong_flag_gets_a_line_and_a_hint() {
    let sandbox = Sandbox::new();
    sandbox.run(&["serch"]).assert_error("unrecognized subcommand 'serch'");
    sandbox.run(&["search", "cat", "--jsn"]).assert_error("unexpected argument '--jsn' found");
    sandbox
        .run(&["search", "cat", "--json", "--jsonl"])
        .assert_error("the argument '--json' cannot be used with '--jsonl'");
}

#[test]
fn a_bad_file_costs_none_of_the_files_before_it() {
    let sandbox = Sandbox::with_docs();
    sandbox.write("empty.txt", "");
    sandbox
        .run_tiny(&["index", "docs.txt", "empty.txt"])
        .assert_error("empty.txt has no text: every line is blank");
    assert_eq!(sandbox.run(&["search", "ship", "-k", "9"]).stdout.lines().count(), 5);
}

#[test]
fn words_of_a_query_without_quotes_are_told_from_missing_files() {
    let sandbox = Sandbox::with_docs();
    let hint = "hint: put the query in quotes: embed search \"how do I return\"";
    let unquoted = sandbox.run_tiny(&["search", "how", "do", "I", "return."]);
    unquoted.assert_error("no file do");
    assert_eq!(unquoted.stderr.lines().nth(1), Some(hint));
    for words in [["how do", "I"], ["how", "missing.txt"], ["how", "a/missing"]] {
        let missing = sandbox.run_tiny(&[["search"].as_slice(), &words].concat());
        missing.assert_error(&format!("no file {}", words[1]));
        assert_eq!(missing.stderr.lines().nth(1), None);
    }
}

#[test]
fn an_index_and_paths_cannot_both_be_searched() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(sandbox.run_tiny(&["index", "docs.txt"]).code, 0);
    sandbox
        .run(&["search", "cat", "docs.txt", "--index", ".embed"])
        .assert_error("--index cannot be used with paths to search");
    let model = super::support::tiny_model();
    let direct = Outcome::of(
        sandbox
            .command(&["search", "cat", "docs.txt", "--model"])
            .arg(&model)
            .env("EMBED_INDEX", sandbox.path().join(".embed")),
    );
    assert_eq!(direct.code, 0, "the environment only says where an index would be: {direct:?}");
}

#[test]
fn standard_input_has_a_name_in_errors() {
    let sandbox = Sandbox::new();
    let model = super::support::tiny_model();
    let model = ["--model", model.to_str().expect("the path of the fixture is text")];
    for command in [["index", "-"].as_slice(), &["search", "cat", "-"]] {
        let fed = |input| sandbox.run_with_input(&[command, &model].concat(), input);
        fed(" \n").assert_error("standard input has no text: every line is blank");
        fed("a\0b\n").assert_error("standard input is not a text file: line 1 has a NUL byte");
    }
    sandbox
        .run_with_input(&["search", "--queries", "-"], "\n")
        .assert_error("standard input has no queries: every line is blank");
}

#[test]
fn a_folder_without_text_says_what_was_left_out() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("media")).expect("the sandbox is writable");
    sandbox.write("media/picture.png", b"\x89PNG\0\0");
    for command in [["index"].as_slice(), &["search", "cat"]] {
        let nothing = sandbox.run_tiny(&[command, &["media"]].concat());
        let expected =
            "skipped 1 file: not text; first media/picture.png\nerror: no file in media has text\n";
        assert_eq!((nothing.code, nothing.stderr.as_str()), (2, expected));
    }
}

#[test]
fn a_source_without_a_document_says_no_more_than_is_true() {
    let sandbox = Sandbox::new();
    sandbox.write("header.csv", "id,text\n");
    sandbox.write("script.html", "<script>code</script>");
    for file in ["header.csv", "script.html"] {
        sandbox.run_tiny(&["search", "cat", file]).assert_error(&format!("{file} has no text"));
    }
}

#[test]
fn a_source_that_cannot_be_read_as_it_is_gets_the_flag_that_mends_it() {
    let sandbox = Sandbox::new();
    sandbox.write("binary.txt", b"a\0b");
    sandbox.write("rows.jsonl", "{\"a\": 7}\n");
    sandbox.write("lines.jsonl", "plain\n");
    sandbox.write("object.txt", "{\"text\": \"x\"}\n");
    for (arguments, message, hint) in [
        (
            ["binary.txt"].as_slice(),
            "binary.txt is not a text file: line 1 has a NUL byte",
            "if it is UTF-16, give its --encoding",
        ),
        (
            &["rows.jsonl"],
            "no record of rows.jsonl has a text field; it has: a",
            "name the field of the text with --text",
        ),
        (
            &["rows.jsonl", "--text", "a", "--id", "b"],
            "no record of rows.jsonl has the id field \"b\"; it has: a",
            "name another field with --id",
        ),
        (
            &["lines.jsonl"],
            "lines.jsonl has no JSON object: line 1 is the first that is not one",
            "give its format with --input-format",
        ),
        (
            &["object.txt", "--input-format", "json"],
            "object.txt is not a JSON array of objects: it does not start with [ on line 1",
            "for one object per line, give --input-format jsonl",
        ),
        (&["-", "-"], "standard input is named twice", "name '-' only once"),
    ] {
        for command in [["index"].as_slice(), &["search", "cat"]] {
            let refused = sandbox.run_tiny(&[command, arguments].concat());
            refused.assert_error(message);
            let hint = format!("hint: {hint}");
            assert_eq!(refused.stderr.lines().nth(1), Some(hint.as_str()), "{refused:?}");
        }
    }
}

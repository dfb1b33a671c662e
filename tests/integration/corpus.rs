//! Files, folders and formats: what is read, how it is named, and what is left out.

use std::fs;

use super::support::{Outcome, Sandbox, tiny_model};

/// Texts of all results, sorted.
fn texts(records: &[serde_json::Value]) -> Vec<String> {
    let mut texts: Vec<String> =
        records.iter().map(|record| record["text"].as_str().expect("a text").to_owned()).collect();
    texts.sort_unstable();
    texts
}

fn ids(records: &[serde_json::Value]) -> Vec<String> {
    let mut ids: Vec<String> =
        records.iter().map(|record| record["id"].as_str().expect("an id").to_owned()).collect();
    ids.sort_unstable();
    ids
}

/// A folder of every kind of file.
fn with_tree() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.path().join("notes/deep")).expect("the sandbox is writable");
    sandbox.write("notes/a.md", "# Cats\n\nA cat sleeps.\n");
    sandbox.write("notes/b.html", "<html><body><p>A dog &amp; a man</p><script>x</script></body></html>");
    sandbox.write("notes/deep/c.txt", "two lines\nof prose\n");
    sandbox.write("notes/data.csv", "name,text,year\nann,a queen,2020\nbob,a king,1999\n");
    sandbox.write("notes/rows.jsonl", "{\"text\": \"ship it\", \"lang\": \"en\"}\n");
    sandbox.write("notes/picture.png", b"\x89PNG\0\0\0");
    sandbox.write("notes/empty.txt", "");
    sandbox.write("notes/.hidden.txt", "hidden text\n");
    sandbox.write("notes/.ignore", "ignored.txt\n");
    sandbox.write("notes/ignored.txt", "ignored text\n");
    sandbox
}

#[test]
fn a_folder_gives_the_same_records_from_an_index_and_directly() {
    let sandbox = with_tree();
    let indexed = sandbox.run_tiny(&["index", "notes"]);
    assert_eq!(indexed.code, 0, "{indexed:?}");
    let all = ["-k", "99", "--jsonl"];
    let from_index = sandbox.run(&[["search", "cat"].as_slice(), &all].concat());
    let direct = sandbox.run_tiny(&[["search", "cat", "notes"].as_slice(), &all].concat());
    assert_eq!(from_index.stdout, direct.stdout);
    let expected = ["A cat sleeps", "A dog & a man", "a king", "a queen", "ship it", "two lines\nof prose"];
    let found = texts(&direct.records());
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for text in expected {
        assert!(found.iter().any(|found| found.contains(text)), "{text} is not in {found:?}");
    }
}

#[test]
fn what_a_walk_cannot_read_is_skipped_in_one_line_a_reason() {
    let sandbox = with_tree();
    let indexed = sandbox.run_tiny(&["index", "notes"]);
    let lines: Vec<&str> = indexed.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{indexed:?}");
    assert!(lines.contains(&"skipped 1 file: not text; first notes/picture.png"), "{indexed:?}");
    assert!(lines.contains(&"skipped 1 file: no text; first notes/empty.txt"), "{indexed:?}");
    assert!(
        lines[2].starts_with("indexed 6 documents in .embed: 5 added, 0 changed, 0 removed, 0 unchanged;")
    );
}

#[test]
fn hidden_and_ignored_files_are_read_when_asked_for_and_globs_choose() {
    let sandbox = with_tree();
    let found = |flags: &[&str]| {
        let search = ["search", "cat", "notes", "-k", "99", "--jsonl"];
        texts(&sandbox.run_tiny(&[search.as_slice(), flags].concat()).records())
    };
    assert!(found(&["--hidden"]).contains(&"hidden text".to_owned()));
    assert!(found(&["--no-ignore"]).contains(&"ignored text".to_owned()));
    assert_eq!(found(&["--glob", "*.csv"]), ["a king", "a queen"]);
    assert_eq!(found(&["--glob", "!*.csv"]).len(), found(&[]).len() - 2);
}

#[test]
fn fields_of_records_become_text_id_and_metadata() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "papers.jsonl",
        "{\"_id\": \"p:1\", \"title\": \"On cats\", \"text\": \"They sleep.\", \"year\": 2020}\n\
         {\"_id\": \"p:2\", \"title\": \"On dogs\", \"text\": \"\", \"more\": {\"tags\": [\"x\"]}}\n",
    );
    let fields = ["--text", "title", "--text", "text", "--id", "_id"];
    assert_eq!(sandbox.run_tiny(&[["index", "papers.jsonl"].as_slice(), &fields].concat()).code, 0);
    let records = sandbox.records(&["search", "cat", "-k", "9"]);
    assert_eq!(ids(&records), ["papers.jsonl:p:1", "papers.jsonl:p:2"]);
    assert_eq!(texts(&records), ["On cats They sleep.", "On dogs"]);
    let first = records.iter().find(|record| record["id"] == "papers.jsonl:p:1").expect("it was found");
    assert_eq!(first["metadata"], serde_json::json!({ "year": 2020 }));
    assert_eq!((&first["line"], &first["start_byte"]), (&serde_json::json!(1), &serde_json::Value::Null));
    let direct = sandbox
        .run_tiny(&[["search", "cat", "papers.jsonl", "-k", "9", "--jsonl"].as_slice(), &fields].concat());
    assert_eq!(direct.records(), records);
}

#[test]
fn values_of_a_table_are_typed_and_faulty_rows_cost_no_other() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "shop.csv",
        "\u{feff}sku,text,price,sold\r\n1,\"a \"\"red\"\"\r\nship\",9.5,true\r\n2,,1,false\r\n3,a blue ship,12\r\n1,again,3,true\r\n",
    );
    let found = sandbox.run_tiny(&["search", "ship", "shop.csv", "--id", "sku", "-k", "9", "--jsonl"]);
    let records = found.records();
    assert_eq!(ids(&records), ["shop.csv:1", "shop.csv:3"]);
    let first = records.iter().find(|record| record["id"] == "shop.csv:1").expect("it was found");
    assert_eq!(first["metadata"], serde_json::json!({ "price": 9.5, "sold": true }));
    assert_eq!((first["line"].as_u64(), first["end_line"].as_u64()), (Some(2), Some(3)));
    assert_eq!(
        found.stderr,
        "skipped 1 row: no text; first shop.csv:4\nskipped 1 row: the id of an earlier row; first shop.csv:6\n"
    );
}

#[test]
fn objects_of_an_array_on_one_line_are_all_kept() {
    let sandbox = Sandbox::new();
    sandbox.write("rows.json", "[{\"text\": \"a cat\"}, {\"text\": \"a dog\"}]");
    assert_eq!(sandbox.run_tiny(&["index", "rows.json"]).code, 0);
    assert_eq!(ids(&sandbox.records(&["search", "cat"])), ["rows.json:1", "rows.json:1#2"]);
}

#[test]
fn a_long_file_is_split_into_passages_that_name_their_lines() {
    let sandbox = Sandbox::new();
    let paragraphs: Vec<String> = (0..20).map(|n| format!("a cat and a dog and a man {n}")).collect();
    let content = paragraphs.join("\n\n");
    sandbox.write("long.md", &content);
    let search = ["search", "cat", "long.md", "-k", "99", "--jsonl", "--passage-tokens", "20"];
    let records = sandbox.run_tiny(&[search.as_slice(), &["--passage-overlap", "0"]].concat()).records();
    assert!(records.len() > 5, "{}", records.len());
    for record in &records {
        let place = |field: &str| record[field].as_u64().expect("a place") as usize;
        assert_eq!(
            &content[place("start_byte")..place("end_byte")],
            record["text"].as_str().expect("a text")
        );
        let line = content[..place("start_byte")].matches('\n').count() + 1;
        assert_eq!(place("line"), line);
        assert!(
            record["id"].as_str().is_some_and(|id| id.starts_with(&format!("long.md:{line}"))),
            "{record}"
        );
        assert_eq!(record["document"], "long.md:1");
    }
    sandbox
        .run_tiny(&["search", "cat", "long.md", "--passage-tokens", "5", "--passage-overlap", "5"])
        .assert_error("an overlap of 5 tokens does not fit passages of 5; it must be smaller");
}

#[test]
fn grouping_shows_the_best_passage_of_each_document() {
    let sandbox = Sandbox::new();
    let long = "a cat and a dog\n\n".repeat(40);
    sandbox.write("a.md", &long);
    sandbox.write("b.md", "a ship\n");
    let search =
        ["search", "a cat and a dog", "a.md", "b.md", "-k", "2", "--jsonl", "--passage-tokens", "12"];
    let passages = sandbox.run_tiny(&search).records();
    assert!(passages.iter().all(|record| record["source"] == "a.md"), "{passages:?}");
    let grouped = sandbox.run_tiny(&[search.as_slice(), &["--group", "document"]].concat()).records();
    assert_eq!(grouped[0], passages[0]);
    assert_eq!(grouped.iter().map(|record| &record["source"]).collect::<Vec<_>>(), ["a.md", "b.md"]);
    assert_eq!(sandbox.run_tiny(&["index", "a.md", "b.md", "--passage-tokens", "12"]).code, 0);
    let indexed = sandbox.records(&["search", "a cat and a dog", "-k", "2", "--group", "document"]);
    assert_eq!(indexed, grouped);
}

#[test]
fn context_shows_the_lines_around_a_hit() {
    let sandbox = Sandbox::new();
    sandbox.write("log.txt", "one\ntwo\na cat\n\nfive\n");
    let found =
        sandbox.run_tiny(&["search", "a cat", "log.txt", "-k", "1", "--context", "1", "--by", "meaning"]);
    let lines: Vec<&str> = found.stdout.lines().collect();
    assert_eq!(lines[0], "1.000 | log.txt:3 | a cat");
    assert_eq!(lines[1..], ["       2- two", "       3: a cat", "       4-"]);
    sandbox
        .run_tiny(&["search", "a cat", "log.txt", "--context", "1", "--jsonl"])
        .assert_error("the argument '--context <N>' cannot be used with '--jsonl'");
}

#[test]
fn other_encodings_are_read_when_they_are_marked_or_named() {
    let sandbox = Sandbox::new();
    let utf16: Vec<u8> = "\u{feff}a café\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    sandbox.write("utf16.txt", utf16);
    sandbox.write("latin1.txt", b"a caf\xe9\n");
    let text = |arguments: &[&str]| sandbox.run_tiny(arguments).records()[0]["text"].clone();
    assert_eq!(text(&["search", "cafe", "utf16.txt", "--jsonl"]), "a café");
    assert_eq!(text(&["search", "cafe", "latin1.txt", "--jsonl", "--encoding", "latin1"]), "a café");
    let unknown = sandbox.run_tiny(&["search", "cafe", "latin1.txt", "--encoding", "klingon"]);
    assert!(unknown.stderr.contains("no encoding is called \"klingon\""), "{unknown:?}");
    assert_eq!(unknown.stderr.lines().count(), 2);
}

#[cfg(unix)]
#[test]
fn pipes_links_and_unreadable_names_in_a_folder_cost_no_other_file() {
    use std::os::unix::ffi::OsStrExt;

    let sandbox = Sandbox::new();
    let folder = sandbox.path().join("odd");
    fs::create_dir(&folder).expect("the sandbox is writable");
    sandbox.write("odd/a.txt", "a cat\n");
    std::os::unix::fs::symlink("..", folder.join("loop")).expect("the sandbox is writable");
    fs::write(folder.join(std::ffi::OsStr::from_bytes(b"caf\xe9.txt")), "a dog\n")
        .expect("Linux takes any name");
    let made =
        std::process::Command::new("mkfifo").arg(folder.join("pipe")).status().expect("there is mkfifo");
    assert!(made.success());
    let indexed = sandbox.run_tiny(&["index", "odd"]);
    assert_eq!(indexed.code, 0, "{indexed:?}");
    for reason in ["a symbolic link", "its name is not UTF-8", "a pipe, socket or device"] {
        assert!(indexed.stderr.contains(&format!("skipped 1 file: {reason}; first odd/")), "{indexed:?}");
    }
    assert_eq!(ids(&sandbox.records(&["search", "cat"])), ["odd/a.txt:1"]);
}

#[test]
fn standard_input_takes_any_format_that_is_named() {
    let sandbox = Sandbox::new();
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let arguments = ["search", "cat", "-", "--input-format", "jsonl", "--jsonl", "--model", model];
    let found: Outcome = sandbox.run_with_input(&arguments, "{\"text\": \"a cat\", \"n\": 1}\n");
    assert_eq!(found.records()[0]["metadata"], serde_json::json!({ "n": 1 }));
    let unknown = sandbox.run(&["search", "cat", "-", "--input-format", "docx"]);
    assert!(unknown.stderr.contains("no input format is called \"docx\""), "{unknown:?}");
}

#[cfg(unix)]
#[test]
fn a_name_of_a_file_cannot_steer_the_terminal() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("notes")).expect("the sandbox is writable");
    sandbox.write("notes/a\n\u{1b}[31m.md", "a cat\n");
    sandbox.write("notes/b\n\u{1b}[31m.md", b"\0");
    let planned = sandbox.run_tiny(&["index", "notes", "--dry-run"]);
    assert_eq!(planned.stdout.lines().next(), Some("add notes/a\u{fffd}\u{fffd}[31m.md"));
    let indexed = sandbox.run_tiny(&["index", "notes"]);
    assert!(indexed.stderr.starts_with("skipped 1 file: not text; first notes/b\u{fffd}\u{fffd}[31m.md\n"));
    let listed = sandbox.run(&["list"]).stdout;
    assert_eq!(listed, "notes/a\u{fffd}\u{fffd}[31m.md | 1 document | 1 passage | 6 bytes\n");
    assert_eq!(sandbox.records(&["search", "cat"])[0]["source"], "notes/a\n\u{1b}[31m.md");
}

#[test]
fn white_space_before_rows_is_no_reason_to_wait() {
    let sandbox = Sandbox::new();
    let blank = " \n".repeat(32_768);
    sandbox.write("rows.json", format!("{blank}[{{\"text\": \"a cat\"}}]"));
    sandbox.write("prose.md", format!("{blank}a cat{blank}"));
    let found = sandbox.run_tiny(&["search", "cat", "rows.json", "prose.md", "--jsonl"]).records();
    assert_eq!(ids(&found), ["prose.md:32769", "rows.json:32769"]);
}

#[test]
fn a_page_with_a_tag_of_many_attributes_costs_no_other_file() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("pages")).expect("the sandbox is writable");
    sandbox.write("pages/a.html", "<p>a cat");
    sandbox.write("pages/wide.html", format!("<p{}>a dog", " a=\"b\"".repeat(55_000)));
    let indexed = sandbox.run_tiny(&["index", "pages"]);
    assert_eq!(indexed.code, 0, "{indexed:?}");
    let skipped = "pages/wide.html (pages/wide.html has a tag with more than 1024 attributes)";
    assert!(indexed.stderr.contains(&format!("first {skipped}\n")), "{indexed:?}");
    assert_eq!(ids(&sandbox.records(&["search", "cat"])), ["pages/a.html:1"]);
    sandbox
        .run_tiny(&["search", "cat", "pages/wide.html"])
        .assert_error("pages/wide.html has a tag with more than 1024 attributes");
}

#[test]
fn long_fields_are_cut_and_counted() {
    let sandbox = Sandbox::new();
    let long = "a cat ".repeat(400_000);
    sandbox.write("rows.jsonl", format!("{{\"more\": \"{long}\", \"text\": \"{long}\", \"year\": 2020}}\n"));
    let found = sandbox.run_tiny(&["search", "cat", "rows.jsonl", "--where", "year = 2020", "--jsonl"]);
    assert_eq!(found.stderr, "only the first MiB of 1 line was read\n");
    let records = found.records();
    assert!(records[0]["text"].as_str().is_some_and(|text| (1 << 19..=1 << 20).contains(&text.len())));
    assert!(records[0]["metadata"]["more"].as_str().is_some_and(|text| text.len() < 1 << 20));
}

#[test]
fn a_table_wider_than_a_row_may_be_says_so() {
    let sandbox = Sandbox::new();
    sandbox.write("wide.csv", format!("text\n{}\n", ",".repeat(1 << 16)));
    sandbox
        .run_tiny(&["search", "cat", "wide.csv"])
        .assert_error("no row of wide.csv can be read: the first, on line 2, has more than 65536 fields");
}

#[test]
fn a_file_is_one_source_however_it_is_spelled() {
    let sandbox = with_tree();
    sandbox.write("docs.txt", "a cat\na dog\n");
    let absolute = |name: &str| sandbox.path().join(name).display().to_string();
    let found =
        sandbox.run_tiny(&["search", "cat", "docs.txt", &absolute("docs.txt"), "./docs.txt", "--jsonl"]);
    assert_eq!(ids(&found.records()), ["docs.txt:1", "docs.txt:2"]);
    // By its first spelling, but as a file that was named.
    let arguments = ["search", "lines", "notes", &absolute("notes/deep/c.txt"), "-k", "99", "--jsonl"];
    let found = ids(&sandbox.run_tiny(&arguments).records());
    let lines: Vec<&String> = found.iter().filter(|id| id.contains("c.txt")).collect();
    assert_eq!(lines, ["notes/deep/c.txt:1", "notes/deep/c.txt:2"]);
}

#[cfg(unix)]
#[test]
fn a_linked_folder_that_is_named_is_read_without_a_report() {
    let sandbox = with_tree();
    std::os::unix::fs::symlink("notes/deep", sandbox.path().join("linked")).expect("the sandbox is writable");
    let found = sandbox.run_tiny(&["search", "lines", "linked", "--jsonl"]);
    assert_eq!(found.stderr, "");
    assert_eq!(ids(&found.records()), ["linked/c.txt:1"]);
}

#[test]
fn an_index_within_a_folder_is_left_out_without_a_word() {
    let sandbox = with_tree();
    let index = ["index", "notes", "--index", "notes/idx", "--glob", "*.md"];
    for _ in 0..2 {
        let indexed = sandbox.run_tiny(&index);
        assert_eq!((indexed.code, indexed.stderr.lines().count()), (0, 1), "{indexed:?}");
    }
    let all = sandbox.run_tiny(&["search", "cat", "notes", "-k", "99"]);
    assert!(!all.stderr.contains("idx") && !all.stdout.contains("idx"), "{all:?}");
    sandbox
        .run_tiny(&["search", "cat", "notes/idx"])
        .assert_error("notes/idx is an index, not a source; name the folder that it is in");
}

#[test]
fn the_users_global_ignore_file_counts_within_repositories() {
    let sandbox = with_tree();
    fs::create_dir_all(sandbox.path().join(".config/git")).expect("the sandbox is writable");
    sandbox.write(".config/git/ignore", "*.csv\n");
    let found = |flags: &[&str]| {
        let search = ["search", "queen", "notes", "-k", "99", "--jsonl"];
        texts(&sandbox.run_tiny(&[search.as_slice(), flags].concat()).records())
    };
    let queen = "a queen".to_owned();
    assert!(found(&[]).contains(&queen), "there is no repository");
    fs::create_dir_all(sandbox.path().join("notes/.git")).expect("the sandbox is writable");
    assert!(!found(&[]).contains(&queen));
    assert!(found(&["--no-ignore"]).contains(&queen));
}

#[test]
fn a_file_named_as_standard_input_is_keeps_its_ids_to_itself() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.path().join("odd")).expect("the sandbox is writable");
    sandbox.write("-", "a cat\n");
    let model = tiny_model();
    let model = model.to_str().expect("the path of the fixture is text");
    let arguments = ["search", "cat", "-", "./-", "--jsonl", "--model", model];
    let found = sandbox.run_with_input(&arguments, "a dog\n").records();
    assert_eq!(ids(&found), ["-:1", "./-:1"]);
    assert_eq!(ids(&sandbox.run_tiny(&["search", "cat", ".", "--jsonl"]).records()), ["./-:1"]);
}

#[cfg(unix)]
#[test]
fn a_pipe_of_a_shell_is_read_and_one_without_a_writer_is_an_error() {
    let sandbox = Sandbox::new();
    let model = tiny_model();
    let program = env!("CARGO_BIN_EXE_embed");
    let script = "\"$0\" search cat <(printf 'a cat\\n') <(printf 'a dog\\n') --jsonl --model \"$1\"";
    let shell = std::process::Command::new("bash").args(["-c", script, program]).arg(&model).output();
    let shell = shell.expect("there is bash");
    assert_eq!(String::from_utf8_lossy(&shell.stdout).lines().count(), 2, "{shell:?}");

    let made = std::process::Command::new("mkfifo")
        .arg(sandbox.path().join("pipe"))
        .status()
        .expect("there is mkfifo");
    assert!(made.success());
    sandbox
        .run_tiny(&["search", "cat", "pipe"])
        .assert_error("cannot read pipe: no program opened the pipe for writing within 10 seconds");
}

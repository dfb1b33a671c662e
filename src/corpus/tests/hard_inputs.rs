use std::io::{self, Read};

use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::words;
use crate::corpus::reader::OpenSource;
use crate::corpus::stream::TextStream;
use crate::corpus::*;

fn reader(
    source: impl Read + Send + 'static,
    format: InputFormat,
    options: &ReadOptions,
) -> DocumentReader<'static> {
    let stream =
        TextStream::new("test".to_owned(), Box::new(source), options.encoding, SourceFacts::default())
            .unwrap();
    DocumentReader::new(OpenSource { stream, format, title: None }, options, &words)
        .expect("the start is text")
}

fn texts(bytes: &'static [u8], format: InputFormat, encoding: &str) -> Vec<String> {
    let options = ReadOptions { encoding: encoding.parse().unwrap(), ..ReadOptions::default() };
    reader(bytes, format, &options)
        .flat_map(|document| document.expect("the source is sound").passages)
        .map(|passage| passage.text)
        .collect()
}

/// A source that never ends: `start`, then `body` again and again.
fn endless(start: &'static str, body: &'static str) -> impl Read + Send {
    struct Repeated {
        body: &'static [u8],
        place: usize,
    }
    impl Read for Repeated {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = (&self.body[self.place..]).read(buffer)?;
            self.place = (self.place + read) % self.body.len();
            Ok(read)
        }
    }
    start.as_bytes().chain(Repeated { body: body.as_bytes(), place: 0 })
}

#[test]
fn rows_come_one_by_one_however_long_the_source_is() {
    for (format, start, body) in [
        (InputFormat::Lines, "", "text\n"),
        (InputFormat::Csv, "text,year\n", "\"a\nb\",2020\n"),
        (InputFormat::Tsv, "text\tyear\n", "a\t2020\n"),
        (InputFormat::Jsonl, "", "{\"text\": \"a\"}\n"),
        (InputFormat::Json, "[{\"text\": \"a\"}", ",\n{\"text\": \"a\"}"),
    ] {
        let mut reader = reader(endless(start, body), format, &ReadOptions::default());
        assert_eq!(reader.by_ref().take(1000).map(Result::unwrap).count(), 1000, "{format}");
        assert!(reader.bytes_read() < 1 << 20, "{format}");
    }
}

/// `start`, a stretch without space or line end, and `end`.
fn long(start: &'static str, bytes: u64, end: &'static str) -> impl Read + Send {
    start.as_bytes().chain(io::repeat(b'x').take(bytes)).chain(end.as_bytes())
}

#[test]
fn of_a_line_of_a_hundred_megabytes_the_start_is_kept() {
    let mut lines = reader(long("", 100 << 20, "\nlast\n"), InputFormat::Lines, &ReadOptions::default());
    let lengths: Vec<usize> =
        lines.by_ref().map(|document| document.unwrap().passages[0].text.len()).collect();
    assert_eq!(lengths, [(1 << 20) - 1, 4]);
    assert_eq!(lines.statistics().cut_lines, 1);
    assert_eq!(lines.finish().unwrap().content.bytes, (100 << 20) + 6);
}

#[test]
fn a_row_or_file_beyond_its_limit_is_skipped_or_refused() {
    let limits = ReadLimits { row_bytes: 1 << 20, file_bytes: 1 << 20, ..ReadLimits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    for (format, start, end) in [
        (InputFormat::Jsonl, "{\"text\": \"", "\"}\n{\"text\": \"last\"}\n"),
        (InputFormat::Json, "[{\"text\": \"", "\"}, {\"text\": \"last\"}]"),
        (InputFormat::Csv, "text\n", "\nlast\n"),
    ] {
        let mut rows = reader(long(start, 8 << 20, end), format, &options);
        let documents: Vec<Document> = rows.by_ref().map(Result::unwrap).collect();
        assert_eq!(documents.len(), 1, "{format}");
        assert_eq!(documents[0].passages[0].text, "last", "{format}");
        assert_eq!(rows.statistics().skipped_rows(RowProblem::TooLong).count, 1, "{format}");
    }

    let error = reader(long("", 8 << 20, ""), InputFormat::Markdown, &options)
        .next()
        .expect("an error comes")
        .unwrap_err();
    assert!(matches!(error, CorpusError::TooLarge { .. }), "{error}");
}

#[test]
fn a_long_text_without_spaces_or_lines_is_split_in_passing_time() {
    for text in ["x".repeat(1 << 20), "é".repeat(1 << 19), "a ".repeat(1 << 19), "\n#".repeat(1 << 19)] {
        for format in [InputFormat::Text, InputFormat::Markdown, InputFormat::Html] {
            let mut reader = reader(io::Cursor::new(text.clone()), format, &ReadOptions::default());
            let document = reader.next().expect("the text is not blank").unwrap();
            assert!(document.passages.iter().all(|passage| words(&passage.text) <= 256), "{format}");
        }
    }
}

#[test]
fn every_format_reads_utf16_and_latin1() {
    let utf16 = |text: &str| -> &'static [u8] {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect::<Vec<u8>>().leak()
    };
    for (format, text) in [
        (InputFormat::Lines, "café\r\n"),
        (InputFormat::Text, "café\r\n"),
        (InputFormat::Markdown, "café\n"),
        (InputFormat::Html, "<p>café</p>"),
        (InputFormat::Code, "café"),
        (InputFormat::Csv, "text,x\r\ncafé,1\r\n"),
        (InputFormat::Tsv, "text\tx\ncafé\t1\n"),
        (InputFormat::Jsonl, "{\"text\": \"café\"}\n"),
        (InputFormat::Json, "[{\"text\": \"café\"}]"),
    ] {
        assert_eq!(texts(utf16(text), format, "auto"), ["café"], "{format}");
        assert_eq!(texts(text.as_bytes(), format, "auto"), ["café"], "{format}");
        let latin1: Vec<u8> =
            text.chars().map(|letter| u8::try_from(letter).expect("it is Latin-1")).collect();
        assert_eq!(texts(latin1.leak(), format, "latin1"), ["café"], "{format}");
    }
}

#[test]
fn a_transcoded_source_has_lines_but_no_byte_ranges() {
    let options = ReadOptions { encoding: "latin1".parse().unwrap(), ..ReadOptions::default() };
    for format in [InputFormat::Lines, InputFormat::Text] {
        let document = reader(&b"\ncaf\xe9"[..], format, &options).next().expect("there is a line").unwrap();
        assert_eq!(
            (document.passages[0].lines, document.passages[0].bytes),
            (Some((2, 2)), None),
            "{format}"
        );
    }
}

#[test]
fn objects_nested_without_end_are_malformed_rows() {
    let deep = format!("{{\"text\": {}\n{{\"text\": \"last\"}}\n", "[".repeat(100_000));
    let mut rows = reader(io::Cursor::new(deep), InputFormat::Jsonl, &ReadOptions::default());
    assert_eq!(rows.by_ref().map(Result::unwrap).count(), 1);
    assert_eq!(rows.statistics().skipped_rows(RowProblem::Malformed).count, 1);
}

/// Where a block ends, or a window of a text, or what is read ahead.
const BOUNDARIES: [usize; 7] = [32 << 10, 64 << 10, 128 << 10, 256 << 10, 320 << 10, 512 << 10, 768 << 10];

#[test]
fn white_space_up_to_a_boundary_is_skipped_in_every_format() {
    let folder = tempfile::tempdir().unwrap();
    for length in BOUNDARIES.into_iter().flat_map(|boundary| boundary - 2..=boundary + 2) {
        let blank = " \n".repeat(length.div_ceil(2));
        let (blank, line_ends) = (&blank[..length], "\n".repeat(length));
        for (name, text) in [
            ("a.json", format!("{blank}[{{\"text\": \"apple\"}}]")),
            ("b.json", format!("[{blank}{{\"text\": \"apple\"}}]")),
            ("c.json", format!("[{{\"text\": \"apple\"}}{blank}]{blank}")),
            ("d.json", format!("[{{\"text\":{blank}\"apple\"}}]")),
            ("a.jsonl", format!("{blank}{{\"text\": \"apple\"}}{blank}")),
            ("a.csv", format!("{line_ends}text\n{line_ends}apple{line_ends}")),
            ("a.txt", format!("{blank}apple{blank}")),
            ("a.md", format!("{blank}apple{blank}")),
            ("a.rs", format!("{blank}apple{blank}")),
            ("a.html", format!("{blank}<p>{blank}apple{blank}")),
        ] {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let source = Source::File(path);
            let documents = source.read(Origin::Named, &ReadOptions::default(), &words).unwrap();
            let documents: Vec<Document> = documents.map(Result::unwrap).collect();
            let texts: Vec<&str> = documents
                .iter()
                .flat_map(|document| &document.passages)
                .map(|passage| passage.text.as_str())
                .collect();
            assert_eq!(texts, ["apple"], "{name} {length}");
        }
    }
}

#[test]
fn a_json_file_that_arrives_in_pieces_is_rows() {
    for size in 1..9 {
        let pieces = Pieces { text: b" [\n {\"text\": \"apple\"}]", size };
        let stream =
            TextStream::new("test".to_owned(), Box::new(pieces), TextEncoding::Auto, SourceFacts::default());
        let mut stream = stream.unwrap();
        assert!(crate::corpus::json::starts_as_array_of_objects(&mut stream).unwrap(), "{size}");
    }
}

/// Returns a text in pieces of `size` bytes.
struct Pieces {
    text: &'static [u8],
    size: usize,
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.size.min(buffer.len());
        let read = (&self.text[..size.min(self.text.len())]).read(buffer)?;
        self.text = &self.text[read..];
        Ok(read)
    }
}

#[test]
fn rows_of_long_fields_keep_their_start_and_are_counted() {
    let limits = ReadLimits { text_bytes: 100, metadata_bytes: 400, ..ReadLimits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let (long, name) = ("é".repeat(5000), "x".repeat(30));
    for (format, text) in [
        (InputFormat::Jsonl, format!("{{\"more\": \"{long}\", \"text\": \"{long}\", \"year\": 2020}}\n")),
        (InputFormat::Json, format!("[{{\"text\": \"{long}\", \"more\": \"{long}\", \"year\": 2020}}]")),
        (InputFormat::Csv, format!("more,text,year\n{long},{long},2020\n")),
        (InputFormat::Tsv, format!("year\ttext\tmore\n2020\t{long}\t{long}\n")),
        (
            InputFormat::Jsonl,
            format!("{{\"text\": [\"{long}\", \"{long}\"], \"more\": {{\"{name}\": 1}}}}\n"),
        ),
    ] {
        let mut rows = reader(io::Cursor::new(text), format, &options);
        let document = rows.next().expect("there is a row").unwrap();
        assert!(rows.next().is_none());
        assert_eq!((rows.statistics().documents, rows.statistics().cut_lines), (1, 1), "{format}");
        let length = document.passages[0].text.len();
        assert!((60..=100).contains(&length), "{format}: {length}");
        let metadata = document.metadata.expect("there are other fields");
        assert!(metadata.get("year").is_none_or(|year| *year == 2020), "{format}: {metadata:?}");
        assert!(serde_json::Value::Object(metadata).to_string().len() < 400, "{format}");
    }
}

#[test]
fn why_no_row_of_a_source_can_be_read_is_said() {
    let limits = ReadLimits { row_bytes: 1000, ..ReadLimits::default() };
    let options = ReadOptions { limits, ..ReadOptions::default() };
    let long = "x".repeat(5000);
    let wide = ",".repeat(1 << 16);
    for (format, text, message) in [
        (InputFormat::Jsonl, format!("{{\"text\": \"{long}\"}}\n"), "line 1, is longer than 1000 bytes"),
        (InputFormat::Json, format!("[\n{{\"text\": \"{long}\"}}]"), "line 2, is longer than 1000 bytes"),
        (InputFormat::Csv, format!("text\n{long}\n{long}\n"), "line 2, is longer than 1000 bytes"),
        (InputFormat::Csv, format!("{long}\ntext\n"), "line 1, is longer than 1000 bytes"),
        (InputFormat::Csv, format!("text\n{wide}\n"), "line 2, has more than 65536 fields"),
        (InputFormat::Csv, format!("{wide}\ntext\n"), "line 1, has more than 65536 fields"),
    ] {
        let outcome: Result<Vec<Document>, CorpusError> =
            reader(io::Cursor::new(text), format, &options).collect();
        let error = outcome.expect_err("no row can be read").to_string();
        assert!(error.ends_with(message), "{format}: {error}");
    }
}

#[test]
fn a_json_file_is_rows_only_if_it_is_an_array_of_objects() {
    let folder = tempfile::tempdir().unwrap();
    for (text, format) in [
        ("[{\"text\": \"a\"}]", InputFormat::Json),
        (" [ \n {\"text\": \"a\"}]", InputFormat::Json),
        ("{\"name\": \"package\"}", InputFormat::Code),
        ("[1, 2]", InputFormat::Code),
        ("[", InputFormat::Code),
        ("[[{", InputFormat::Code),
        ("{[", InputFormat::Code),
        (" ", InputFormat::Code),
        ("", InputFormat::Code),
    ] {
        let path = folder.path().join("a.json");
        std::fs::write(&path, text).unwrap();
        let reader = Source::File(path).read(Origin::Walked, &ReadOptions::default(), &words).unwrap();
        assert_eq!(reader.format(), format, "{text:?}");
    }
}

/// Properties of every source, for any bytes.
fn check(bytes: &[u8], format: InputFormat, encoding: &str) -> Result<(), TestCaseError> {
    let options = ReadOptions {
        encoding: encoding.parse().unwrap(),
        limits: ReadLimits { text_bytes: 64, metadata_bytes: 256, row_bytes: 64, file_bytes: 1 << 10 },
        passages: PassageSettings { tokens: 4, overlap: 1 },
        ..ReadOptions::default()
    };
    let stream = TextStream::new(
        "test".to_owned(),
        Box::new(io::Cursor::new(bytes.to_vec())),
        options.encoding,
        SourceFacts::default(),
    )
    .unwrap();
    let Ok(mut reader) = DocumentReader::new(OpenSource { stream, format, title: None }, &options, &words)
    else {
        return Ok(());
    };
    let mut passages = 0;
    for document in reader.by_ref() {
        let Ok(document) = document else { break };
        prop_assert!(!document.passages.is_empty() && !document.key.is_empty());
        passages += document.passages.len() as u64;
        for Passage { text, lines, bytes: place, .. } in &document.passages {
            prop_assert!(!text.is_empty() && text.trim() == text);
            let (first, last) = lines.expect("every format has lines");
            prop_assert!(1 <= first && first <= last);
            if let Some((start, end)) = place {
                prop_assert!(start < end && *end <= bytes.len() as u64);
            }
        }
    }
    prop_assert!(reader.next().is_none());
    let report = reader.finish().unwrap();
    prop_assert_eq!(report.statistics.passages, passages);
    prop_assert_eq!(report.content.bytes, bytes.len() as u64);
    prop_assert_eq!(report.content.sha256, <[u8; 32]>::from(Sha256::digest(bytes)));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn random_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        format in prop::sample::select(InputFormat::ALL.to_vec()),
        encoding in prop::sample::select(vec!["auto", "latin1", "utf-16le", "shift_jis", "iso-2022-jp"]),
    ) {
        check(&bytes, format, encoding)?;
    }

    #[test]
    fn what_looks_like_a_format_is_read_or_refused(
        text in "([\\[\\]{}\",:\n\r\t<>/#&;*é ]|text|\"text\":|,\n|\\{\"text\":\"a\"\\}|<p>|<pre>|</p>|\u{feff}){0,60}",
        format in prop::sample::select(InputFormat::ALL.to_vec()),
    ) {
        check(text.as_bytes(), format, "auto")?;
    }
}

//! Lines, rows and objects, as documents and in their place.

use embed::corpus::{FieldChoice, InputFormat, PassageSettings, ReadLimits, ReadOptions};

use super::bytes::Bytes;
use super::reading::{SMALL, options, read, records};

/// Format, limits, encoding and fields; the source.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let format = bytes.pick(&[
        InputFormat::Jsonl,
        InputFormat::Json,
        InputFormat::Csv,
        InputFormat::Tsv,
        InputFormat::Lines,
    ]);
    let encoding = bytes.pick(&["auto", "auto", "latin1", "utf-16le", "shift_jis", "iso-2022-jp"]);
    let fields = bytes.pick(&[
        (&[][..], None),
        (&[][..], Some("id")),
        (&["text"][..], None),
        (&["a", "a.b"][..], Some("a.c")),
    ]);
    let limits = bytes.pick(&[SMALL, ReadLimits::default()]);
    let options = ReadOptions {
        encoding: encoding.parse().expect("a label of the web"),
        fields: FieldChoice {
            text: fields.0.iter().map(|&name| name.to_owned()).collect(),
            id: fields.1.map(str::to_owned),
        },
        limits,
        ..options(format, PassageSettings::default())
    };
    let (documents, report) = read(bytes.0, &options);
    for document in &documents {
        assert_eq!(document.passages.len(), 1, "a row is not cut");
        let text = &document.passages[0].text;
        let limit = limits.text_bytes;
        assert!(text.len() as u64 <= limit.saturating_mul(3), "{} bytes of at most {limit}", text.len());
    }
    let mut keys: Vec<&str> = documents.iter().map(|document| document.key.as_str()).collect();
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count, "no two documents of a source have the same key");
    let records = records(bytes.0, &options);
    assert!(records.is_sorted_by_key(|record| record.line));
    if report.is_some() {
        assert!(documents.len() <= records.len(), "{} of {} records", documents.len(), records.len());
        let covered: u64 = records.iter().map(|record| record.bytes).sum();
        // UTF-16 and others are longer as UTF-8, at most by three.
        assert!(covered <= 3 * bytes.0.len() as u64);
    }
}

//! Reads bytes as a source, and checks what holds for every format.

use std::fs;

use embed::corpus::{
    Document, InputFormat, Origin, PassageSettings, PlacedRecord, ReadLimits, ReadOptions, Source,
    SourceReport,
};

/// Limits that small inputs reach.
pub(super) const SMALL: ReadLimits =
    ReadLimits { text_bytes: 64, metadata_bytes: 256, row_bytes: 128, file_bytes: 1 << 20 };

/// A stand-in for a tokenizer.
pub(super) fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}

pub(super) fn options(format: InputFormat, passages: PassageSettings) -> ReadOptions {
    ReadOptions { format: Some(format), passages, ..ReadOptions::default() }
}

/// Passes the path of a file of these bytes to `read`. Its name is the same for every input.
pub(super) fn with_file<T>(bytes: &[u8], read: impl FnOnce(&std::path::Path) -> T) -> T {
    let folder = tempfile::tempdir().expect("there is a folder for temporary files");
    let path = folder.path().join("name");
    fs::write(&path, bytes).expect("a temporary file can be written");
    read(&path)
}

/// The documents of a source of `bytes`, up to an error, and the report if there was none.
pub(super) fn read(bytes: &[u8], options: &ReadOptions) -> (Vec<Document>, Option<SourceReport>) {
    let (mut documents, mut is_whole) = (Vec::new(), true);
    let report = with_file(bytes, |path| {
        let mut reader = Source::File(path.to_owned()).read(Origin::Named, options, &count_words).ok()?;
        for document in reader.by_ref() {
            match document {
                Ok(document) => documents.push(document),
                Err(_) => is_whole = false,
            }
        }
        assert!(reader.next().is_none(), "after the end or an error there are no documents");
        reader.finish().ok()
    });
    for document in &documents {
        check_document(document, bytes);
    }
    if let Some(report) = &report {
        let passages: usize = documents.iter().map(|document| document.passages.len()).sum();
        assert_eq!(report.content.bytes, bytes.len() as u64);
        assert_eq!(report.statistics.documents, documents.len() as u64);
        assert_eq!(report.statistics.passages, passages as u64);
    }
    (documents, report.filter(|_| is_whole))
}

fn check_document(document: &Document, bytes: &[u8]) {
    assert!(!document.passages.is_empty() && !document.key.is_empty());
    for passage in &document.passages {
        assert!(!passage.text.is_empty() && passage.text.trim() == passage.text, "{passage:?}");
        let (first, last) = passage.lines.expect("every format has lines");
        assert!(1 <= first && first <= last, "{passage:?}");
        if let Some((start, end)) = passage.bytes {
            assert!(start < end && end <= bytes.len() as u64, "{passage:?}");
        }
    }
}

/// The records of a source of `bytes`, each in its place, up to an error.
pub(super) fn records(bytes: &[u8], options: &ReadOptions) -> Vec<PlacedRecord> {
    with_file(bytes, |path| {
        let Ok(records) = Source::File(path.to_owned()).records(options) else { return Vec::new() };
        records.map_while(Result::ok).collect()
    })
}

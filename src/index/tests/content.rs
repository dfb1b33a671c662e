//! What is added, replaced and removed is what is read.

use super::*;

#[test]
fn what_was_written_is_read_back() {
    let home = Home::with_index();
    let mut writer = home.writer();
    let source = writer.begin_source(&new_source("notes/a.md")).unwrap();
    let metadata = json!({"z": 1, "a": [0.1, null]});
    let document = NewDocument { key: "intro", line: Some(3), metadata: Some(&metadata) };
    let document = writer.add_document(source, &document).unwrap();
    let span = Span { line: Some(3), end_line: Some(4), start_byte: Some(20), end_byte: Some(90) };
    let passage = |ordinal, text| NewPassage { document, ordinal, span, text, hash: TextHash::of(text) };
    let vectors = [embed("first"), embed("second")].concat();
    writer.add_passages(&[passage(0, "first"), passage(1, "second")], &vectors).unwrap();
    writer.finish_source(source).unwrap();
    writer.close().unwrap();

    let reader = home.reader();
    assert_eq!(reader.settings(), &settings());
    assert_eq!(reader.root(), home.path());
    assert_eq!(reader.rows(), vectors);
    assert_eq!(reader.counts().unwrap(), Counts { sources: 1, documents: 1, passages: 2, rows: 2 });
    let records = reader.passages(&[RowId(1), RowId(0)]).unwrap();
    let expected = PassageRecord {
        row: RowId(1),
        source: path("notes/a.md"),
        document: "intro".to_owned(),
        document_line: Some(3),
        ordinal: 1,
        span,
        text: "second".to_owned(),
        metadata: Some(metadata),
    };
    assert_eq!(records[0], expected);
    assert_eq!(records[1].text, "first");
    let sources = reader.sources().unwrap();
    assert_eq!(sources.len(), 1);
    let SourceRecord { path, rule, version, documents, passages, .. } = &sources[0];
    let NewSource { path: new_path, rule: new_rule, version: new_version } = &new_source("notes/a.md");
    assert_eq!((path, rule, version), (new_path, new_rule, new_version));
    assert_eq!((*documents, *passages), (1, 2));
    reader.verify().unwrap();
}

#[test]
fn finishing_a_source_replaces_what_was_there() {
    let home = Home::with_lines(&["old", "older"]);
    let mut writer = home.writer();
    put(&mut writer, "b.txt", &["other"]);
    put(&mut writer, "a.txt", &["new"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["new", "other"]);
    assert_eq!(reader.counts().unwrap(), Counts { sources: 2, documents: 2, passages: 2, rows: 4 });
    reader.verify().unwrap();
}

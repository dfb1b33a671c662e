//! What is added, replaced and removed is what is read.

use std::fs;

use std::ops::ControlFlow;

use super::*;

#[test]
fn what_was_written_is_read_back() {
    let home = Home::with_index();
    let mut writer = home.writer();
    let source = writer.begin_source(&new_source("notes/a.md")).unwrap();
    let metadata = json!({"z": 1, "a": [0.1, null]}).as_object().cloned();
    let passage = |text: &str, lines| Passage {
        text: text.to_owned(),
        context: None,
        lines: Some(lines),
        bytes: Some((20, 90)),
    };
    let spans = vec![passage("first", (3, 4)), passage("second", (3, 3)), passage("third", (7, 9))];
    let document = Document { key: "intro".to_owned(), line: Some(3), metadata, passages: spans };
    add(&mut writer, source, &document).unwrap();
    writer.finish_source(source).unwrap();
    writer.close().unwrap();

    let reader = home.reader();
    assert_eq!(reader.settings(), &settings());
    assert_eq!(reader.rows().values(), ["first", "second", "third"].map(embed).concat());
    assert_eq!(reader.counts().unwrap(), Counts { sources: 1, documents: 1, passages: 3, rows: 3 });
    let located = passages(&reader, &[RowId(1), RowId(0), RowId(2)]).unwrap();
    let expected = LocatedPassage {
        source: "notes/a.md".to_owned(),
        document: "intro".to_owned(),
        key: "3#2".to_owned(),
        passage: document.passages[1].clone(),
        metadata: document.metadata.clone(),
    };
    assert_eq!(located[0], expected);
    assert_eq!([1, 2].map(|position| located[position].key.as_str()), ["intro", "7"]);
    let mut documents = Vec::new();
    reader
        .documents_of_rows(reader.live(), |source, document, rows| {
            documents.push((source.clone(), document, rows.to_vec()));
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(documents, [(path("notes/a.md"), document, [0, 1, 2].map(RowId).to_vec())]);
    let sources = reader.sources().unwrap();
    assert_eq!(sources.len(), 1);
    let SourceRecord { path, rule, version, documents, passages, .. } = sources[0].clone();
    assert_eq!(NewSource { path, rule, version }, new_source("notes/a.md"));
    assert_eq!((documents, passages), (1, 3));
    home.assert_whole();
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
    home.assert_whole();
}

#[test]
fn removing_a_source_leaves_the_others() {
    let home = Home::with_lines(&["one", "two"]);
    let mut writer = home.writer();
    put(&mut writer, "b.txt", &["three"]);
    writer.remove_source(&path("a.txt")).unwrap();
    let again = writer.remove_source(&path("a.txt"));
    assert!(matches!(again, Err(Error::UnknownSource { path }) if path.as_str() == "a.txt"));
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["three"]);
    assert_eq!(reader.rows_of_source(&path("a.txt")).unwrap().len(), 0);
    home.assert_whole();
}

#[test]
fn removing_documents_leaves_the_rest_of_their_source() {
    let home = Home::with_lines(&["one", "two", "three"]);
    let mut writer = home.writer();
    assert_eq!(writer.remove_documents(&path("a.txt"), &["1", "3", "9"]).unwrap(), 2);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["two"]);
    assert_eq!(reader.counts().unwrap(), Counts { sources: 1, documents: 1, passages: 1, rows: 3 });
    home.assert_whole();
}

#[test]
fn replaced_content_is_deleted_from_the_catalog_when_the_writer_closes() {
    let home = Home::with_lines(&["old", "older"]);
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &["new"]);
    writer.close().unwrap();
    let catalog = rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap();
    let left = |table| {
        catalog.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u64>(0)).unwrap()
    };
    assert_eq!((left("sources"), left("documents"), left("passages")), (1, 1, 1));
}

#[test]
fn a_key_occurs_once_in_a_source_and_a_refusal_changes_nothing() {
    let home = Home::with_index();
    let mut writer = home.writer();
    let source = begin(&mut writer, "a.txt", &["one"]);
    let refused = add(&mut writer, source, &document("1", &["two"]));
    assert!(matches!(refused, Err(Error::DuplicateDocument { key }) if key == "1"));
    let other = writer.begin_source(&new_source("b.txt")).unwrap();
    add(&mut writer, other, &document("1", &["two"])).unwrap();
    writer.finish_source(source).unwrap();
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one"]);
    assert_eq!(reader.counts().unwrap().rows, 2, "the refused document left no row");
}

#[test]
fn a_finished_source_takes_no_more_content() {
    let home = Home::with_index();
    let mut writer = home.writer();
    let source = begin(&mut writer, "a.txt", &["one"]);
    writer.finish_source(source).unwrap();
    let late = add(&mut writer, source, &document("late", &["late"]));
    assert!(matches!(late, Err(Error::NotPending)));
    assert!(matches!(writer.finish_source(source), Err(Error::NotPending)));
    assert!(matches!(writer.discard_source(source), Err(Error::NotPending)));
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one"]);
    home.assert_whole();
}

#[test]
fn pending_content_is_not_visible() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    let source = begin(&mut writer, "a.txt", &["new"]);
    writer.commit().unwrap();
    assert_eq!(texts(&home.reader()), ["old"]);
    assert_eq!(home.reader().counts().unwrap().dead_rows(), 1);
    writer.finish_source(source).unwrap();
    assert_eq!(texts(&home.reader()), ["old"]);
    writer.commit().unwrap();
    assert_eq!(texts(&home.reader()), ["new"]);
}

#[test]
fn a_discarded_source_leaves_what_was_visible() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    let source = begin(&mut writer, "a.txt", &["new"]);
    writer.discard_source(source).unwrap();
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["old"]);
    home.assert_whole();
}

#[test]
fn a_resumed_run_finds_vectors_by_the_hash_of_the_text() {
    let home = Home::with_lines(&["visible"]);
    let mut interrupted = home.writer();
    begin(&mut interrupted, "b.txt", &["abandoned"]);
    interrupted.commit().unwrap();
    drop(interrupted);

    let mut writer = home.writer();
    begin(&mut writer, "c.txt", &["pending"]);
    let hashes = ["pending", "unknown", "abandoned", "visible"].map(TextHash::of);
    let found = writer.find_vectors(&hashes).unwrap();
    let expected = [Some(embed("pending")), None, Some(embed("abandoned")), Some(embed("visible"))];
    assert_eq!(found, expected);

    put(&mut writer, "b.txt", &["abandoned"]);
    assert_eq!(writer.discard_abandoned().unwrap(), 0, "finishing a source replaced what was left of it");
    writer.close().unwrap();
    assert_eq!(texts(&home.reader()), ["abandoned", "visible"]);
}

#[test]
fn abandoned_content_is_kept_until_it_is_discarded() {
    let home = Home::with_index();
    let mut interrupted = home.writer();
    begin(&mut interrupted, "a.txt", &["abandoned"]);
    interrupted.commit().unwrap();
    drop(interrupted);
    let hash = [TextHash::of("abandoned")];

    let mut other_run = home.writer();
    put(&mut other_run, "b.txt", &["other"]);
    other_run.close().unwrap();
    let mut writer = home.writer();
    assert!(writer.find_vectors(&hash).unwrap()[0].is_some());
    assert_eq!(writer.discard_abandoned().unwrap(), 1);
    writer.close().unwrap();
    assert_eq!(home.writer().find_vectors(&hash).unwrap(), [None]);
}

#[test]
fn the_rows_of_a_document_come_in_the_order_of_its_passages() {
    let home = Home::with_lines(&["first"]);
    let mut writer = home.writer();
    let source = writer.begin_source(&new_source("b.txt")).unwrap();
    add(&mut writer, source, &document("doc", &["earlier", "later"])).unwrap();
    writer.finish_source(source).unwrap();
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(reader.rows_of_document(&path("b.txt"), "doc").unwrap(), [RowId(1), RowId(2)]);
    assert_eq!(reader.rows_of_document(&path("b.txt"), "1").unwrap(), []);
    for (key, rows) in
        [("doc", &[RowId(1), RowId(2)][..]), ("doc#2", &[RowId(2)]), ("doc#1", &[]), ("doc#3", &[])]
    {
        assert_eq!(reader.rows_of_key(&path("b.txt"), key).unwrap(), rows, "{key}");
    }
    assert_eq!(reader.rows_of_source(&path("b.txt")).unwrap().iter().collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn the_texts_of_live_rows_are_those_of_their_passages() {
    let home = Home::with_lines(&["gone", "one", "two"]);
    let mut writer = home.writer();
    put(&mut writer, "b.txt", &["three"]);
    writer.remove_documents(&path("a.txt"), &["1"]).unwrap();
    begin(&mut writer, "c.txt", &["pending"]);
    writer.commit().unwrap();
    let reader = home.reader();
    let mut found = Vec::new();
    reader.for_each_text(|row, text| found.push((row, text.to_owned()))).unwrap();
    found.sort_unstable();
    let rows: Vec<RowId> = reader.live().iter().map(RowId).collect();
    let expected = passages(&reader, &rows).unwrap().into_iter().map(|located| located.passage.text);
    assert_eq!(found, rows.into_iter().zip(expected).collect::<Vec<_>>());
    assert_eq!(found.len(), 3);
}

#[test]
fn a_row_without_visible_content_has_no_passage() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &["new"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert!(matches!(passages(&reader, &[RowId(0)]), Err(Error::DeadRow { row: RowId(0) })));
    assert!(matches!(passages(&reader, &[RowId(u32::MAX)]), Err(Error::DeadRow { .. })));
    assert_eq!(passages(&reader, &[RowId(1)]).unwrap()[0].passage.text, "new");
}

#[test]
fn compaction_keeps_visible_and_pending_content_and_drops_the_rest() {
    let home = Home::with_lines(&["one", "two", "three"]);
    let mut writer = home.writer();
    let pending = begin(&mut writer, "b.txt", &["pending"]);
    writer.remove_documents(&path("a.txt"), &["2"]).unwrap();
    writer.copy_live_rows().unwrap();
    writer.commit().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one", "three"]);
    assert_eq!((reader.generation(), reader.counts().unwrap().rows), (2, 3));
    home.assert_whole();
    drop(reader);

    writer.finish_source(pending).unwrap();
    put(&mut writer, "c.txt", &["four"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["four", "one", "pending", "three"]);
    assert_eq!(reader.counts().unwrap().rows, 4);
    home.assert_whole();
}

#[test]
fn compaction_leaves_nothing_of_what_was_removed() {
    let many = ["a Rhinoceros word ".repeat(100), "two".to_owned()];
    let home = Home::with_lines(&many.each_ref().map(String::as_str));
    let mut writer = home.writer();
    writer.remove_documents(&path("a.txt"), &["1"]).unwrap();
    writer.close().unwrap();
    let reader = home.reader().detached();
    let before = reader.disk_bytes().unwrap();
    let mut writer = home.writer();
    writer.copy_live_rows().unwrap();
    writer.close().unwrap();
    assert_eq!(texts(&reader), ["two"], "an open reader keeps the files of its generation");
    assert!(home.reader().disk_bytes().unwrap() < before);
    for entry in fs::read_dir(home.index()).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        assert!(!name.starts_with("vectors-1."), "{name} is of the old generation");
        let bytes = fs::read(entry.path()).unwrap();
        for word in ["Rhinoceros", "rhinocero"] {
            assert!(memchr::memmem::find(&bytes, word.as_bytes()).is_none(), "{name} has {word}");
        }
    }
}

#[test]
fn a_compacted_index_is_read() {
    let home = Home::with_lines(&["one"]);
    let mut writer = home.writer();
    writer.copy_live_rows().unwrap();
    writer.close().unwrap();
    assert_eq!(texts(&home.reader()), ["one"]);
}

#[test]
fn an_empty_source_is_a_source() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &[]);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(reader.counts().unwrap(), Counts { sources: 1, documents: 0, passages: 0, rows: 1 });
    home.assert_whole();
}

#[test]
fn imported_vectors_are_not_found_by_their_text() {
    let home = Home::with_index();
    let mut writer = home.writer();
    let imported = NewSource { rule: imported_rule(), ..new_source("v.npy") };
    let source = writer.begin_source(&imported).unwrap();
    add(&mut writer, source, &document("1", &["both", "imported"])).unwrap();
    writer.finish_source(source).unwrap();
    let hashes = ["both", "imported"].map(TextHash::of);
    assert_eq!(writer.find_vectors(&hashes).unwrap(), [None, None]);
    put(&mut writer, "a.txt", &["both"]);
    assert_eq!(writer.find_vectors(&hashes).unwrap(), [Some(embed("both")), None]);
}

#[test]
fn a_filter_on_the_source_sees_what_the_user_sees() {
    let home = Home::with_lines(&["one"]);
    let mut writer = home.writer();
    put(&mut writer, "sub/b.txt", &["two", "three"]);
    writer.close().unwrap();
    let reader = home.reader();
    let found = |filters: &[&str]| -> Vec<u32> {
        let filters = filters.iter().map(|text| text.parse().unwrap()).collect();
        reader.rows_where(&filters, &|path| format!("../{path}")).unwrap().iter().collect()
    };
    assert_eq!(found(&["source = ../a.txt"]), [0]);
    assert_eq!(found(&["source = a.txt"]), Vec::<u32>::new());
    assert_eq!(found(&["source != ../a.txt"]), [1, 2]);
    assert_eq!(found(&["source ~ ../sub/"]), [1, 2]);
    assert_eq!(found(&["source ~ sub", "id = 2"]), [2]);
    assert_eq!(found(&["source ~ sub", "source ~ .md"]), Vec::<u32>::new());
    assert_eq!(found(&["source >= ../b"]), [1, 2]);
    assert_eq!(found(&["id = 1"]), [0, 1]);
}

//! The words of an index are those of its live texts, whatever was written, replaced, removed and compacted.

use super::*;
use crate::words::{Posting, WordQuery, WordScores, WordStore, WordsInMemory};

const QUERY: &str = "pump valve number7 number30 x";

/// The words of the live texts of `reader`, added one by one.
fn expected(reader: &Reader) -> (Vec<RowId>, WordsInMemory) {
    let rows: Vec<RowId> = reader.live().iter().map(RowId).collect();
    let mut words = WordsInMemory::default();
    for row in &rows {
        words.push(&reader.contextual_text(*row).unwrap());
    }
    (rows, words)
}

fn assert_words_of_live_texts(reader: &Reader) {
    let words = reader.words().unwrap().expect("a new index has words");
    let (rows, expected) = expected(reader);
    let query = WordQuery::plain(QUERY);
    let scores = WordScores::new(&words, &query).unwrap();
    let Ok(expected_scores) = WordScores::new(&expected, &query);
    let matched: Vec<u32> = expected_scores.matched().iter().map(|&place| rows[place as usize].0).collect();
    assert_eq!(scores.matched(), matched);
    for (place, row) in (0..).zip(&rows) {
        assert_eq!(scores.bm25(row.0), expected_scores.bm25(place));
        assert_eq!(scores.added(row.0), expected_scores.added(place));
        assert_eq!(words.length(row.0), expected.length(place));
    }
}

fn postings(reader: &Reader, term: &str) -> Vec<Posting> {
    let mut postings = Vec::new();
    reader.words().unwrap().unwrap().for_each_posting(term, &mut |posting| postings.push(posting)).unwrap();
    postings
}

fn segments(home: &Home) -> i64 {
    let connection = rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap();
    connection.query_row("SELECT count(*) FROM word_segments", [], |row| row.get(0)).unwrap()
}

#[test]
fn many_commits_merge_their_words_and_lose_none() {
    let home = Home::with_index();
    let mut writer = home.writer();
    for number in 0..75 {
        let text = format!("pump number{number} pump");
        put(&mut writer, &format!("{number}.txt"), &[&text, "valve"]);
        writer.commit().unwrap();
    }
    writer.close().unwrap();
    assert!(segments(&home) < 16, "{}", segments(&home));
    let reader = home.reader();
    assert_eq!(postings(&reader, "pump").len(), 75);
    assert_words_of_live_texts(&reader);
}

#[test]
fn words_of_replaced_removed_and_compacted_texts_are_gone() {
    let home = Home::with_index();
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &["pump one", "valve two", "pump three"]);
    put(&mut writer, "b.txt", &["valve x", "x"]);
    writer.commit().unwrap();
    put(&mut writer, "a.txt", &["pump four"]);
    writer.remove_documents(&path("b.txt"), &["2"]).unwrap();
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(postings(&reader, "pump"), [Posting { text: 5, count: 1 }]);
    assert!(postings(&reader, "two").is_empty());
    assert_words_of_live_texts(&reader);
    drop(reader);
    let mut writer = home.writer();
    writer.copy_live_rows().unwrap();
    put(&mut writer, "c.txt", &["pump valve number7"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(postings(&reader, "pump").len(), 2);
    assert_words_of_live_texts(&reader);
}

#[test]
fn words_of_an_open_source_wait_and_are_there_once_it_is_visible() {
    let home = Home::with_index();
    let mut writer = home.writer();
    let source = begin(&mut writer, "a.txt", &["pump one"]);
    writer.commit().unwrap();
    assert!(postings(&home.reader(), "pump").is_empty());
    writer.finish_source(source).unwrap();
    writer.close().unwrap();
    assert_eq!(postings(&home.reader(), "pump").len(), 1);
    assert_words_of_live_texts(&home.reader());
}

#[test]
fn words_of_changes_that_were_rolled_back_are_forgotten() {
    let home = Home::with_index();
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &["pump one"]);
    writer.commit().unwrap();
    begin(&mut writer, "b.txt", &["valve"]);
    writer.roll_back();
    put(&mut writer, "c.txt", &["x"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert!(postings(&reader, "valve").is_empty());
    assert_words_of_live_texts(&reader);
}

#[test]
fn the_first_writer_makes_the_words_of_an_older_analysis_anew() {
    let home = Home::with_lines(&["pump one", "valve"]);
    let writer = home.writer();
    writer.catalog.set("words", 0).unwrap();
    writer.catalog.batch("DELETE FROM postings; DELETE FROM word_lengths").unwrap();
    drop(writer);
    assert!(home.reader().words().unwrap().is_none());
    drop(home.writer());
    assert_words_of_live_texts(&home.reader());
    assert_eq!(postings(&home.reader(), "pump").len(), 1);
}

#[test]
fn damaged_postings_are_an_error() {
    let home = Home::with_lines(&["pump one", "valve"]);
    let connection = rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap();
    connection.execute_batch("UPDATE postings SET postings = x'ffff' WHERE term = 'pump'").unwrap();
    let reader = home.reader();
    let words = reader.words().unwrap().unwrap();
    assert!(matches!(words.for_each_posting("pump", &mut |_| ()), Err(Error::Corrupt { .. })));
}

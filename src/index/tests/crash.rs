//! What an interrupted writer leaves is never seen, and never in the way.

use std::fs::{self, OpenOptions};
use std::io::Write;

use super::*;

#[test]
fn rows_beyond_the_committed_length_are_ignored_and_cut_off() {
    let home = Home::with_lines(&["one"]);
    let vectors = home.file("vectors-1.f32");
    let committed = fs::metadata(&vectors).unwrap().len();
    let mut file = OpenOptions::new().append(true).open(&vectors).unwrap();
    file.write_all(&[0xff; WIDTH * 4 + 3]).unwrap();
    let reader = home.reader();
    assert_eq!(reader.rows().values(), embed("one"));
    home.assert_whole();
    drop(reader);

    let mut writer = home.writer();
    assert_eq!(fs::metadata(&vectors).unwrap().len(), committed);
    put(&mut writer, "b.txt", &["two"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one", "two"]);
    home.assert_whole();
}

#[test]
fn a_writer_that_ends_without_a_commit_changes_nothing() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &["new"]);
    drop(writer);
    let reader = home.reader();
    assert_eq!(texts(&reader), ["old"]);
    assert_eq!(reader.counts().unwrap().rows, 1);
    home.assert_whole();
}

/// Copies an index as a crash in the middle of a commit leaves it: pages half written, the journal beside
/// them.
fn crashed_in_mid_commit(lines: &[&str]) -> Home {
    let home = Home::with_lines(lines);
    let crashed = Home::empty();
    fs::create_dir(crashed.index()).unwrap();
    let connection = rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap();
    connection.execute_batch("PRAGMA cache_size = 1; PRAGMA cache_spill = 1; BEGIN").unwrap();
    connection.execute_batch("UPDATE passages SET text = hex(zeroblob(20000))").unwrap();
    for entry in fs::read_dir(home.index()).unwrap() {
        let name = entry.unwrap().file_name();
        fs::copy(home.index().join(&name), crashed.index().join(&name)).unwrap();
    }
    assert!(crashed.file("catalog.sqlite-journal").exists(), "the transaction spilled");
    crashed
}

#[test]
fn a_reader_undoes_the_half_done_commit_of_a_dead_writer() {
    let home = crashed_in_mid_commit(&["one", "two", "three"]);
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one", "three", "two"]);
    home.assert_whole();
    assert!(!home.file("catalog.sqlite-journal").exists());
}

#[test]
fn a_writer_undoes_the_half_done_commit_of_a_dead_one() {
    let home = crashed_in_mid_commit(&["one", "two", "three"]);
    let mut writer = home.writer();
    put(&mut writer, "b.txt", &["four"]);
    writer.close().unwrap();
    assert_eq!(texts(&home.reader()), ["four", "one", "three", "two"]);
}

#[test]
fn a_half_done_commit_is_not_undone_under_a_living_writer() {
    let home = crashed_in_mid_commit(&["one", "two", "three"]);
    let _living =
        super::super::folder::WriterLock::acquire(&super::super::folder::Folder::new(&home.index()));
    assert!(matches!(Reader::open(&home.index()), Err(Error::Busy { .. })));
    assert!(home.file("catalog.sqlite-journal").exists());
}

#[test]
fn a_full_disk_loses_only_what_was_not_committed() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    writer.catalog.batch("PRAGMA max_page_count = 1").unwrap();
    let long = "long ".repeat(10_000);
    let source = writer.begin_source(&new_source("b.txt")).unwrap();
    let refused = add(&mut writer, source, &document("1", &[&long]));
    assert!(matches!(refused, Err(Error::Io { .. })), "{refused:?}");
    assert!(matches!(writer.finish_source(source), Err(Error::NotPending)), "the source was rolled back");

    writer.catalog.batch("PRAGMA max_page_count = 1000000").unwrap();
    put(&mut writer, "c.txt", &["new"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["new", "old"]);
    assert_eq!(reader.counts().unwrap().rows, 2);
    home.assert_whole();
}

#[test]
fn an_interrupted_creation_is_reported_and_taken_over() {
    let home = Home::with_index();
    fs::rename(home.file("catalog.sqlite"), home.file("catalog.sqlite.new")).unwrap();
    assert!(matches!(Reader::open(&home.index()), Err(Error::Unfinished { .. })));
    assert!(matches!(Writer::open(&home.index()), Err(Error::Unfinished { .. })));
    assert_eq!(find_index(home.path(), None), None);

    let mut writer = Writer::create(&home.index(), &settings()).unwrap();
    put(&mut writer, "a.txt", &["one"]);
    writer.close().unwrap();
    assert_eq!(texts(&home.reader()), ["one"]);
    assert!(!home.file("catalog.sqlite.new").exists());
}

#[test]
fn an_index_is_not_made_over_another_or_among_other_files() {
    let home = Home::with_index();
    assert!(matches!(Writer::create(&home.index(), &settings()), Err(Error::AlreadyExists { .. })));
    fs::write(home.path().join("letter.txt"), "dear").unwrap();
    assert!(matches!(Writer::create(home.path(), &settings()), Err(Error::NotEmpty { .. })));
    let names = fs::read_dir(home.path()).unwrap().count();
    assert_eq!(names, 2, "the refusal left nothing behind");
}

#[test]
fn an_index_is_made_in_an_empty_folder() {
    let home = Home::empty();
    fs::create_dir(home.index()).unwrap();
    assert!(matches!(Reader::open(&home.index()), Err(Error::NotAnIndex { .. })));
    Writer::create(&home.index(), &settings()).unwrap().close().unwrap();
    assert_eq!(home.reader().counts().unwrap().rows, 0);
}

#[test]
fn a_rebuild_that_is_given_up_leaves_the_old_index() {
    let home = Home::with_lines(&["old"]);
    let mut writer = Writer::rebuild(&home.index(), &settings()).unwrap();
    put(&mut writer, "a.txt", &["new"]);
    writer.commit().unwrap();
    drop(writer);
    assert_eq!(texts(&home.reader()), ["old"]);
    drop(home.writer());
    let mut names: Vec<_> = fs::read_dir(home.index())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        "catalog.sqlite",
        "reserve",
        "vectors-1.crc",
        "vectors-1.f32",
        "vectors-1.i2",
        "vectors-1.i6",
        "writer.lock",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_rebuild_takes_another_dimension() {
    let home = Home::with_lines(&["old"]);
    let mut wider = settings();
    wider.model.dimension = Dimension::new(2 * WIDTH).unwrap();
    Writer::rebuild(&home.index(), &wider).unwrap().close().unwrap();
    let reader = home.reader();
    assert_eq!(reader.settings(), &wider);
    assert_eq!(reader.rows().len(), 0);
}

#[test]
fn a_rebuild_replaces_a_catalog_that_crashed_without_applying_its_journal() {
    let home = crashed_in_mid_commit(&["one", "two", "three"]);
    let mut writer = Writer::rebuild(&home.index(), &settings()).unwrap();
    put(&mut writer, "a.txt", &["new"]);
    writer.commit().unwrap();
    fs::write(home.file("catalog.sqlite-journal"), "left by a catalog beyond recovery").unwrap();
    writer.close().unwrap();
    assert!(!home.file("catalog.sqlite-journal").exists());
    let reader = home.reader();
    assert_eq!(texts(&reader), ["new"]);
    home.assert_whole();
}

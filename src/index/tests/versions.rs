//! Catalogs of older format versions are read as they are, and migrated by a writer.

use std::fs;
use std::time::Duration;

use super::*;

/// An index whose catalog is of version 1.
fn home_of_version_1() -> Home {
    let home = Home::with_lines(&["one", "two"]);
    connection(&home)
        .execute_batch(
            "ALTER TABLE settings DROP COLUMN checksum; ALTER TABLE generations DROP COLUMN checksum;
             ALTER TABLE sources DROP COLUMN checksum; ALTER TABLE documents DROP COLUMN checksum;
             ALTER TABLE passages DROP COLUMN checksum;
             DROP TABLE postings; DROP TABLE word_segments; DROP TABLE word_lengths; DELETE FROM settings WHERE name IN ('words', 'word_segments'); ALTER TABLE passages DROP COLUMN context;
             ALTER TABLE sources DROP COLUMN inode; ALTER TABLE sources DROP COLUMN changed_ns;
             PRAGMA user_version = 1",
        )
        .unwrap();
    fs::remove_file(home.file("vectors-1.crc")).unwrap();
    home
}

fn connection(home: &Home) -> rusqlite::Connection {
    rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap()
}

fn version(home: &Home) -> u32 {
    connection(home).pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

fn recorded(reader: &Reader) -> SourceVersion {
    reader.sources().unwrap()[0].version
}

#[test]
fn a_reader_of_an_older_catalog_reads_null_for_what_came_later_and_changes_nothing() {
    let home = home_of_version_1();
    let bytes = fs::read(home.file("catalog.sqlite")).unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one", "two"]);
    let expected = SourceVersion { changed_ns: None, inode: None, ..new_source("a.txt").version };
    assert_eq!(recorded(&reader), expected);
    home.assert_whole();
    drop(reader);
    assert_eq!(fs::read(home.file("catalog.sqlite")).unwrap(), bytes);
}

#[test]
fn the_first_writer_migrates_an_older_catalog_and_keeps_its_content() {
    let home = home_of_version_1();
    let mut writer = home.writer();
    assert_eq!(version(&home), FORMAT_VERSION);
    put(&mut writer, "b.txt", &["three"]);
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one", "three", "two"]);
    assert_eq!(recorded(&reader).inode, None);
    assert_eq!(reader.sources().unwrap()[1].version, new_source("b.txt").version);
    home.assert_whole();
}

#[test]
fn a_reader_opens_an_index_whose_migration_was_interrupted() {
    let home = home_of_version_1();
    let folder = super::super::folder::Folder::new(&home.index());
    let lock = super::super::folder::WriterLock::acquire(&folder).unwrap();
    let reader = home.reader();
    // The commit of the migration finds a reader, after the files were made.
    let catalog =
        super::super::catalog::Catalog::open(folder.catalog(), super::super::catalog::Access::Write).unwrap();
    catalog.set_patience(Duration::from_millis(20)).unwrap();
    let writer = Writer::open_catalog(folder, catalog, lock);
    assert!(matches!(writer, Err(Error::Busy { .. })), "{writer:?}");
    drop(reader);
    assert_eq!(version(&home), 1);
    assert_eq!(texts(&home.reader()), ["one", "two"]);
    drop(home.writer());
    assert_eq!(texts(&home.reader()), ["one", "two"]);
    home.assert_whole();
}

#[test]
fn a_migrated_catalog_has_the_tables_of_a_new_one() {
    let tables = |home: &Home| -> Vec<(String, String)> {
        let connection = connection(home);
        let mut statement = connection
            .prepare(
                "SELECT tables.name, columns.name || ' ' || columns.type FROM sqlite_schema AS tables,
                 pragma_table_info(tables.name) AS columns WHERE tables.type = 'table' ORDER BY 1, columns.cid",
            )
            .unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    let migrated = home_of_version_1();
    assert_ne!(tables(&migrated), tables(&Home::with_index()));
    drop(migrated.writer());
    assert_eq!(tables(&migrated), tables(&Home::with_index()));
}

#[test]
fn a_migration_that_finds_a_reader_changes_nothing() {
    let home = home_of_version_1();
    let reader = home.reader();
    let folder = super::super::folder::Folder::new(&home.index());
    let lock = super::super::folder::WriterLock::acquire(&folder).unwrap();
    let access = super::super::catalog::Access::Write;
    let mut catalog = super::super::catalog::Catalog::open(folder.catalog(), access).unwrap();
    catalog.set_patience(Duration::from_millis(20)).unwrap();
    assert!(matches!(catalog.migrate(&lock), Err(Error::Busy { .. })));
    assert_eq!(version(&home), 1);
    assert_eq!(texts(&reader), ["one", "two"]);
}

#[test]
fn a_rebuild_of_an_older_index_is_of_the_newest_version() {
    let home = home_of_version_1();
    Writer::rebuild(&home.index(), &settings()).unwrap().close().unwrap();
    assert_eq!(version(&home), FORMAT_VERSION);
}

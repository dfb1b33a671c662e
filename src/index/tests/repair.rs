//! Damage is found by whoever reads it, listed by verification, and repaired from what is left.

use std::fs::{self, OpenOptions};
use std::ops::ControlFlow;

use super::super::header::HEADER_BYTES;
use super::*;
use crate::scan::ScanRequest;

/// More than two blocks of codes.
const LINES: usize = 150;

fn home_of_lines() -> Home {
    let lines: Vec<String> = (0..LINES).map(|line| format!("line {line}")).collect();
    Home::with_lines(&lines.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Repairs the index, whose texts are embedded as they first were, and returns what was done.
fn repair(home: &Home) -> Repair {
    let mut embed = |texts: &[String]| {
        let mut vectors = UnitVectors::new(Dimension::new(WIDTH).unwrap());
        for text in texts {
            vectors.push_unit(&super::embed(text));
        }
        Ok::<_, Error>(vectors)
    };
    let repair = Writer::repair(&home.index(), &mut embed).unwrap();
    assert_eq!(repair.left, []);
    home.assert_whole();
    repair
}

/// What a scan that reads every row says.
fn scanned(home: &Home) -> Result<(), Error> {
    let reader = home.reader();
    let _best = reader.scan().search(&embed("line 7"), &ScanRequest::best(1));
    reader.check_scanned()
}

#[test]
fn an_index_without_damage_is_left_alone() {
    let home = home_of_lines();
    let files = || -> Vec<Vec<u8>> {
        let mut names: Vec<_> =
            fs::read_dir(home.index()).unwrap().map(|entry| entry.unwrap().path()).collect();
        names.sort();
        names.iter().map(|path| fs::read(path).unwrap()).collect()
    };
    let before = files();
    assert_eq!(repair(&home), Repair::default());
    assert_eq!(files(), before);
}

#[test]
fn a_damaged_row_is_noticed_when_it_is_scanned_and_embedded_again() {
    let home = home_of_lines();
    let before = home.reader().rows().values().to_vec();
    scanned(&home).unwrap();
    flip(&home, "vectors-1.f32", HEADER_BYTES + 7 * WIDTH * 4);
    let damage = Damage::Rows { first_row: 7, last_row: 7 };
    assert!(matches!(scanned(&home), Err(Error::Corrupt { what, .. }) if what == damage));
    let read = home.reader().check_rows([RowId(7)]);
    assert!(matches!(read, Err(Error::Corrupt { what, .. }) if what == damage));
    home.reader().check_rows((0..7).map(RowId)).unwrap();
    assert_eq!(home.faults(), [damage]);
    let done = repair(&home);
    assert_eq!((done.embedded, done.lost), (1, vec![]));
    assert_eq!(home.reader().rows().values(), before, "all other rows are kept bit for bit");
}

#[cfg(unix)]
#[test]
fn a_file_that_is_cut_short_under_a_reader_is_damage() {
    crate::mapped_file::tolerate_truncation();
    for file in ["vectors-1.f32", "vectors-1.crc"] {
        let lines: Vec<String> = (0..5000).map(|line| format!("line {line}")).collect();
        let home = Home::with_lines(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let reader = home.reader();
        OpenOptions::new().write(true).open(home.file(file)).unwrap().set_len(5000).unwrap();
        let _best = reader.scan().search(&embed("line 7"), &ScanRequest::best(1));
        assert!(matches!(reader.check_scanned(), Err(Error::Corrupt { .. })), "{file}");
        let all = (0..5000).map(RowId);
        assert!(matches!(reader.check_rows(all), Err(Error::Corrupt { .. })), "{file}");
    }
}

#[test]
fn a_text_that_is_embedded_anew_does_not_take_over_a_damaged_row() {
    let home = home_of_lines();
    flip(&home, "vectors-1.f32", HEADER_BYTES + 7 * WIDTH * 4);
    let hashes = ["line 7", "line 8"].map(TextHash::of);
    let found = home.writer().find_vectors(&hashes).unwrap();
    assert_eq!(found, [None, Some(embed("line 8"))]);
}

#[test]
fn lost_files_of_vectors_are_made_again_from_the_texts() {
    for harm in ["vectors-1.f32", "vectors-1.crc", "vectors-1.i6", "vectors-1.i2"] {
        for length in [None, Some(0), Some(HEADER_BYTES as u64 - 1), Some(HEADER_BYTES as u64 + 40)] {
            let home = home_of_lines();
            let before = home.reader().rows().values().to_vec();
            let file = home.file(harm);
            match length {
                None => fs::remove_file(&file).unwrap(),
                Some(length) => OpenOptions::new().write(true).open(&file).unwrap().set_len(length).unwrap(),
            }
            assert_eq!(home.faults().len(), 1, "{harm} {length:?}");
            let embedded = repair(&home).embedded;
            let expected = match (harm, length) {
                ("vectors-1.f32", Some(4136)) => LINES - 2,
                ("vectors-1.f32", _) => LINES,
                _ => 0,
            };
            assert_eq!(embedded, expected as u64, "{harm} {length:?}");
            assert_eq!(home.reader().rows().values(), before);
        }
    }
}

#[test]
fn an_index_without_vectors_is_rebuilt_from_its_texts() {
    let home = home_of_lines();
    fs::remove_file(home.file("vectors-1.f32")).unwrap();
    assert!(Reader::open(&home.index()).is_err());
    let reader = Reader::open_texts(&home.index()).unwrap();
    assert!(reader.rows().is_empty());
    let mut documents = 0;
    let count = |_: &StoredPath, _, _: &[RowId]| {
        documents += 1;
        ControlFlow::Continue(())
    };
    reader.documents_of_rows(reader.live(), count).unwrap();
    assert_eq!(documents, LINES);
}

#[test]
fn damaged_codes_and_checksums_are_listed_and_made_again() {
    for (file, damage) in [
        ("vectors-1.i6", Damage::Codes { first_row: 0, last_row: 63 }),
        ("vectors-1.i2", Damage::Codes { first_row: 0, last_row: 63 }),
        ("vectors-1.crc", Damage::Checksums { first_row: 2, last_row: 2 }),
    ] {
        let home = home_of_lines();
        let before = fs::read(home.file(file)).unwrap();
        flip(&home, file, HEADER_BYTES + 9);
        assert_eq!(home.faults(), [damage], "{file}");
        assert_eq!(repair(&home).embedded, 0);
        let after = fs::read(home.file(&file.replace('1', "2"))).unwrap();
        assert_eq!(after[HEADER_BYTES..], before[HEADER_BYTES..], "{file}");
    }
}

#[test]
fn a_changed_text_is_never_shown_and_its_document_is_given_up() {
    for change in [
        "UPDATE passages SET text = 'forged' WHERE text = 'line 7'",
        "UPDATE passages SET line = 99 WHERE text = 'line 7'",
        "UPDATE passages SET context = 'forged' WHERE text = 'line 7'",
        "UPDATE documents SET key = 'forged' WHERE key = '8'",
        "UPDATE documents SET metadata = '{}' WHERE key = '8'",
    ] {
        let home = home_of_lines();
        change_catalog(&home, change);
        let shown = passages(&home.reader(), &[RowId(7)]);
        assert!(matches!(shown, Err(Error::Corrupt { what: Damage::Record { .. }, .. })), "{change}");
        assert_ne!(home.faults(), [], "{change}");
        let lost = repair(&home).lost;
        assert_eq!(lost.len(), 1, "{change}");
        assert!(lost[0].starts_with("a.txt:"), "{lost:?}");
        let reader = home.reader();
        assert_eq!(reader.live().len() as usize, LINES - 1);
        assert_eq!(reader.sources().unwrap()[0].version.size, None, "the next run reads the source again");
    }
}

#[test]
fn rules_and_metadata_that_are_no_objects_are_listed_and_given_up() {
    for (change, field) in [
        ("UPDATE sources SET rule = '{'", "rule"),
        ("UPDATE documents SET metadata = '7' WHERE key = '8'", "metadata"),
    ] {
        let home = home_of_lines();
        forge_catalog(&home, change);
        assert_eq!(home.faults(), [Damage::Field { field }]);
        let lost = repair(&home).lost;
        assert_eq!(lost.len(), if field == "rule" { LINES } else { 1 });
    }
}

#[test]
fn a_setting_of_the_words_under_a_changed_name_is_refused_and_made_again() {
    for change in [
        "UPDATE settings SET name = 'vords' WHERE name = 'words'",
        "UPDATE settings SET name = 'word_tegments' WHERE name = 'word_segments'",
        "UPDATE settings SET value = 7 WHERE name = 'words'",
        "DELETE FROM settings WHERE name = 'words'",
    ] {
        let home = home_of_lines();
        change_catalog(&home, change);
        let read = Reader::open(&home.index()).and_then(|reader| reader.words().map(drop));
        assert!(matches!(read, Err(Error::Corrupt { .. })), "{change}: {read:?}");
        assert_ne!(home.faults(), [], "{change}");
        assert_eq!(repair(&home).left, [], "{change}");
    }
}

#[test]
fn a_damaged_setting_of_the_model_is_beyond_repair() {
    for change in [
        "UPDATE settings SET name = 'kept_dimension' WHERE name = 'encoder_precision'",
        "UPDATE settings SET value = 'forged' WHERE name = 'model'",
    ] {
        let home = home_of_lines();
        change_catalog(&home, change);
        let opened = Reader::open(&home.index());
        assert!(matches!(opened, Err(Error::Corrupt { .. })), "{change}");
        let mut embed = |_: &[String]| -> Result<UnitVectors, Error> { unreachable!("no row is damaged") };
        assert!(matches!(Writer::repair(&home.index(), &mut embed), Err(Error::Corrupt { .. })), "{change}");
    }
}

#[test]
fn damaged_words_are_refused_by_a_search_and_made_again() {
    for change in [
        "UPDATE postings SET postings = x'0002' WHERE term = 'line'",
        "DELETE FROM postings WHERE term = 'line'",
        "DELETE FROM postings WHERE term <> '7'",
        "DELETE FROM postings",
        "PRAGMA foreign_keys = OFF; DELETE FROM word_segments",
        "UPDATE word_segments SET first_vector = 1",
        "UPDATE word_lengths SET lengths = zeroblob(300)",
        "UPDATE word_lengths SET chunk = 1000000",
        "DELETE FROM word_lengths",
    ] {
        let home = home_of_lines();
        change_catalog(&home, change);
        let reader = home.reader();
        let read = reader.words().and_then(|words| {
            let words = words.expect("the index has words");
            crate::words::WordStore::for_each_posting(&words, "line", &mut |_| ())
        });
        assert!(matches!(read, Err(Error::Corrupt { .. })), "{change}: {read:?}");
        drop(reader);
        assert_ne!(home.faults(), [], "{change}");
        repair(&home);
    }
}

#[test]
fn wrong_counts_and_live_rows_are_counted_again() {
    for (change, damage) in [
        ("UPDATE sources SET passage_count = 3", Damage::SourceCounts { count: 1 }),
        ("UPDATE sources SET document_count = 3", Damage::SourceCounts { count: 1 }),
    ] {
        let home = home_of_lines();
        change_catalog(&home, change);
        assert_eq!(home.faults(), [damage], "{change}");
        repair(&home);
        assert_eq!(home.reader().sources().unwrap()[0].passages as usize, LINES);
    }
}

#[test]
fn a_catalog_whose_pages_contradict_each_other_is_beyond_repair() {
    let home = home_of_lines();
    let connection = rusqlite::Connection::open(home.file("catalog.sqlite")).unwrap();
    connection
        .execute_batch(
            "PRAGMA writable_schema = ON;
             UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'passages_by_text_hash')
             WHERE name = 'passages_by_vector'",
        )
        .unwrap();
    drop(connection);
    assert_ne!(home.faults(), []);
    let embed = &mut |_: &[String]| -> Result<UnitVectors, Error> { unreachable!("no vector is lost") };
    let refused = Writer::repair(&home.index(), embed);
    assert!(
        matches!(refused, Err(Error::Corrupt { .. })),
        "two indexes on one page are beyond repair: {refused:?}"
    );
}

#[test]
fn a_repair_that_cannot_embed_keeps_the_index() {
    let home = home_of_lines();
    fs::remove_file(home.file("vectors-1.f32")).unwrap();
    change_catalog(&home, "UPDATE passages SET text = 'forged' WHERE text = 'line 7'");
    let before = home.faults();
    let embed = &mut |_: &[String]| Err(Error::NotPending);
    assert!(matches!(Writer::repair(&home.index(), embed), Err(Error::NotPending)));
    assert_eq!(home.faults(), before);
    let done = repair(&home);
    assert_eq!((done.embedded as usize, done.lost.len()), (LINES - 1, 1));
}

#[test]
fn an_index_of_several_commits_without_any_file_of_vectors_is_repaired() {
    let home = home_of_lines();
    for name in ["b.txt", "c.txt"] {
        let mut writer = home.writer();
        put(&mut writer, name, &[name]);
        writer.close().unwrap();
    }
    for kind in ["f32", "crc", "i6", "i2"] {
        fs::remove_file(home.file(&format!("vectors-1.{kind}"))).unwrap();
    }
    assert_eq!(repair(&home).embedded as usize, LINES + 2);
    assert_eq!(texts(&home.reader()).len(), LINES + 2);
}

#[test]
fn a_damaged_vector_without_a_text_is_given_up() {
    let home = home_of_lines();
    let mut writer = home.writer();
    put(&mut writer, "b.npy", &["", "two"]);
    writer.close().unwrap();
    flip(&home, "vectors-1.f32", HEADER_BYTES + LINES * WIDTH * 4);
    let done = repair(&home);
    assert_eq!((done.embedded, done.lost), (0, vec!["b.npy:1".to_owned()]));
    assert_eq!(texts(&home.reader()).len(), LINES + 1);
}

#[test]
fn verification_beside_a_compaction_is_no_false_alarm() {
    let home = home_of_lines();
    let folder = home.index();
    let verifier =
        std::thread::spawn(move || (0..200).flat_map(|_| verify(&folder).unwrap()).collect::<Vec<_>>());
    while !verifier.is_finished() {
        let mut writer = home.writer();
        writer.copy_live_rows().unwrap();
        writer.close().unwrap();
    }
    assert_eq!(verifier.join().unwrap(), []);
}

#[test]
fn a_snapshot_that_is_held_does_not_keep_a_writer_from_committing() {
    let home = home_of_lines();
    let reader = home.reader().detached();
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &["new"]);
    writer.copy_live_rows().unwrap();
    writer.close().unwrap();
    assert_eq!(texts(&home.reader()), ["new"]);
    assert_eq!(texts(&reader).len(), LINES, "the snapshot is of one moment");
}

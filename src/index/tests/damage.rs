//! Damaged, foreign and newer files are told apart, and none of them is read as if it were whole.

use std::fs::{self, OpenOptions};

use super::super::header::HEADER_BYTES;
use super::*;

fn damage(home: &Home) -> Damage {
    match Reader::open(&home.index()) {
        Err(Error::Corrupt { what, .. }) => what,
        other => panic!("opened a damaged index: {other:?}"),
    }
}

#[test]
fn every_byte_of_the_header_is_checked() {
    let home = Home::with_lines(&["one"]);
    for at in 0..HEADER_BYTES {
        flip(&home, "vectors-1.f32", at);
        let expected = if at < 8 { Damage::HeaderMagic } else { Damage::HeaderChecksum };
        assert_eq!(damage(&home), expected, "byte {at}");
        flip(&home, "vectors-1.f32", at);
    }
    home.assert_whole();
}

#[test]
fn a_row_that_differs_from_its_checksum_is_found() {
    let home = Home::with_lines(&["one", "two"]);
    let mut writer = home.writer();
    put(&mut writer, "b.txt", &["three"]);
    writer.close().unwrap();
    flip(&home, "vectors-1.f32", HEADER_BYTES + 2 * WIDTH * 4);
    assert_eq!(home.faults(), [Damage::Rows { first_row: 2, last_row: 2 }]);
    let copied = home.writer().copy_live_rows();
    assert!(matches!(copied, Err(Error::Corrupt { what: Damage::Rows { first_row: 2, last_row: 2 }, .. })));
    assert_eq!(home.reader().generation(), 1, "damage is not copied to a new generation");
}

#[test]
fn codes_that_are_not_those_of_their_rows_are_found() {
    let lines: Vec<String> = (0..150).map(|line| format!("line {line}")).collect();
    let home = Home::with_lines(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    for file in ["vectors-1.i6", "vectors-1.i2"] {
        let length = fs::metadata(home.file(file)).unwrap().len() as usize;
        flip(&home, file, usize::midpoint(HEADER_BYTES, length));
        assert_eq!(home.faults(), [Damage::Codes { first_row: 64, last_row: 127 }], "{file}");
        flip(&home, file, usize::midpoint(HEADER_BYTES, length));
    }
    home.assert_whole();
}

#[test]
fn codes_that_cannot_be_used_are_done_without_and_made_again_by_the_next_writer() {
    let lines: Vec<String> = (0..3000).map(|line| format!("line {line}")).collect();
    let home = Home::with_lines(&lines.iter().map(String::as_str).collect::<Vec<_>>());
    let other = Home::with_lines(&["one"]);
    for name in ["vectors-1.i6", "vectors-1.i2"] {
        let file = home.file(name);
        let codes = fs::read(&file).unwrap();
        let harms: [&dyn Fn(); 4] = [
            &|| fs::remove_file(&file).unwrap(),
            &|| fs::write(&file, &codes[..codes.len() - 1]).unwrap(),
            &|| flip(&home, name, 100),
            &|| assert!(fs::copy(other.file(name), &file).unwrap() > 0),
        ];
        for harm in harms {
            harm();
            assert_eq!(visible(&home.reader()).len(), lines.len());
            home.writer().close().unwrap();
            assert_eq!(fs::read(&file).unwrap(), codes);
            home.assert_whole();
        }
    }
}

#[test]
fn a_matrix_that_was_cut_short_is_refused() {
    let home = Home::with_lines(&["one", "two"]);
    let whole = fs::metadata(home.file("vectors-1.f32")).unwrap().len();
    for length in [whole - 1, HEADER_BYTES as u64, 100, 0] {
        OpenOptions::new().write(true).open(home.file("vectors-1.f32")).unwrap().set_len(length).unwrap();
        assert_eq!(damage(&home), Damage::TooShort { found: length, expected: whole });
        assert!(matches!(Writer::open(&home.index()), Err(Error::Corrupt { .. })));
    }
}

#[test]
fn a_missing_matrix_is_damage() {
    let home = Home::with_lines(&["one"]);
    fs::remove_file(home.file("vectors-1.f32")).unwrap();
    assert_eq!(damage(&home), Damage::MissingFile);
}

#[test]
fn a_matrix_of_another_index_is_refused() {
    let (home, other) = (Home::with_lines(&["one"]), Home::with_lines(&["one"]));
    fs::copy(other.file("vectors-1.f32"), home.file("vectors-1.f32")).unwrap();
    assert_eq!(damage(&home), Damage::ForeignIndex);
}

#[test]
fn a_matrix_of_another_generation_or_dimension_is_refused() {
    let home = Home::with_lines(&["one"]);
    forge_catalog(&home, "UPDATE settings SET value = 2 WHERE name = 'dimension'");
    assert_eq!(damage(&home), Damage::Dimension { found: 4, expected: 2 });
    let home = Home::with_lines(&["one"]);
    forge_catalog(
        &home,
        "PRAGMA foreign_keys = OFF; UPDATE settings SET value = 5 WHERE name = 'generation';
         UPDATE generations SET generation = 5",
    );
    fs::rename(home.file("vectors-1.f32"), home.file("vectors-5.f32")).unwrap();
    assert_eq!(damage(&home), Damage::Generation { found: 1, expected: 5 });
}

#[test]
fn a_newer_format_is_not_called_damage() {
    let home = Home::with_lines(&["one"]);
    change_catalog(&home, &format!("PRAGMA user_version = {}", FORMAT_VERSION + 1));
    for refused in [Reader::open(&home.index()).map(drop), Writer::open(&home.index()).map(drop)] {
        assert!(
            matches!(refused, Err(Error::NewerFormat { found, supported: FORMAT_VERSION, .. }) if found == FORMAT_VERSION + 1)
        );
    }
}

#[test]
fn a_newer_matrix_is_not_called_damage() {
    let home = Home::with_lines(&["one"]);
    let mut bytes = fs::read(home.file("vectors-1.f32")).unwrap();
    bytes[8] = 2;
    let checksum = crc32fast::hash(&bytes[..HEADER_BYTES - 4]);
    bytes[HEADER_BYTES - 4..HEADER_BYTES].copy_from_slice(&checksum.to_le_bytes());
    fs::write(home.file("vectors-1.f32"), bytes).unwrap();
    assert!(matches!(Reader::open(&home.index()), Err(Error::NewerFormat { found: 2, supported: 1, .. })));
}

#[test]
fn other_files_are_not_an_index() {
    let home = Home::empty();
    assert!(matches!(Reader::open(&home.index()), Err(Error::Missing { .. })));
    assert!(matches!(Writer::open(&home.index()), Err(Error::Missing { .. })));
    fs::create_dir(home.index()).unwrap();
    assert!(matches!(Reader::open(&home.index()), Err(Error::NotAnIndex { .. })));
    fs::write(home.file("catalog.sqlite"), "dear diary, ".repeat(100)).unwrap();
    assert!(matches!(Reader::open(&home.index()), Err(Error::NotAnIndex { .. })));
    fs::remove_file(home.file("catalog.sqlite")).unwrap();
    change_catalog(&home, "CREATE TABLE diary (page TEXT)");
    assert!(matches!(Reader::open(&home.index()), Err(Error::NotAnIndex { .. })));
    assert!(matches!(Writer::rebuild(&home.index(), &settings()), Err(Error::NotAnIndex { .. })));
}

#[test]
fn settings_and_records_of_the_wrong_kind_are_damage() {
    let changes = [
        ("DELETE FROM settings WHERE name = 'model'", Damage::Setting { name: "model" }),
        ("UPDATE settings SET value = 0 WHERE name = 'dimension'", Damage::Setting { name: "dimension" }),
        ("UPDATE settings SET value = 'f64' WHERE name = 'precision'", Damage::Setting { name: "precision" }),
        (
            "UPDATE settings SET value = 8 WHERE name = 'encoder_precision'",
            Damage::Setting { name: "encoder_precision" },
        ),
        ("UPDATE settings SET value = 'x' WHERE name = 'index_id'", Damage::Setting { name: "index_id" }),
        (
            "UPDATE settings SET value = 9 WHERE name = 'generation'",
            Damage::GenerationRecord { generation: 9 },
        ),
        ("UPDATE generations SET live = x'00'", Damage::GenerationRecord { generation: 1 }),
        ("UPDATE generations SET rows = 0", Damage::GenerationRecord { generation: 1 }),
        ("UPDATE generations SET next_vector = 0", Damage::GenerationRecord { generation: 1 }),
    ];
    for (statement, expected) in changes {
        let home = Home::with_lines(&["one"]);
        forge_catalog(&home, statement);
        assert_eq!(damage(&home), expected, "{statement}");
    }
}

#[test]
fn an_index_that_says_nothing_of_its_encoder_is_one_of_float32() {
    let home = Home::with_lines(&["one"]);
    assert_eq!(home.reader().settings().model.encoder_precision, "int8");
    change_catalog(&home, "DELETE FROM settings WHERE name = 'encoder_precision'");
    assert_eq!(home.reader().settings().model.encoder_precision, "f32");
}

#[test]
fn contradictions_within_the_catalog_are_found_by_verification() {
    let changes = [
        ("DELETE FROM segments", Damage::SegmentGap { row: 0 }),
        ("UPDATE segments SET row_count = 0", Damage::SegmentGap { row: 0 }),
        ("UPDATE segments SET row_count = 9", Damage::SegmentGap { row: 0 }),
        ("UPDATE sources SET state = 'retired'", Damage::LiveRows { live: 2, visible: 0 }),
    ];
    for (statement, expected) in changes {
        let home = Home::with_lines(&["one", "two"]);
        change_catalog(&home, statement);
        assert_eq!(home.faults(), [expected], "{statement}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_in_place_of_a_file_is_refused_without_waiting() {
    for name in ["catalog.sqlite", "catalog.sqlite-journal", "vectors-1.f32", "writer.lock"] {
        let home = Home::with_lines(&["one"]);
        let path = home.file(name);
        let _there_may_be_none = fs::remove_file(&path);
        rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).unwrap();
        let refused = |outcome: Result<(), Error>| {
            assert!(matches!(outcome, Err(Error::NotRegular { path: found }) if found == path), "{name}");
        };
        refused(Writer::open(&home.index()).map(drop));
        if name == "writer.lock" {
            assert_eq!(texts(&home.reader()), ["one"], "a reader takes no lock");
        } else {
            refused(Reader::open(&home.index()).map(drop));
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_in_place_of_codes_costs_a_reader_only_time() {
    let home = Home::with_lines(&["one"]);
    fs::remove_file(home.file("vectors-1.i6")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        home.file("vectors-1.i6"),
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    assert_eq!(texts(&home.reader()), ["one"]);
    assert!(matches!(Writer::open(&home.index()), Err(Error::NotRegular { .. })));
}

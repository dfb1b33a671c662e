//! Several processes, or several users of one process, at one index; and finding it.

use std::fs;
use std::time::Duration;

use super::*;

#[test]
fn a_second_writer_is_refused_until_the_first_is_gone() {
    let home = Home::with_index();
    let first = home.writer();
    let second = Writer::open(&home.index());
    let Err(Error::Locked { path, holder }) = second else { panic!("{second:?}") };
    assert_eq!(path, home.index());
    assert!(cfg!(windows) || holder == Some(std::process::id()), "{holder:?}");
    assert!(matches!(Writer::rebuild(&home.index(), &settings()), Err(Error::Locked { .. })));
    drop(first);
    home.writer();
}

#[test]
fn the_lock_names_its_holder_while_it_is_held() {
    let home = Home::with_index();
    let lock = home.file("writer.lock");
    fs::write(&lock, "4000000000000 an older and longer text\n").unwrap();
    let writer = home.writer();
    if !cfg!(windows) {
        assert_eq!(fs::read_to_string(&lock).unwrap(), format!("{}\n", std::process::id()));
    }
    drop(writer);
    assert_eq!(fs::read_to_string(&lock).unwrap(), "");
}

#[cfg(unix)]
#[test]
fn a_holder_that_is_not_named_is_not_guessed() {
    let home = Home::with_index();
    let _writer = home.writer();
    for content in ["", "12", "twelve\n", "-3\n", "123456789012345678\n", "\u{e9}\n"] {
        fs::write(home.file("writer.lock"), content).unwrap();
        let second = Writer::open(&home.index());
        assert!(matches!(second, Err(Error::Locked { holder: None, .. })), "{content:?}: {second:?}");
    }
}

#[test]
fn readers_go_on_while_a_writer_gathers_changes() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    put(&mut writer, "a.txt", &["new"]);
    let (one, two) = (home.reader(), home.reader());
    assert_eq!(texts(&one), ["old"]);
    assert_eq!(texts(&two), ["old"]);
}

#[test]
fn a_commit_waits_for_readers_and_can_be_tried_again() {
    let home = Home::with_lines(&["old"]);
    let mut writer = home.writer();
    writer.catalog.set_patience(Duration::from_millis(20)).unwrap();
    put(&mut writer, "a.txt", &["new"]);
    let reader = home.reader();
    assert!(matches!(writer.commit(), Err(Error::Busy { .. })));
    assert_eq!(texts(&reader), ["old"], "the snapshot of an open reader does not change");
    drop(reader);
    put(&mut writer, "b.txt", &["more"]);
    writer.commit().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["more", "new"]);
    home.assert_whole();
}

#[test]
fn a_reader_outlasts_an_attempt_at_compaction() {
    let home = Home::with_lines(&["one", "two"]);
    let mut writer = home.writer();
    writer.remove_documents(&path("a.txt"), &["1"]).unwrap();
    writer.commit().unwrap();
    writer.catalog.set_patience(Duration::from_millis(20)).unwrap();
    let reader = home.reader();
    assert!(matches!(writer.copy_live_rows(), Err(Error::Busy { .. })));
    assert_eq!(texts(&reader), ["two"]);
    drop(reader);
    writer.copy_live_rows().unwrap();
    writer.close().unwrap();
    let reader = home.reader();
    assert_eq!(texts(&reader), ["two"]);
    assert_eq!(reader.counts().unwrap().dead_rows(), 0);
}

#[cfg(unix)]
#[test]
fn a_reader_of_a_rebuilt_index_goes_on_with_the_old_one() {
    let home = Home::with_lines(&["old"]);
    let old = home.reader();
    let mut writer = Writer::rebuild(&home.index(), &settings()).unwrap();
    put(&mut writer, "b.txt", &["new"]);
    writer.close().unwrap();
    drop(home.writer());
    assert!(!home.file("vectors-1.f32").exists());
    assert_eq!(texts(&old), ["old"]);
    let new = home.reader();
    assert_eq!(texts(&new), ["new"]);
    assert_ne!(old.id(), new.id());
}

#[test]
fn reading_leaves_no_trace() {
    let home = Home::with_lines(&["one"]);
    let names = |home: &Home| {
        let entries = fs::read_dir(home.index()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names(&home);
    let reader = home.reader();
    assert_eq!(texts(&reader), ["one"]);
    assert_eq!(names(&home), before);
}

#[cfg(unix)]
#[test]
fn an_index_in_a_folder_without_write_permission_is_read_but_not_written() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::with_lines(&["one"]);
    let permit = |mode_of_files, mode_of_folder| {
        fs::set_permissions(home.index(), fs::Permissions::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(home.index()).unwrap() {
            fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(mode_of_files)).unwrap();
        }
        fs::set_permissions(home.index(), fs::Permissions::from_mode(mode_of_folder)).unwrap();
    };
    permit(0o444, 0o555);
    let seen = Reader::open(&home.index()).map(|reader| texts(&reader));
    let written = Writer::open(&home.index()).map(drop);
    let is_superuser = fs::write(home.file("probe"), "").is_ok();
    permit(0o644, 0o755);
    assert_eq!(seen.unwrap(), ["one"]);
    // Permissions do not bind the superuser, as whom some build machines run tests.
    assert!(is_superuser || matches!(written, Err(Error::ReadOnly { .. })), "{written:?}");
}

#[test]
fn the_nearest_index_above_a_folder_is_found() {
    let home = Home::with_index();
    let deep = home.path().join("one/two");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(find_index(&deep, None), Some(home.index()));
    assert_eq!(find_index(home.path(), None), Some(home.index()));
    let nearer = home.path().join("one").join(FOLDER_NAME);
    drop(Writer::create(&nearer, &settings()).unwrap());
    assert_eq!(find_index(&deep, None), Some(nearer));
}

#[test]
fn the_search_for_an_index_ends_at_home() {
    let home = Home::with_index();
    let deep = home.path().join("one/two");
    fs::create_dir_all(&deep).unwrap();
    assert_eq!(find_index(&deep, Some(home.path())), Some(home.index()));
    assert_eq!(find_index(&deep, Some(&home.path().join("one"))), None);
}

#[test]
fn a_folder_of_another_program_is_passed_over() {
    let home = Home::with_index();
    let deep = home.path().join("one");
    fs::create_dir_all(deep.join(FOLDER_NAME)).unwrap();
    assert_eq!(find_index(&deep, None), Some(home.index()));
}

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::words;
use crate::corpus::*;

/// A folder with these files; a name's folders are made.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder can be made");
        fs::write(path, bytes).expect("a file can be written");
    }
    folder
}

fn find(arguments: &[PathBuf], options: WalkOptions) -> Vec<Found> {
    SourceFinder::new(arguments, options).expect("the arguments are there").collect()
}

/// The files found in a folder, by their names beneath it.
fn names(folder: &TempDir, options: WalkOptions) -> Vec<String> {
    let beneath =
        |path: PathBuf| path.strip_prefix(folder.path()).expect("it was found there").display().to_string();
    let name = |found| match found {
        Found::Source(FoundSource { source: Source::File(path), .. }) => beneath(path),
        other => panic!("{other:?} is no file"),
    };
    find(&[folder.path().to_owned()], options).into_iter().map(name).collect()
}

fn skipped(found: Vec<Found>) -> Vec<SkippedFile> {
    let skipped = |found| match found {
        Found::Skipped(skipped) => Some(skipped),
        Found::Source(_) => None,
    };
    found.into_iter().filter_map(skipped).collect()
}

#[test]
fn ignore_rules_hidden_files_and_indexes_are_left_out() {
    let files = [
        ".git/config",
        ".gitignore",
        ".ignore",
        ".embedignore",
        ".hidden.md",
        ".embed/catalog.sqlite",
        "a.md",
        "by-git.md",
        "by-ignore.md",
        "by-embed.md",
        "deep/.embed/x.md",
        "deep/b.md",
    ];
    let content = |name| match name {
        ".gitignore" => &b"by-git.md"[..],
        ".ignore" => b"by-ignore.md",
        ".embedignore" => b"by-embed.md",
        _ => b"text",
    };
    let folder = folder(&files.map(|name| (name, content(name))));
    assert_eq!(names(&folder, WalkOptions::default()), ["a.md", "deep/b.md"]);
    let index = SourceFinder::new(&[folder.path().join(".embed")], WalkOptions::default());
    assert!(matches!(index.err(), Some(CorpusError::IndexFolder { .. })));
    let everything = WalkOptions {
        hidden: Hidden::Include,
        ignore_files: IgnoreFiles::Disregard,
        ..WalkOptions::default()
    };
    assert_eq!(
        names(&folder, everything),
        [
            ".embedignore",
            ".git/config",
            ".gitignore",
            ".hidden.md",
            ".ignore",
            "a.md",
            "by-embed.md",
            "by-git.md",
            "by-ignore.md",
            "deep/b.md",
        ]
    );
}

#[test]
fn globs_choose_files_and_a_wrong_one_is_an_error() {
    let folder = folder(&[("a.md", b""), ("b.rs", b""), ("deep/c.md", b""), ("deep/d.md", b"")]);
    let globs = |globs: &[&str]| WalkOptions {
        globs: globs.iter().map(|&glob| glob.to_owned()).collect(),
        ..WalkOptions::default()
    };
    assert_eq!(names(&folder, globs(&["*.md", "!d.md"])), ["a.md", "deep/c.md"]);
    assert_eq!(names(&folder, globs(&["!deep/"])), ["a.md", "b.rs"]);
    let error = SourceFinder::new(&[folder.path()], globs(&["[a"])).err().expect("the bracket is open");
    assert!(matches!(&error, CorpusError::Glob { pattern, .. } if pattern == "[a"), "{error}");
}

#[test]
fn arguments_are_looked_at_before_any_is_read() {
    let folder = folder(&[("a.md", b"text")]);
    let missing =
        SourceFinder::new(&[folder.path().join("a.md"), folder.path().join("b.md")], WalkOptions::default());
    assert!(matches!(missing.err(), Some(CorpusError::NotFound { name }) if name.ends_with("b.md")));
    let twice = SourceFinder::new(&["-", "-"], WalkOptions::default());
    assert!(matches!(twice.err(), Some(CorpusError::StandardInputTwice)));
}

#[test]
fn a_file_that_is_reached_twice_comes_once_by_its_first_spelling() {
    let folder =
        folder(&[("a.txt", b"text"), ("b.txt", b"text"), ("deep/c.txt", b"text"), ("d.txt", b"text")]);
    let path = |name: &str| folder.path().join(name);
    let arguments =
        ["deep/../b.txt", "b.txt", "", "./deep/..//a.txt", "a.txt", "deep", "deep/c.txt"].map(path);
    let named = |name: &str| (path(name).display().to_string(), Origin::Named);
    let walked = |name: &str| (path(name).display().to_string(), Origin::Walked);
    assert_eq!(
        sources(&arguments),
        [named("deep/../b.txt"), named("a.txt"), walked("d.txt"), named("deep/c.txt")]
    );
}

/// The names of the sources that the arguments mean, none of which is skipped, and how they were found.
fn sources(arguments: &[PathBuf]) -> Vec<(String, Origin)> {
    let source = |found| match found {
        Found::Source(found) => (found.source.name(), found.origin),
        Found::Skipped(skipped) => panic!("{skipped:?} is a file"),
    };
    find(arguments, WalkOptions::default()).into_iter().map(source).collect()
}

#[test]
fn a_folder_that_holds_an_index_is_left_out_whatever_its_name() {
    let folder = folder(&[
        ("a.md", b"text"),
        ("deep/idx/catalog.sqlite", b""),
        ("deep/idx/vectors-1.f32", b""),
        ("deep/idx/notes.md", b"text"),
        ("new/catalog.sqlite.new", b""),
        ("new/vectors-1.f32", b""),
        ("data/catalog.sqlite", b"text"),
        ("vectors/vectors-1.f32", b"text"),
    ]);
    assert_eq!(
        names(&folder, WalkOptions::default()),
        ["a.md", "data/catalog.sqlite", "vectors/vectors-1.f32"]
    );
    let named = SourceFinder::new(&[folder.path().join("deep/idx")], WalkOptions::default());
    assert!(matches!(named.err(), Some(CorpusError::IndexFolder { .. })));
}

#[test]
fn what_a_repository_excludes_is_left_out() {
    let folder = folder(&[
        (".git/info/exclude", b"drafts/\n*.log"),
        ("a.md", b"text"),
        ("run.log", b"text"),
        ("drafts/b.md", b"text"),
    ]);
    assert_eq!(names(&folder, WalkOptions::default()), ["a.md"]);
}

#[test]
fn binary_files_are_skipped_when_walked_and_errors_when_named() {
    let folder = folder(&[("a.md", b"a\0b"), ("b.csv", b"text\n\0"), ("c.txt", b"x\n\0")]);
    let read = |name: &str, origin| {
        let found = FoundSource { source: Source::File(folder.path().join(name)), origin };
        let documents =
            found.read(&ReadOptions::default(), &words).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        found.skip(documents.expect_err("there is a NUL byte"))
    };
    for name in ["a.md", "b.csv", "c.txt"] {
        let skipped = read(name, Origin::Walked).expect("a walked file costs no other");
        assert!(matches!(skipped.reason, SkipReason::Binary), "{skipped:?}");
        assert!(matches!(read(name, Origin::Named), Err(CorpusError::NotText { .. })), "{name}");
    }
}

#[cfg(target_os = "linux")]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn links_found_by_walking_are_skipped() {
        let folder = folder(&[("deep/a.md", b"text")]);
        symlink(folder.path(), folder.path().join("deep/loop")).expect("a link can be made");
        symlink("a.md", folder.path().join("deep/link.md")).expect("a link can be made");
        symlink("nowhere", folder.path().join("deep/dangling.md")).expect("a link can be made");

        // A skipped file is reported once, however often it is reached.
        let found = find(&["deep", "./deep"].map(|name| folder.path().join(name)), WalkOptions::default());
        assert_eq!(found.len(), 4);
        let skipped = skipped(found);
        assert_eq!(skipped.len(), 3);
        assert!(skipped.iter().all(|skipped| matches!(skipped.reason, SkipReason::Link)));
    }

    #[test]
    fn links_that_are_named_are_followed_without_a_report() {
        let folder = folder(&[("deep/a.md", b"text"), ("deep/b.md", b"text")]);
        let path = |name: &str| folder.path().join(name);
        for (target, link) in [("deep", "linked"), ("deep/a.md", "link.md")] {
            symlink(target, path(link)).expect("a link can be made");
        }
        let named = |name: &str| (path(name).display().to_string(), Origin::Named);
        let walked = |name: &str| (path(name).display().to_string(), Origin::Walked);
        assert_eq!(sources(&[path("linked")]), [walked("linked/a.md"), walked("linked/b.md")]);
        // What is named is not reported as skipped where a walk meets it, and its files come once.
        assert_eq!(
            sources(&["link.md", "linked", "", "linked/b.md"].map(path)),
            [named("link.md"), named("linked/b.md")]
        );
    }

    #[test]
    fn pipes_and_sockets_are_skipped_without_being_opened() {
        let folder = folder(&[("a.md", b"text")]);
        let _listener = UnixListener::bind(folder.path().join("socket")).expect("a socket can be made");
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe can be made");
        let found = find(&[folder.path().to_owned()], WalkOptions::default());
        assert_eq!(found.len(), 3);
        let skipped = skipped(found);
        assert_eq!(skipped.len(), 2);
        assert!(skipped.iter().all(|skipped| matches!(skipped.reason, SkipReason::Special)));
    }

    #[test]
    fn a_named_pipe_is_a_stream() {
        let folder = folder(&[]);
        let pipe = folder.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a pipe can be made");
        let writer = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::write(pipe, "one\ntwo\n")
        });
        let mut reader =
            Source::from_argument(&pipe).read(Origin::Named, &ReadOptions::default(), &words).unwrap();
        assert_eq!(reader.by_ref().map(Result::unwrap).count(), 2);
        let report = reader.finish().unwrap();
        assert_eq!((report.facts, report.content.bytes), (SourceFacts::default(), 8));
        writer.join().expect("the writer does not panic").expect("the pipe can be written");
    }

    #[test]
    fn names_that_are_not_utf8_are_skipped_when_walked_and_errors_when_named() {
        let folder = folder(&[("a.md", b"text")]);
        let path = folder.path().join(OsStr::from_bytes(b"caf\xe9.md"));
        fs::write(&path, "text").expect("a file can be written");
        let skipped = skipped(find(&[folder.path().to_owned()], WalkOptions::default()));
        assert!(matches!(&skipped[..], [SkippedFile { reason: SkipReason::NameNotUtf8, .. }]), "{skipped:?}");
        let named = SourceFinder::new(&[&path], WalkOptions::default());
        assert!(matches!(named.err(), Some(CorpusError::NameNotUtf8 { .. })));
        let read = Source::File(path).read(Origin::Named, &ReadOptions::default(), &words);
        assert!(matches!(read.err(), Some(CorpusError::NameNotUtf8 { .. })));
    }

    #[test]
    fn an_unreadable_file_is_reported_when_walked_and_an_error_when_named() {
        let folder = folder(&[("locked.md", b"text"), ("open.md", b"text")]);
        let locked = folder.path().join("locked.md");
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("the file is ours");
        // The superuser may read any file, but not this one of the kernel's.
        let path = if fs::read(&locked).is_err() { locked.as_path() } else { Path::new("/proc/self/mem") };
        for origin in [Origin::Walked, Origin::Named] {
            let found = FoundSource { source: Source::File(path.to_owned()), origin };
            let documents =
                found.read(&ReadOptions::default(), &words).and_then(Iterator::collect::<Result<Vec<_>, _>>);
            let skipped = found.skip(documents.expect_err("it cannot be read"));
            match origin {
                Origin::Walked => assert!(matches!(skipped.unwrap().reason, SkipReason::Unreadable(_))),
                Origin::Named => assert!(matches!(skipped, Err(CorpusError::Read { .. }))),
            }
        }
    }
}

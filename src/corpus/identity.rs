//! One path for one file, regardless of spellings, links and folders that lead to it.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

/// The absolute path of a file or folder, without symbolic links, `.` and `..`.
///
/// Two spellings have the same canonical path exactly if they name the same entry of a folder; two hard links to one
/// file are two entries. If a path does not exist, its nearest existing ancestor is resolved and the rest is appended:
/// a file keeps its identity after it was deleted, and a dangling link is its own identity.
///
/// Relative paths are relative to the working directory of the process.
///
/// # Errors
///
/// The system's error if a part of the path exists but cannot be resolved: a folder without search permission, or a
/// cycle of links.
pub fn canonical(path: &Path) -> io::Result<PathBuf> {
    let absolute = std::path::absolute(path)?;
    let mut missing: Vec<OsString> = Vec::new();
    let mut existing = absolute.as_path();
    let resolved = loop {
        match existing.canonicalize() {
            Ok(resolved) => break resolved,
            Err(error) if !is_missing(&error) => return Err(error),
            Err(error) => {
                let mut components = existing.components();
                match components.next_back() {
                    Some(last @ (Component::Normal(_) | Component::ParentDir)) => {
                        missing.push(last.as_os_str().to_owned());
                        existing = components.as_path();
                    }
                    _ => return Err(error),
                }
            }
        }
    };
    Ok(missing.iter().rev().fold(resolved, append))
}

/// Below a nonexistent folder there are no links, so `..` cancels the previous step.
fn append(mut path: PathBuf, step: &OsString) -> PathBuf {
    if step == ".." {
        path.pop();
    } else {
        path.push(step);
    }
    path
}

/// A path through a file does not exist either.
fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_spelling_of_a_file_has_one_canonical_path() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().canonicalize().expect("the folder exists");
        fs::create_dir(root.join("notes")).expect("the folder is writable");
        fs::write(root.join("notes/a.md"), "text").expect("the folder is writable");
        for spelling in ["notes/a.md", "./notes/a.md", "notes/../notes/./a.md", "notes//a.md"] {
            let found = canonical(&folder.path().join(spelling)).expect("the file exists");
            assert_eq!(found, root.join("notes/a.md"), "{spelling}");
        }
    }

    #[test]
    fn a_missing_path_is_resolved_as_far_as_it_exists() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().canonicalize().expect("the folder exists");
        fs::write(root.join("a.md"), "text").expect("the folder is writable");
        for (spelling, path) in [
            ("gone.md", "gone.md"),
            ("gone/deep/b.md", "gone/deep/b.md"),
            ("gone/../b.md", "b.md"),
            ("gone/deep/../../../b.md", "../b.md"),
            ("a.md/b", "a.md/b"),
        ] {
            let expected = match path.strip_prefix("../") {
                Some(path) => root.parent().expect("a temporary folder is in another").join(path),
                None => root.join(path),
            };
            assert_eq!(canonical(&root.join(spelling)).expect("the root exists"), expected, "{spelling}");
        }
    }

    #[test]
    fn a_relative_path_starts_from_the_working_directory() {
        let here = Path::new(".").canonicalize().expect("there is a working directory");
        assert_eq!(
            canonical(Path::new("")).expect_err("an empty path names nothing").kind(),
            ErrorKind::InvalidInput
        );
        assert_eq!(canonical(Path::new("./Cargo.toml")).expect("it exists"), here.join("Cargo.toml"));
        assert_eq!(
            canonical(Path::new("no-such-file")).expect("the folder exists"),
            here.join("no-such-file")
        );
    }

    #[cfg(unix)]
    #[test]
    fn links_lead_to_what_they_name_and_circles_are_errors() {
        use std::os::unix::fs::symlink;

        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().canonicalize().expect("the folder exists");
        fs::create_dir(root.join("notes")).expect("the folder is writable");
        fs::write(root.join("notes/a.md"), "text").expect("the folder is writable");
        for (target, link) in
            [("notes", "linked"), ("notes/a.md", "b.md"), ("nowhere", "dangling"), ("round", "round")]
        {
            symlink(target, root.join(link)).expect("the folder is writable");
        }
        let found = |path: &str| canonical(&root.join(path));
        assert_eq!(found("linked/a.md").expect("it exists"), root.join("notes/a.md"));
        assert_eq!(found("b.md").expect("it exists"), root.join("notes/a.md"));
        assert_eq!(found("linked/gone.md").expect("the folder exists"), root.join("notes/gone.md"));
        assert_eq!(found("dangling").expect("the folder exists"), root.join("dangling"));
        assert!(found("round").is_err());
    }
}

//! Between the stored path of a source and the name that a person types and sees.

use std::path::{Path, PathBuf};

use super::error::Error;
use super::path::{StoredPath, resolved};

/// Where the names of sources start from. Both folders are canonical, so that a file has one name whatever
/// spelling or link leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceNames {
    working_directory: PathBuf,
    root: PathBuf,
}

impl SourceNames {
    /// The names of the index at `folder` as seen from `working_directory`, which is absolute. Relative stored paths
    /// start at the folder that holds the index folder.
    #[must_use]
    pub fn new(folder: &Path, working_directory: &Path) -> Self {
        let absolute = working_directory.join(folder);
        // The index folder itself may be a link: its sources stay beside the link.
        let root = resolved(absolute.parent().unwrap_or(&absolute));
        Self { working_directory: resolved(working_directory), root }
    }

    /// The names of an index whose relative stored paths start at `root`, as seen from `working_directory`; both are absolute.
    #[must_use]
    pub fn from_root(root: &Path, working_directory: &Path) -> Self {
        Self { working_directory: resolved(working_directory), root: resolved(root) }
    }

    /// The folder that typed paths start from.
    #[must_use]
    pub fn working_directory(&self) -> &Path {
        &self.working_directory
    }

    /// The folder that relative stored paths start from.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A stored source as a person would type it from the working directory.
    #[must_use]
    pub fn shown(&self, source: &StoredPath) -> String {
        source.relative_to(&self.working_directory, &self.root).display().to_string()
    }

    /// The stored form of a source as typed; `-` is standard input.
    ///
    /// # Errors
    ///
    /// [`Error::PathNotUnicode`].
    pub fn stored(&self, typed: &Path) -> Result<StoredPath, Error> {
        if typed.as_os_str() == "-" { Ok(StoredPath::standard_input()) } else { self.stored_file(typed) }
    }

    /// The stored form of a file or folder, whatever its name.
    ///
    /// # Errors
    ///
    /// [`Error::PathNotUnicode`].
    pub fn stored_file(&self, path: &Path) -> Result<StoredPath, Error> {
        self.stored_canonical(&resolved(&self.working_directory.join(path)))
    }

    /// The stored form of a path that is canonical already.
    ///
    /// # Errors
    ///
    /// [`Error::PathNotUnicode`].
    pub fn stored_canonical(&self, path: &Path) -> Result<StoredPath, Error> {
        Ok(StoredPath::within(path, &self.root)?)
    }

    /// The stored forms under which the source of a typed name may be in the index: the canonical one, then the
    /// name as spelled, where an older index holds a path through a link.
    ///
    /// # Errors
    ///
    /// [`Error::PathNotUnicode`].
    pub fn stored_candidates(&self, typed: &Path) -> Result<Vec<StoredPath>, Error> {
        let mut candidates = vec![self.stored(typed)?];
        let spelled = StoredPath::as_spelled(typed, &self.working_directory, &self.root)?;
        if typed.as_os_str() != "-" && spelled != candidates[0] {
            candidates.push(spelled);
        }
        Ok(candidates)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_spelling_of_a_file_has_one_stored_path() {
        let home = tempfile::tempdir().expect("a folder can be made");
        fs::create_dir_all(home.path().join("real/notes")).expect("the folder is writable");
        fs::write(home.path().join("real/notes/a.md"), "a").expect("the folder is writable");
        symlink("real", home.path().join("link")).expect("the folder is writable");
        symlink("notes/a.md", home.path().join("real/b.md")).expect("the folder is writable");
        for folder in ["real/.embed", "link/.embed"] {
            for working_directory in ["real", "link"] {
                let names = SourceNames::new(&home.path().join(folder), &home.path().join(working_directory));
                let absolute = home.path().join("link/notes/a.md");
                for typed in ["notes/a.md", "./notes/../notes/a.md", "b.md", absolute.to_str().unwrap()] {
                    let stored = names.stored(Path::new(typed)).unwrap();
                    assert_eq!(stored.as_str(), "notes/a.md", "{folder} {working_directory} {typed}");
                    assert_eq!(names.shown(&stored), "notes/a.md");
                }
                assert_eq!(names.stored(Path::new("notes/gone.md")).unwrap().as_str(), "notes/gone.md");
            }
        }
    }

    #[test]
    fn a_path_through_a_link_in_an_older_index_is_found_under_its_spelling() {
        let home = tempfile::tempdir().expect("a folder can be made");
        fs::create_dir(home.path().join("real")).expect("the folder is writable");
        fs::write(home.path().join("real/a.md"), "a").expect("the folder is writable");
        symlink("real", home.path().join("link")).expect("the folder is writable");
        let names = SourceNames::new(Path::new(".embed"), home.path());
        let candidates = names.stored_candidates(Path::new("link/a.md")).unwrap();
        assert_eq!(candidates.iter().map(StoredPath::as_str).collect::<Vec<_>>(), ["real/a.md", "link/a.md"]);
        assert_eq!(names.stored_candidates(Path::new("-")).unwrap(), [StoredPath::standard_input()]);
    }
}

//! Canonical names of many files in the index, with one access to the disk for each.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::corpus::canonical;
use crate::index::{self, SourceNames, StoredPath};

/// Gives files their canonical names as [`SourceNames::stored_file`] does, and resolves each folder once.
pub(super) struct CanonicalNames<'a> {
    names: &'a SourceNames,
    folders: HashMap<PathBuf, PathBuf>,
}

impl<'a> CanonicalNames<'a> {
    pub(super) fn new(names: &'a SourceNames) -> Self {
        Self { names, folders: HashMap::new() }
    }

    /// The canonical name of a file, which may be a link.
    pub(super) fn of_file(&mut self, path: &Path) -> Result<StoredPath, index::Error> {
        let absolute = self.names.working_directory().join(path);
        let is_link = fs::symlink_metadata(&absolute).is_ok_and(|metadata| metadata.is_symlink());
        if is_link { self.names.stored_file(&absolute) } else { self.of_plain_file(&absolute) }
    }

    /// The canonical name of a stored path.
    pub(super) fn of_stored(&mut self, stored: &StoredPath) -> Result<StoredPath, index::Error> {
        match stored.to_absolute(self.names.root()) {
            Some(path) => self.of_file(&path),
            None => Ok(stored.clone()),
        }
    }

    fn of_plain_file(&mut self, absolute: &Path) -> Result<StoredPath, index::Error> {
        let (Some(folder), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return self.names.stored_file(absolute);
        };
        if !self.folders.contains_key(folder) {
            let Ok(resolved) = canonical(folder) else { return self.names.stored_file(absolute) };
            self.folders.insert(folder.to_owned(), resolved);
        }
        self.names.stored_canonical(&self.folders[folder].join(name))
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn names_are_those_that_each_file_alone_would_get() {
        let home = tempfile::tempdir().expect("a folder can be made");
        fs::create_dir_all(home.path().join("real/deep")).expect("the folder is writable");
        fs::write(home.path().join("real/a.md"), "a").expect("the folder is writable");
        symlink("real", home.path().join("link")).expect("the folder is writable");
        symlink("a.md", home.path().join("real/b.md")).expect("the folder is writable");
        symlink("nowhere", home.path().join("dangling")).expect("the folder is writable");
        let names = SourceNames::new(Path::new(".embed"), home.path());
        let mut many = CanonicalNames::new(&names);
        for path in [
            "real/a.md",
            "link/a.md",
            "link/b.md",
            "real/../link/deep/gone",
            "gone/c.md",
            "dangling",
            "..",
            "/",
        ] {
            let expected = names.stored_file(Path::new(path)).expect("the path is text");
            assert_eq!(many.of_file(Path::new(path)).expect("the path is text"), expected, "{path}");
        }
        assert_eq!(many.of_file(Path::new("link/b.md")).expect("the path is text").as_str(), "real/a.md");
    }
}

//! Between the stored path of a source and the name that a person types and sees.

use std::path::{Path, PathBuf};

use crate::index::{self, StoredPath};

/// Where names of sources start from.
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
        let root = absolute.parent().unwrap_or(&absolute).to_owned();
        Self { working_directory: working_directory.to_owned(), root }
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
    /// [`index::Error::PathNotUnicode`].
    pub fn stored(&self, typed: &Path) -> Result<StoredPath, index::Error> {
        if typed.as_os_str() == "-" {
            return Ok(StoredPath::standard_input());
        }
        StoredPath::new(typed, &self.working_directory, &self.root)
    }
}

//! A folder as a place for an index.

use std::path::{Path, PathBuf};

use super::{FolderSnapshot, IndexPlace, IndexSnapshot, SourceNames, Span};
use crate::index::{
    self, Fault, IndexContent, IndexWriter, Reader, Settings, Writer, give_up_reserve, verify,
};

/// A folder as a place for an index.
#[derive(Debug, Clone)]
pub struct IndexFolder {
    path: PathBuf,
}

impl IndexFolder {
    /// The index folder at `path`, which need not exist.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl IndexPlace for IndexFolder {
    fn name(&self) -> &Path {
        &self.path
    }

    fn names(&self, working_directory: &Path) -> SourceNames {
        SourceNames::new(&self.path, working_directory)
    }

    fn exists(&self) -> Result<bool, index::Error> {
        match Reader::open(&self.path) {
            Ok(_) => Ok(true),
            Err(index::Error::Missing { .. } | index::Error::Unfinished { .. }) => Ok(false),
            Err(index::Error::NotAnIndex { .. }) if self.path.is_dir() => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn snapshot(&self, working_directory: &Path, span: Span) -> Result<Box<dyn IndexSnapshot>, index::Error> {
        let snapshot = FolderSnapshot::open(&self.path, working_directory)?;
        Ok(Box::new(match span {
            Span::Brief => snapshot,
            Span::Lasting => snapshot.detached(),
        }))
    }

    fn texts(&self, span: Span) -> Result<Box<dyn IndexContent>, index::Error> {
        let reader = Reader::open_texts(&self.path)?;
        Ok(Box::new(match span {
            Span::Brief => reader,
            Span::Lasting => reader.detached(),
        }))
    }

    fn write(&self) -> Result<Box<dyn IndexWriter>, index::Error> {
        Ok(Box::new(Writer::open(&self.path)?))
    }

    fn create(&self, settings: &Settings) -> Result<Box<dyn IndexWriter>, index::Error> {
        Ok(Box::new(Writer::create(&self.path, settings)?))
    }

    fn rebuild(&self, settings: &Settings) -> Result<Box<dyn IndexWriter>, index::Error> {
        Ok(Box::new(Writer::rebuild(&self.path, settings)?))
    }

    fn verify(&self) -> Result<Vec<Fault>, index::Error> {
        verify(&self.path)
    }

    fn make_room(&self, error: &index::Error) -> bool {
        give_up_reserve(&self.path, error)
    }

    fn folder(&self) -> Option<&Path> {
        Some(&self.path)
    }
}

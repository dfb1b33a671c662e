//! Where an index is: the interface of places that can hold one.

use std::fmt;
use std::path::Path;

use super::{Searchable, SourceNames};
use crate::index::{self, Counts, Fault, IndexContent, IndexId, IndexWriter, Settings};

/// A place that can hold an index. A host can supply places of its own
/// ([`Host::place`](crate::engine::Host::place)).
pub trait IndexPlace: fmt::Debug + Send + Sync {
    /// How messages name it: a folder, or an address without secrets.
    fn name(&self) -> &Path;

    /// How its sources are named from `working_directory`, which is absolute.
    fn names(&self, working_directory: &Path) -> SourceNames;

    /// Whether it holds an index.
    ///
    /// # Errors
    ///
    /// [`index::Error`] where that cannot be told.
    fn exists(&self) -> Result<bool, index::Error>;

    /// The index at this moment, with sources named from `working_directory`.
    ///
    /// # Errors
    ///
    /// [`index::Error`] where there is none, or it cannot be read.
    fn snapshot(&self, working_directory: &Path, span: Span) -> Result<Box<dyn IndexSnapshot>, index::Error>;

    /// The texts of the index, even where its vectors are damaged.
    ///
    /// # Errors
    ///
    /// As [`IndexPlace::snapshot`].
    fn texts(&self, span: Span) -> Result<Box<dyn IndexContent>, index::Error>;

    /// The one writer of the index.
    ///
    /// # Errors
    ///
    /// [`index::Error::Locked`] where another one is at work; as [`IndexPlace::snapshot`]; and where the index cannot be written.
    fn write(&self) -> Result<Box<dyn IndexWriter>, index::Error>;

    /// Creates the index, which is there once the writer is closed.
    ///
    /// # Errors
    ///
    /// [`index::Error::AlreadyExists`], and where the index cannot be written.
    fn create(&self, settings: &Settings) -> Result<Box<dyn IndexWriter>, index::Error>;

    /// Builds a new index that replaces the present one when the writer is closed. Until then the present one stays in use.
    ///
    /// # Errors
    ///
    /// As [`IndexPlace::write`].
    fn rebuild(&self, settings: &Settings) -> Result<Box<dyn IndexWriter>, index::Error>;

    /// What is damaged.
    ///
    /// # Errors
    ///
    /// [`index::Error`] where there is no index that can be read at all.
    fn verify(&self) -> Result<Vec<Fault>, index::Error>;

    /// Makes room after `error`; whether it is worth another try.
    fn make_room(&self, _error: &index::Error) -> bool {
        false
    }

    /// The folder on disk; `None` for other places.
    fn folder(&self) -> Option<&Path> {
        None
    }
}

/// How long a snapshot of an index is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Span {
    /// For milliseconds: writers wait for it.
    Brief,
    /// For a long computation, a person or a pipe: writers go on beside it.
    Lasting,
}

/// An index at one moment.
pub trait IndexSnapshot: Searchable {
    /// Its sources and texts.
    fn content(&self) -> &dyn IndexContent;

    /// How its sources are named.
    fn names(&self) -> &SourceNames;

    /// What it is, and how large.
    ///
    /// # Errors
    ///
    /// [`index::Error`] where it cannot be read.
    fn statistics(&self) -> Result<IndexStatistics, index::Error>;
}

/// What an index is, and how large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IndexStatistics {
    /// The random id that it got when it was created.
    pub id: IndexId,
    /// The number of its generation of rows.
    pub generation: u64,
    /// How much it holds.
    pub counts: Counts,
    /// All bytes that it takes.
    pub bytes: u64,
}

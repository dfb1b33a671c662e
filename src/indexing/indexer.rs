//! The indexer: one model and one index, which may not exist yet.

use std::fmt;
use std::time::{Duration, Instant};

use crate::corpus::CorpusError;
use crate::embedding::{EmbedError, Embedder};
use crate::index::{self, IndexWriter, Settings, StoredPath};

/// Embedded texts are committed after this interval. The writer checks its clock only on the next write, which can be
/// several seconds later with a slow model.
const COMMIT_INTERVAL: Duration = Duration::from_secs(2);

/// Why a source could not be indexed.
#[derive(Debug, thiserror::Error)]
pub enum IndexingError {
    /// The source cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// A source has no stored texts to embed again.
    #[error("{source_path} was imported without texts, so it cannot be embedded again")]
    NoTexts {
        /// The source, as the index names it.
        source_path: StoredPath,
    },
}

/// Embeds sources with one model into one index.
#[derive(Debug)]
pub struct Indexer<'a> {
    pub(super) embedder: &'a dyn Embedder,
    target: Target<'a>,
    last_commit: Instant,
}

/// Creates an index with these settings.
type Create<'a> = Box<dyn Fn(&Settings) -> Result<Box<dyn IndexWriter>, index::Error> + 'a>;

enum Target<'a> {
    /// Created with the first embedded documents: a source that cannot be read leaves no empty index behind.
    Missing(Create<'a>),
    Open(Box<dyn IndexWriter>),
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(_) => formatter.write_str("Missing"),
            Self::Open(writer) => writer.fmt(formatter),
        }
    }
}

impl<'a> Indexer<'a> {
    /// Adds to `writer`, an index of vectors of `embedder`.
    #[must_use]
    pub fn new(embedder: &'a dyn Embedder, writer: Box<dyn IndexWriter>) -> Self {
        Self { embedder, target: Target::Open(writer), last_commit: Instant::now() }
    }

    /// Adds to an index of vectors of `embedder` that `create` creates once there is something to store.
    #[must_use]
    pub fn create(
        embedder: &'a dyn Embedder,
        create: impl Fn(&Settings) -> Result<Box<dyn IndexWriter>, index::Error> + 'a,
    ) -> Self {
        Self { embedder, target: Target::Missing(Box::new(create)), last_commit: Instant::now() }
    }

    /// Commits all additions.
    ///
    /// # Errors
    ///
    /// An [`index::Error`] where the index cannot be written; what was committed before stays.
    pub fn close(self) -> Result<(), index::Error> {
        match self.target {
            Target::Missing(_) => Ok(()),
            Target::Open(writer) => writer.close(),
        }
    }

    /// The writer, if the index exists.
    pub(super) fn existing_writer(&mut self) -> Option<&mut dyn IndexWriter> {
        match &mut self.target {
            Target::Missing(_) => None,
            Target::Open(writer) => Some(&mut **writer),
        }
    }

    pub(super) fn commit_if_due(&mut self) -> Result<(), index::Error> {
        if self.last_commit.elapsed() >= COMMIT_INTERVAL { self.commit() } else { Ok(()) }
    }

    pub(super) fn commit(&mut self) -> Result<(), index::Error> {
        self.last_commit = Instant::now();
        match &mut self.target {
            Target::Missing(_) => Ok(()),
            Target::Open(writer) => writer.commit(),
        }
    }

    pub(super) fn writer(&mut self) -> Result<&mut dyn IndexWriter, index::Error> {
        if let Target::Missing(create) = &self.target {
            self.target = Target::Open(create(&Settings::new(self.embedder.description().clone()))?);
        }
        match &mut self.target {
            Target::Open(writer) => Ok(&mut **writer),
            Target::Missing(_) => unreachable!("a missing index was just created"),
        }
    }
}

//! The indexer: one model and one index, which may not exist yet.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::corpus::CorpusError;
use crate::embedding::{EmbedError, Embedder};
use crate::index::{self, Settings, StoredPath, Writer};

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
    target: Target,
    last_commit: Instant,
}

#[derive(Debug)]
enum Target {
    /// Created with the first embedded documents: a source that cannot be read leaves no empty index behind.
    Missing(PathBuf),
    Open(Box<Writer>),
}

impl<'a> Indexer<'a> {
    /// Adds to `writer`, an index of vectors of `embedder`.
    #[must_use]
    pub fn new(embedder: &'a dyn Embedder, writer: Writer) -> Self {
        Self { embedder, target: Target::Open(Box::new(writer)), last_commit: Instant::now() }
    }

    /// Creates an index of vectors of `embedder` at `folder` once there is something to store.
    #[must_use]
    pub fn create(embedder: &'a dyn Embedder, folder: &Path) -> Self {
        Self { embedder, target: Target::Missing(folder.to_owned()), last_commit: Instant::now() }
    }

    /// Builds a new index that replaces the one at `folder` when it is [closed](Self::close). Until then the old index
    /// stays in use.
    ///
    /// # Errors
    ///
    /// An [`index::Error`] where the index is in use or cannot be written.
    pub fn rebuild(embedder: &'a dyn Embedder, folder: &Path) -> Result<Self, index::Error> {
        Ok(Self::new(embedder, Writer::rebuild(folder, &settings_of(embedder))?))
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
    pub(super) fn existing_writer(&mut self) -> Option<&mut Writer> {
        match &mut self.target {
            Target::Missing(_) => None,
            Target::Open(writer) => Some(writer),
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

    pub(super) fn writer(&mut self) -> Result<&mut Writer, index::Error> {
        if let Target::Missing(folder) = &self.target {
            self.target = Target::Open(Box::new(Writer::create(folder, &settings_of(self.embedder))?));
        }
        match &mut self.target {
            Target::Open(writer) => Ok(writer),
            Target::Missing(_) => unreachable!("a missing index was just created"),
        }
    }
}

fn settings_of(embedder: &dyn Embedder) -> Settings {
    Settings::new(embedder.description().clone())
}

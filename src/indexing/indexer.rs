//! Puts embedded documents into an index.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::corpus::CorpusError;
use crate::index::{self, Precision, Settings, StoredPath, Writer};
use crate::model::{Model, ModelError};

/// Embedded texts are made permanent once this has passed. The writer looks at its own clock only when more is written,
/// and a slow model takes several seconds for that.
const COMMIT_INTERVAL: Duration = Duration::from_secs(2);

/// Why a source could not be indexed.
#[derive(Debug, thiserror::Error)]
pub enum IndexingError {
    /// The source cannot be read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// A source cannot be embedded anew.
    #[error("{source_path} was imported without texts, so it cannot be embedded anew")]
    NoTexts {
        /// The source, as the index names it.
        source_path: StoredPath,
    },
}

/// Embeds sources with one model into one index.
#[derive(Debug)]
pub struct Indexer<'a> {
    pub(super) model: &'a Model,
    target: Target,
    last_commit: Instant,
}

#[derive(Debug)]
enum Target {
    /// Made when the first documents are embedded: a source that cannot be read leaves no empty index behind.
    Missing(PathBuf),
    Open(Box<Writer>),
}

impl<'a> Indexer<'a> {
    /// Adds to `writer`, an index of vectors of `model`.
    #[must_use]
    pub fn new(model: &'a Model, writer: Writer) -> Self {
        Self { model, target: Target::Open(Box::new(writer)), last_commit: Instant::now() }
    }

    /// Makes an index of vectors of `model` at `folder`, once there is something to put into it.
    #[must_use]
    pub fn create(model: &'a Model, folder: &Path) -> Self {
        Self { model, target: Target::Missing(folder.to_owned()), last_commit: Instant::now() }
    }

    /// Puts a new index in place of the one at `folder` when it is [closed](Self::close); until then, and if that
    /// never happens, the old one stays.
    ///
    /// # Errors
    ///
    /// An [`index::Error`] where the index is in use or cannot be written.
    pub fn rebuild(model: &'a Model, folder: &Path) -> Result<Self, index::Error> {
        Ok(Self::new(model, Writer::rebuild(folder, &index_settings(model))?))
    }

    /// Makes what was added permanent.
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
            self.target = Target::Open(Box::new(Writer::create(folder, &index_settings(self.model))?));
        }
        match &mut self.target {
            Target::Open(writer) => Ok(writer),
            Target::Missing(_) => unreachable!("a missing index was just created"),
        }
    }
}

/// The settings of an index of vectors of `model`.
#[must_use]
pub fn index_settings(model: &Model) -> Settings {
    let embedding = model.settings();
    Settings {
        model: model.name().to_owned(),
        fingerprint: model.fingerprint().as_hex().to_owned(),
        dimension: model.dimension(),
        kept_dimensions: embedding.dimensions,
        pooling: embedding.pooling.name().to_owned(),
        query_prefix: embedding.query_prefix.clone(),
        document_prefix: embedding.document_prefix.clone(),
        max_tokens: u32::try_from(model.max_tokens()).expect("a model's positions were checked"),
        encoder_precision: embedding.precision.name().to_owned(),
        precision: Precision::Float32,
    }
}

//! The status of an index, and its export.

use super::{Engine, EngineError};
use crate::embedding::ModelDescription;
use crate::exchange::Export;
use crate::index::Counts;
use crate::indexing::was_imported;
use crate::search::{IndexStatistics, Span};

/// An index as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexStatus {
    /// The random id that it was created with.
    pub id: String,
    /// The model of its vectors.
    pub model: ModelDescription,
    /// The number of its sources.
    pub sources: u64,
    /// The number of their documents.
    pub documents: u64,
    /// The number of their passages.
    pub passages: u64,
    /// The number of vectors of replaced or removed passages; compaction frees them.
    pub unused_vectors: u64,
    /// The total size of its files in bytes.
    pub bytes: u64,
    /// The number of the generation of its rows.
    pub generation: u64,
}

/// A source of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceStatus {
    /// Its name, relative to the working directory.
    pub name: String,
    /// The number of its documents.
    pub documents: u64,
    /// The number of its passages.
    pub passages: u64,
    /// Bytes; `None` for a stream.
    pub size: Option<u64>,
    /// How it was read.
    pub rule: serde_json::Value,
    /// Whether its vectors were imported.
    pub is_imported: bool,
}

impl Engine {
    /// The status of the index.
    ///
    /// # Errors
    ///
    /// [`EngineError::Index`] if the index cannot be read, and [`EngineError::InMemory`] if the engine has none.
    pub fn status(&self) -> Result<IndexStatus, EngineError> {
        let snapshot = self.index_snapshot(Span::Brief)?;
        let IndexStatistics { id, generation, counts, bytes } = snapshot.statistics()?;
        let Counts { sources, documents, passages, .. } = counts;
        Ok(IndexStatus {
            id: id.to_string(),
            model: snapshot.model().clone(),
            sources,
            documents,
            passages,
            unused_vectors: counts.dead_rows(),
            bytes,
            generation,
        })
    }

    /// The sources of the index, ordered by path, and the name of its model.
    ///
    /// # Errors
    ///
    /// As [`Engine::status`].
    pub fn sources(&self) -> Result<(String, Vec<SourceStatus>), EngineError> {
        let snapshot = self.index_snapshot(Span::Brief)?;
        let records = snapshot.content().sources()?.into_iter();
        let sources = records.map(|record| SourceStatus {
            name: snapshot.names().shown(&record.path),
            documents: record.documents,
            passages: record.passages,
            size: record.version.size,
            is_imported: was_imported(&record.rule),
            rule: record.rule,
        });
        Ok((snapshot.model().name.clone(), sources.collect()))
    }

    /// Passes an export of the index to `write`, with the model of its vectors.
    ///
    /// # Errors
    ///
    /// An error of `write`, and [`EngineError::Index`] if the index cannot be read.
    pub fn export<T, E: From<EngineError>>(
        &self,
        write: impl FnOnce(&Export<'_>, &ModelDescription) -> Result<T, E>,
    ) -> Result<T, E> {
        let snapshot = self.index_snapshot(Span::Lasting)?;
        let show = |source: &_| snapshot.names().shown(source);
        write(&Export::new(snapshot.content(), &show), snapshot.model())
    }
}

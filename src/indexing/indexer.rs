//! Puts embedded documents into an index.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::batches::fill_in;
use super::rule::was_imported;
use super::{Progress, Step, Totals};
use crate::corpus::CorpusError;
use crate::index::{
    self, NewDocument, NewPassage, NewSource, PassageRecord, Precision, Reader, Settings, SourceRecord,
    StoredPath, TextHash, Writer,
};
use crate::model::{Model, ModelError};
use crate::vectors::RowId;

/// Passages that are carried over from an older index at a time.
const CARRIED_PASSAGES: usize = 1024;

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

    /// Embeds anew the texts of one source of an older index, without reading the source.
    ///
    /// # Errors
    ///
    /// An [`IndexingError`] where the older index is damaged, has no texts of the source, or this one cannot be
    /// written.
    pub fn carry_over(
        &mut self,
        older: &Reader,
        source: &SourceRecord,
        progress: &mut dyn Progress,
    ) -> Result<Totals, IndexingError> {
        progress.begin(source.path.as_str());
        let model = self.model;
        let writer = self.writer()?;
        let SourceRecord { path, rule, version, .. } = source.clone();
        let id = writer.begin_source(&NewSource { path, rule, version })?;
        let rows: Vec<RowId> = older.rows_of_source(&source.path)?.into_iter().map(RowId).collect();
        let mut totals = Totals::default();
        let mut open_document = None;
        for rows in rows.chunks(CARRIED_PASSAGES) {
            let passages = older.passages(rows)?;
            if was_imported(&source.rule) && passages.iter().any(|passage| passage.text.is_empty()) {
                return Err(IndexingError::NoTexts { source_path: source.path.clone() });
            }
            let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
            let hashes: Vec<TextHash> = texts.iter().map(|text| TextHash::of(text)).collect();
            let known = writer.find_vectors(&hashes)?;
            let vectors = fill_in(model, &texts, &hashes, known, &mut totals)?;
            totals.passages += passages.len() as u64;
            for ((passage, vector), hash) in passages.iter().zip(vectors.rows()).zip(hashes) {
                let document = match &open_document {
                    Some((key, document)) if *key == passage.document => *document,
                    _ => {
                        totals.documents += 1;
                        let document = writer.add_document(id, &carried_document(passage))?;
                        open_document = Some((passage.document.clone(), document));
                        document
                    }
                };
                let PassageRecord { ordinal, span, text, .. } = passage;
                writer.add_passages(
                    &[NewPassage { document, ordinal: *ordinal, span: *span, text, hash }],
                    vector,
                )?;
            }
            progress.advance(Step { bytes: texts.iter().map(|text| text.len() as u64).sum(), totals });
        }
        writer.finish_source(id)?;
        Ok(totals)
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

fn carried_document(passage: &PassageRecord) -> NewDocument<'_> {
    NewDocument { key: &passage.document, line: passage.document_line, metadata: passage.metadata.as_ref() }
}

//! Puts embedded documents into an index.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::batches::fill_in;
use super::rule::was_imported;
use super::{Progress, Step, Totals};
use crate::corpus::CorpusError;
use crate::embedding::{EmbedError, Embedder};
use crate::index::{
    self, NewDocument, NewPassage, NewSource, PassageRecord, Reader, Settings, SourceRecord, StoredPath,
    TextHash, Writer,
};
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
    Embed(#[from] EmbedError),
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
    pub(super) embedder: &'a dyn Embedder,
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
    /// Adds to `writer`, an index of vectors of `embedder`.
    #[must_use]
    pub fn new(embedder: &'a dyn Embedder, writer: Writer) -> Self {
        Self { embedder, target: Target::Open(Box::new(writer)), last_commit: Instant::now() }
    }

    /// Makes an index of vectors of `embedder` at `folder`, once there is something to put into it.
    #[must_use]
    pub fn create(embedder: &'a dyn Embedder, folder: &Path) -> Self {
        Self { embedder, target: Target::Missing(folder.to_owned()), last_commit: Instant::now() }
    }

    /// Puts a new index in place of the one at `folder` when it is [closed](Self::close); until then, and if that
    /// never happens, the old one stays.
    ///
    /// # Errors
    ///
    /// An [`index::Error`] where the index is in use or cannot be written.
    pub fn rebuild(embedder: &'a dyn Embedder, folder: &Path) -> Result<Self, index::Error> {
        Ok(Self::new(embedder, Writer::rebuild(folder, &settings_of(embedder))?))
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
        let embedder = self.embedder;
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
            let vectors = fill_in(embedder, &texts, &hashes, known, &mut totals)?;
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

fn carried_document(passage: &PassageRecord) -> NewDocument<'_> {
    NewDocument { key: &passage.document, line: passage.document_line, metadata: passage.metadata.as_ref() }
}

//! What an index does for its users, wherever it is: its one writer, and its content at one moment.
//!
//! [`Writer`](super::Writer) and [`Reader`](super::Reader) implement these traits for the folder on disk.

use std::fmt;
use std::ops::ControlFlow;

use super::error::Error;
use super::path::StoredPath;
use super::records::{NewSource, SourceId, SourceRecord, SourceVersion, TextHash};
use super::settings::Settings;
use crate::corpus::{Document, LocatedPassage};
use crate::vectors::Dimension;

/// The right to change an index, with the changes that are not committed yet.
///
/// Documents are added to a source that is open, and become visible together in one transaction once the source is finished.
/// Dropping a writer discards what was not committed. [`IndexWriter::close`] commits.
///
/// Every change can fail because the index cannot be written. Methods name the errors that they have besides.
pub trait IndexWriter: fmt::Debug {
    /// The model, and how texts were embedded.
    fn settings(&self) -> &Settings;

    /// The visible sources, ordered by path, as the changes so far leave them.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read.
    fn sources(&self) -> Result<Vec<SourceRecord>, Error>;

    /// The visible source of `path`, as the changes so far leave it.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read.
    fn source(&self, path: &StoredPath) -> Result<Option<SourceRecord>, Error>;

    /// Begins a source. What is visible of the same path stays so until [`IndexWriter::finish_source`].
    ///
    /// # Errors
    ///
    /// Those of a change.
    fn begin_source(&mut self, source: &NewSource) -> Result<SourceId, Error>;

    /// Adds a document to an open source, with the hash of the embedded text of each of its passages.
    ///
    /// `vectors` has a row of Euclidean length 1 for every passage: passages x dimension. The rows are stored
    /// bit for bit.
    ///
    /// # Errors
    ///
    /// [`Error::DuplicateDocument`] where the source has one of that key, [`Error::NotPending`] where the source is not open,
    /// and [`Error::TooManyVectors`], all without effect; otherwise those of a change.
    ///
    /// # Panics
    ///
    /// If `vectors` is not of the index's dimension, or if there are not as many hashes and vectors as passages.
    fn add_document(
        &mut self,
        source: SourceId,
        document: &Document,
        hashes: &[TextHash],
        vectors: &[f32],
    ) -> Result<(), Error>;

    /// Makes an open source visible with the next commit, replacing everything of the same path.
    ///
    /// # Errors
    ///
    /// [`Error::NotPending`] without effect; otherwise those of a change.
    fn finish_source(&mut self, source: SourceId) -> Result<(), Error>;

    /// Replaces the recorded version of a source: its hash is known only once it is read, and its times may change
    /// while its content does not.
    ///
    /// # Errors
    ///
    /// Those of a change.
    fn set_version(&mut self, source: SourceId, version: &SourceVersion) -> Result<(), Error>;

    /// Discards an open source. What is visible of the same path stays.
    ///
    /// # Errors
    ///
    /// [`Error::NotPending`] without effect; otherwise those of a change.
    fn discard_source(&mut self, source: SourceId) -> Result<(), Error>;

    /// Removes a source, visible and pending content alike, with the next commit.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownSource`] without effect; otherwise those of a change.
    fn remove_source(&mut self, path: &StoredPath) -> Result<(), Error>;

    /// Removes documents of a visible source with the next commit, and returns how many of `keys` it had.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownSource`] without effect; otherwise those of a change.
    fn remove_documents(&mut self, path: &StoredPath, keys: &[&str]) -> Result<usize, Error>;

    /// The vectors of texts that the index has already, whether visible, pending or left by an interrupted run: for
    /// each of `hashes` the row bit for bit, or `None`. Imported vectors are never found: the model of the index may
    /// not have computed them.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read. The changes so far are kept.
    fn find_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, Error>;

    /// Commits the changes so far: finished sources become visible, open ones are kept as pending.
    ///
    /// # Errors
    ///
    /// Those of a change: the content before the changes stands.
    fn commit(&mut self) -> Result<(), Error>;

    /// Frees the space of rows that were replaced, removed or never finished.
    ///
    /// # Errors
    ///
    /// Those of a change.
    fn compact(&mut self) -> Result<Compaction, Error>;

    /// Commits, and deletes the content of replaced and removed sources. A rebuilt index replaces the old one in this step.
    ///
    /// # Errors
    ///
    /// Those of [`IndexWriter::commit`].
    fn close(self: Box<Self>) -> Result<(), Error>;
}

/// Checks what [`IndexWriter::add_document`] asks of its arguments.
///
/// # Panics
///
/// If there are not as many hashes and vectors of `dimension` as passages.
pub(crate) fn require_rows(document: &Document, hashes: &[TextHash], vectors: &[f32], dimension: Dimension) {
    let passages = document.passages.len();
    assert_eq!(hashes.len(), passages, "a hash for every passage");
    assert_eq!(
        vectors.len(),
        passages * dimension.get(),
        "a vector of the index's dimension for every passage"
    );
}

/// The result of a compaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compaction {
    /// Rows before.
    pub rows: u64,
    /// Rows that were dropped.
    pub dropped: u64,
}

/// The sources and texts of an index at one moment.
pub trait IndexContent {
    /// The model, and how texts were embedded.
    fn settings(&self) -> &Settings;

    /// The visible sources, ordered by path.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read.
    fn sources(&self) -> Result<Vec<SourceRecord>, Error>;

    /// Whether the vector of a text with `hash` is stored, so that an equal text need not be embedded.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read.
    fn has_vector_of(&self, hash: TextHash) -> Result<bool, Error>;

    /// The number of passages of visible sources.
    fn passage_count(&self) -> u64;

    /// Passes every passage of visible sources and its vector to `take`, in the order in which they were added, until it fails.
    /// `show` turns a stored source into the form that users see.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read.
    fn for_each_passage(
        &self,
        show: &dyn Fn(&StoredPath) -> String,
        take: &mut dyn FnMut(&LocatedPassage, &[f32]) -> ControlFlow<()>,
    ) -> Result<(), Error>;

    /// Passes the vectors of [`IndexContent::for_each_passage`] alone to `take`.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read.
    fn for_each_vector(&self, take: &mut dyn FnMut(&[f32]) -> ControlFlow<()>) -> Result<(), Error>;

    /// Passes the documents of a visible source, or of all, to `take`, in the order in which they were added, until it breaks.
    ///
    /// # Errors
    ///
    /// [`Error`] where the index cannot be read.
    fn for_each_document(
        &self,
        source: Option<&StoredPath>,
        take: &mut dyn FnMut(&StoredPath, Document) -> ControlFlow<()>,
    ) -> Result<(), Error>;
}

/// Carries the error of a visitor that can fail through a visit that can only break.
#[derive(Debug)]
pub struct Visit<E> {
    outcome: Result<(), E>,
}

impl<E> Default for Visit<E> {
    fn default() -> Self {
        Self { outcome: Ok(()) }
    }
}

impl<E> Visit<E> {
    /// Goes on unless `outcome` is an error, which is kept.
    pub fn keep(&mut self, outcome: Result<(), E>) -> ControlFlow<()> {
        self.outcome = outcome;
        if self.outcome.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }

    /// The outcome of the visitor, after that of the visit.
    ///
    /// # Errors
    ///
    /// The error of the visitor, or of the visit.
    pub fn end<F>(self, visit: Result<(), F>) -> Result<(), E>
    where
        E: From<F>,
    {
        self.outcome?;
        Ok(visit?)
    }
}

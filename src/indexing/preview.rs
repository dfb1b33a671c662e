//! A preview of a plan: sources are read but not embedded.

use std::collections::HashSet;

use super::batches::expect_documents;
use super::indexer::IndexingError;
use super::plan::{Plan, PlannedSource};
use super::scope::Change;
use crate::corpus::{Passage, ReadOptions, SkipReason};
use crate::embedding::Embedder;
use crate::index::{self, TextHash};

/// What a run would embed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Volume {
    /// Texts whose vectors are not known.
    pub texts: u64,
    /// Their tokens, without special tokens.
    pub tokens: u64,
    /// Streams, which are not counted: they can be read only once.
    pub streams: u64,
}

impl Plan {
    /// Reads the planned sources and moves those without documents to the skipped ones, and to the removed ones if the
    /// index has them. `is_known` says whether the index has the vector of a text. Streams are not read.
    ///
    /// # Errors
    ///
    /// A [`CorpusError`](crate::corpus::CorpusError) where a source that the user named cannot be read, and an error of `is_known`.
    pub fn preview(
        &mut self,
        embedder: &dyn Embedder,
        options: &ReadOptions,
        is_known: &mut dyn FnMut(TextHash) -> Result<bool, index::Error>,
    ) -> Result<Volume, IndexingError> {
        let mut counting = Counting { embedder, is_known, seen: HashSet::new(), volume: Volume::default() };
        for planned in std::mem::take(&mut self.read) {
            let error = match counting.read(&planned, options) {
                Ok(()) => {
                    self.read.push(planned);
                    continue;
                }
                Err(IndexingError::Corpus(error)) => error,
                Err(error) => return Err(error),
            };
            let skipped = planned.found.skip(error)?;
            let is_unreadable = matches!(skipped.reason, SkipReason::Unreadable(_));
            if planned.change == Change::Changed && !is_unreadable {
                self.removed.push(planned.recorded_path().clone());
            }
            self.skipped.push(skipped);
        }
        Ok(counting.volume)
    }
}

struct Counting<'a> {
    embedder: &'a dyn Embedder,
    is_known: &'a mut dyn FnMut(TextHash) -> Result<bool, index::Error>,
    /// Equal texts are embedded once.
    seen: HashSet<TextHash>,
    volume: Volume,
}

impl Counting<'_> {
    fn read(&mut self, planned: &PlannedSource, options: &ReadOptions) -> Result<(), IndexingError> {
        if planned.bytes.is_none() {
            self.volume.streams += 1;
            return Ok(());
        }
        let embedder = self.embedder;
        let count = |text: &str| embedder.count_tokens(text);
        let mut reader = planned.found.read(options, &count)?;
        while let Some(document) = reader.next().transpose()? {
            for text in document.passages.iter().map(Passage::contextual_text) {
                let hash = TextHash::of(&text);
                if self.seen.insert(hash) && !(self.is_known)(hash)? {
                    self.volume.texts += 1;
                    self.volume.tokens += embedder.document_tokens(&text) as u64;
                }
            }
        }
        Ok(expect_documents(&reader.finish()?, planned.found.source.description())?)
    }
}

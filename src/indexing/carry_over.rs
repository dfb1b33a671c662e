//! Embedding the texts of an older index again, without their sources.

use super::batches::{DocumentSink, Progress, Step, Totals, embed_documents};
use super::indexer::{Indexer, IndexingError};
use super::sink::IndexSink;
use crate::corpus::Document;
use crate::index::{NewSource, Reader, SourceRecord, was_imported};

/// The number of passages of a batch.
const BATCH_PASSAGES: usize = 1024;

impl Indexer<'_> {
    /// Embeds the texts of one source of an older index again, without reading the source.
    ///
    /// # Errors
    ///
    /// An [`IndexingError`] if the older index is damaged or has no texts of the source, or if the new index cannot be
    /// written.
    pub fn carry_over(
        &mut self,
        older: &Reader,
        source: &SourceRecord,
        progress: &mut dyn Progress,
    ) -> Result<Totals, IndexingError> {
        progress.begin(source.path.as_str());
        let SourceRecord { path, rule, version, .. } = source.clone();
        let new = NewSource { path, rule, version };
        let mut sink = IndexSink { indexer: self, source: &new, begun: None };
        let begun = sink.begin()?;
        let mut totals = Totals::default();
        let mut waiting = Vec::new();
        let mut passages = 0;
        older.for_each_document(&older.rows_of_source(&source.path)?, |_, document, _| {
            if was_imported(&source.rule) && has_empty_text(&document) {
                return Err(IndexingError::NoTexts { source_path: source.path.clone() });
            }
            passages += document.passages.len();
            waiting.push(document);
            if passages < BATCH_PASSAGES {
                return Ok(());
            }
            passages = 0;
            sink.embed(std::mem::take(&mut waiting), &mut totals, progress)
        })?;
        if !waiting.is_empty() {
            sink.embed(waiting, &mut totals, progress)?;
        }
        self.writer()?.finish_source(begun)?;
        Ok(totals)
    }
}

impl IndexSink<'_, '_> {
    fn embed(
        &mut self,
        documents: Vec<Document>,
        totals: &mut Totals,
        progress: &mut dyn Progress,
    ) -> Result<(), IndexingError> {
        let bytes = documents.iter().map(text_bytes).sum();
        let embedder = self.indexer.embedder;
        let batch = embed_documents(embedder, documents, self, totals)?;
        totals.count_mostly_unknown(embedder, self.source.path.as_str(), &batch.documents);
        self.take(batch)?;
        progress.advance(Step { bytes, totals: totals.clone() });
        Ok(())
    }
}

fn has_empty_text(document: &Document) -> bool {
    document.passages.iter().any(|passage| passage.text.is_empty())
}

fn text_bytes(document: &Document) -> u64 {
    document.passages.iter().map(|passage| passage.text.len() as u64).sum()
}

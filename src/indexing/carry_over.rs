//! Embedding the texts of an older index again, without their sources.

use std::ops::ControlFlow;

use super::ahead::{Ahead, texts_of};
use super::batches::{DocumentSink, Progress, Step, Totals, embed_documents};
use super::indexer::{Indexer, IndexingError};
use super::sink::IndexSink;
use crate::corpus::Document;
use crate::embedding::{Batch, Embedder};
use crate::index::{IndexContent, NewSource, SourceRecord, Visit, was_imported};

/// The number of passages that a local model embeds at a time.
const BATCH_PASSAGES: usize = 1024;

impl Indexer<'_> {
    /// Embeds the texts of `sources` of an older index again, without reading the sources.
    ///
    /// # Errors
    ///
    /// An [`IndexingError`] if the older index is damaged or has no texts of a source, or if the new index cannot be
    /// written.
    pub fn carry_over(
        &mut self,
        older: &dyn IndexContent,
        sources: &[&SourceRecord],
        progress: &mut dyn Progress,
    ) -> Result<Totals, IndexingError> {
        let ahead = Ahead::new(self.embedder);
        let mut totals = Totals::default();
        let mut rest = sources;
        while !rest.is_empty() {
            let (together, later) = rest.split_at(embed_first(&ahead, older, rest)?);
            for source in together {
                totals += self.carry_over_one(older, source, &ahead, progress)?;
            }
            rest = later;
        }
        Ok(totals)
    }

    fn carry_over_one(
        &mut self,
        older: &dyn IndexContent,
        source: &SourceRecord,
        embedder: &dyn Embedder,
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
        let most = most_passages(embedder);
        let mut add = |document: Document| {
            if was_imported(&source.rule) && has_empty_text(&document) {
                return Err(IndexingError::NoTexts { source_path: source.path.clone() });
            }
            passages += document.passages.len();
            waiting.push(document);
            if passages < most {
                return Ok(());
            }
            passages = 0;
            sink.embed(embedder, std::mem::take(&mut waiting), &mut totals, progress)
        };
        let mut visit = Visit::default();
        let visited =
            older.for_each_document(Some(&source.path), &mut |_, document| visit.keep(add(document)));
        visit.end(visited)?;
        if !waiting.is_empty() {
            sink.embed(embedder, waiting, &mut totals, progress)?;
        }
        self.writer()?.finish_source(begun)?;
        Ok(totals)
    }
}

/// Embeds the texts of the first of `sources` together, and returns how many sources these are: those that fill a batch, and
/// one for a local model, which embeds nothing ahead.
fn embed_first(
    ahead: &Ahead<'_>,
    older: &dyn IndexContent,
    sources: &[&SourceRecord],
) -> Result<usize, IndexingError> {
    let mut together = 0;
    let mut passages = 0;
    let mut texts = Vec::new();
    if ahead.batch() != Batch::LOCAL {
        for source in sources {
            passages += source.passages;
            if passages > most_passages(ahead) as u64 {
                break;
            }
            together += 1;
            older.for_each_document(Some(&source.path), &mut |_, document| {
                texts.extend(texts_of(&document));
                ControlFlow::Continue(())
            })?;
        }
    }
    ahead.embed_texts(texts, |hashes| Ok::<_, IndexingError>(vec![false; hashes.len()]))?;
    Ok(together.max(1))
}

fn most_passages(embedder: &dyn Embedder) -> usize {
    match embedder.batch() {
        Batch::LOCAL => BATCH_PASSAGES,
        batch => batch.texts,
    }
}

impl IndexSink<'_, '_> {
    fn embed(
        &mut self,
        embedder: &dyn Embedder,
        documents: Vec<Document>,
        totals: &mut Totals,
        progress: &mut dyn Progress,
    ) -> Result<(), IndexingError> {
        let bytes = documents.iter().map(text_bytes).sum();
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

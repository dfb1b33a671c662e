//! Sources that are searched without an index.

use std::convert::Infallible;

use roaring::RoaringBitmap;

use super::grouping::best_rows;
use super::{Hit, LocatedPassage, SearchOptions};
use crate::corpus::{CorpusError, Document, FoundSource, ReadOptions};
use crate::embedding::{EmbedError, Embedder};
use crate::filter::{Filters, Subject};
use crate::index::TextHash;
use crate::indexing::{DocumentSink, EmbeddedDocuments, LeftOut, Progress, Totals, embed_source};
use crate::scan::{Request, Rows, Scan};
use crate::topk::Scored;
use crate::vectors::{RowId, UnitVectors};

/// Embedded sources, held in memory for one search.
#[derive(Debug)]
pub struct Collection {
    vectors: UnitVectors,
    passages: Vec<LocatedPassage>,
    /// The number of the document of each passage.
    documents: Vec<u32>,
}

/// Which documents of the sources are searched.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// How sources are read.
    pub read: &'a ReadOptions,
    /// What must hold for a document.
    pub filters: &'a Filters,
    /// Ids of documents that are embedded whether the filters hold or not.
    pub liked: &'a [String],
}

/// A collection and what reading it took.
#[derive(Debug)]
pub struct Gathered {
    /// The collection.
    pub collection: Collection,
    /// Of all sources.
    pub totals: Totals,
    /// What was not read.
    pub left_out: LeftOut,
}

/// Why sources could not be searched without an index.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum CollectionError {
    /// A source cannot be read.
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    Embed(#[from] EmbedError),
}

impl Collection {
    /// Reads and embeds `sources` with `embedder`.
    ///
    /// # Errors
    ///
    /// A [`CollectionError`] where a source that the user named cannot be read, or a text cannot be embedded.
    pub fn read(
        embedder: &dyn Embedder,
        sources: &[FoundSource],
        wanted: &Wanted<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Gathered, CollectionError> {
        let vectors = UnitVectors::new(embedder.description().dimension);
        let mut collection = Self { vectors, passages: Vec::new(), documents: Vec::new() };
        let mut totals = Totals::default();
        let mut left_out = LeftOut::default();
        for found in sources {
            let name = found.source.name();
            let mut sink = Gatherer { collection, name: &name, wanted };
            let outcome = embed_source(embedder, found, wanted.read, progress, &mut sink);
            collection = sink.collection;
            match outcome {
                Ok(read) => {
                    totals += read.totals;
                    left_out.add_source(&found.source.description(), &read.report.statistics);
                }
                Err(CollectionError::Corpus(error)) => left_out.add_file(found.skip(error)?),
                Err(error) => return Err(error),
            }
        }
        Ok(Gathered { collection, totals, left_out })
    }

    /// Whether there is nothing to search.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.passages.is_empty()
    }

    /// All passages, in the order of the vectors.
    #[must_use]
    pub fn passages(&self) -> &[LocatedPassage] {
        &self.passages
    }

    /// The rows of what `id` names: all passages of a document, or one passage.
    #[must_use]
    pub fn rows_of_id(&self, id: &str) -> Vec<RowId> {
        let rows = |key: fn(&LocatedPassage) -> &str| -> Vec<RowId> {
            let is_it = |passage: &LocatedPassage| names(id, &passage.source, key(passage));
            (0..)
                .zip(&self.passages)
                .filter(|(_, passage)| is_it(passage))
                .map(|(row, _)| RowId(row))
                .collect()
        };
        let document = rows(|passage| &passage.document);
        if document.is_empty() { rows(|passage| &passage.key) } else { document }
    }

    /// The rows of all documents that `rows` are of.
    #[must_use]
    pub fn whole_documents(&self, rows: &[RowId]) -> RoaringBitmap {
        let documents: Vec<u32> = rows.iter().map(|row| self.documents[row.0 as usize]).collect();
        (0..).zip(&self.documents).filter(|(_, own)| documents.contains(own)).map(|(row, _)| row).collect()
    }

    /// All vectors: passages x dimension.
    #[must_use]
    pub const fn vectors(&self) -> &UnitVectors {
        &self.vectors
    }

    /// The hits of each query, best first; ties go to the passage that was read first. Rows of `excluded` are none.
    #[must_use]
    pub fn search(
        &self,
        queries: &UnitVectors,
        options: SearchOptions,
        excluded: &RoaringBitmap,
    ) -> Vec<Vec<Hit>> {
        let rows = Rows::from(&self.vectors);
        let allowed = (!excluded.is_empty()).then(|| {
            let mut allowed = RoaringBitmap::new();
            allowed.insert_range(0..u32::try_from(rows.len()).expect("rows are numbered with 32 bits"));
            allowed - excluded
        });
        let request =
            Request { count: options.top_k, minimum: options.minimum_score, allowed: allowed.as_ref() };
        let document_of = |row: RowId| Ok::<u32, Infallible>(self.documents[row.0 as usize]);
        let Ok(best) = best_rows(Scan::new(rows), queries, &request, options, document_of);
        let hit = |scored: &Scored| Hit {
            score: scored.score,
            passage: self.passages[scored.row.0 as usize].clone(),
        };
        best.iter().map(|best| best.iter().map(hit).collect()).collect()
    }

    fn add(&mut self, source: &str, embedded: EmbeddedDocuments) {
        self.vectors.append(&embedded.vectors);
        for document in embedded.documents {
            let number = self.documents.last().map_or(0, |last| last + 1);
            let keys: Vec<String> =
                (0..document.passages.len()).map(|index| document.passage_key(index)).collect();
            for (passage, key) in document.passages.into_iter().zip(keys) {
                self.documents.push(number);
                self.passages.push(LocatedPassage {
                    source: source.to_owned(),
                    document: document.key.clone(),
                    key,
                    passage,
                    metadata: document.metadata.clone(),
                });
            }
        }
    }
}

/// Whether `id` is that of `key` within `source`.
fn names(id: &str, source: &str, key: &str) -> bool {
    id.strip_prefix(source).and_then(|rest| rest.strip_prefix(':')) == Some(key)
}

/// Puts the documents of one source into a collection.
struct Gatherer<'a> {
    collection: Collection,
    name: &'a str,
    wanted: &'a Wanted<'a>,
}

impl DocumentSink for Gatherer<'_> {
    type Error = CollectionError;

    fn wants(&self, document: &Document) -> bool {
        let Wanted { filters, liked, .. } = self.wanted;
        let subject = Subject { source: self.name, id: &document.key, metadata: document.metadata.as_ref() };
        let is_liked = |id: &String| {
            let mut keys = (0..document.passages.len()).map(|index| document.passage_key(index));
            names(id, self.name, &document.key) || keys.any(|key| names(id, self.name, &key))
        };
        filters.matches(subject) || liked.iter().any(is_liked)
    }

    fn known_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, CollectionError> {
        Ok(vec![None; hashes.len()])
    }

    fn take(&mut self, embedded: EmbeddedDocuments) -> Result<(), CollectionError> {
        self.collection.add(self.name, embedded);
        Ok(())
    }
}

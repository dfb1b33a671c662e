//! From queries to hits: embeds queries, scans a matrix and finds the passages of the best rows.

use crate::corpus::{CorpusError, Passage, Source};
use crate::index::{self, Reader};
use crate::indexing::{EmbeddedDocuments, Progress, Totals, embed_source};
use crate::model::{Model, ModelError};
use crate::scan::{Request, Rows, Scan};
use crate::topk::Scored;
use crate::vectors::UnitVectors;

/// How much is wanted of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// Hits a query at the most.
    pub top_k: usize,
    /// The lowest score of a hit.
    pub minimum_score: Option<f32>,
}

/// A passage and how near it is to the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Dot product of the two unit vectors, from -1 to 1.
    pub score: f32,
    /// What was found.
    pub passage: LocatedPassage,
}

/// A passage with its place in the corpus.
#[derive(Debug, Clone, PartialEq)]
pub struct LocatedPassage {
    /// Its source, in the form that the user is to see.
    pub source: String,
    /// Its document's name within the source: a line number, or an id of the user's own.
    pub document: String,
    /// Its position among the document's passages, from 0.
    pub ordinal: u32,
    /// Its text and where that stands.
    pub passage: Passage,
    /// The document's own fields.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

/// Embedded sources, held in memory for one search.
#[derive(Debug)]
pub struct Collection {
    vectors: UnitVectors,
    passages: Vec<LocatedPassage>,
}

/// Why sources could not be searched without an index.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum CollectionError {
    /// A source cannot be read.
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    Model(#[from] ModelError),
}

impl Collection {
    /// Reads and embeds `sources` with `model`.
    ///
    /// # Errors
    ///
    /// A [`CollectionError`] where a source cannot be read or a text cannot be embedded.
    pub fn read(
        model: &Model,
        sources: &[Source],
        progress: &mut dyn Progress,
    ) -> Result<(Self, Totals), CollectionError> {
        let mut collection = Self { vectors: UnitVectors::new(model.dimension()), passages: Vec::new() };
        let mut totals = Totals::default();
        for source in sources {
            let name = source.name();
            totals += embed_source::<CollectionError>(model, source, progress, |embedded| {
                collection.add(&name, embedded);
                Ok(())
            })?;
        }
        Ok((collection, totals))
    }

    fn add(&mut self, source: &str, embedded: EmbeddedDocuments) {
        self.vectors.append(&embedded.vectors);
        for document in embedded.documents {
            for (ordinal, passage) in (0..).zip(document.passages) {
                self.passages.push(LocatedPassage {
                    source: source.to_owned(),
                    document: document.key.clone(),
                    ordinal,
                    passage,
                    metadata: document.metadata.clone(),
                });
            }
        }
    }

    /// The hits of each query, best first; ties go to the passage that was read first.
    #[must_use]
    pub fn search(&self, queries: &UnitVectors, options: SearchOptions) -> Vec<Vec<Hit>> {
        let request = Request { count: options.top_k, minimum: options.minimum_score, allowed: None };
        let found = Scan::new(Rows::from(&self.vectors)).search_many(queries.as_slice(), &request);
        let hit = |scored: &Scored| Hit {
            score: scored.score,
            passage: self.passages[scored.row.0 as usize].clone(),
        };
        found.iter().map(|found| found.best.iter().map(hit).collect()).collect()
    }
}

/// The hits of each query in an index, best first; ties go to the passage that was indexed first.
///
/// `show_source` turns a stored source into the form that the user is to see.
///
/// # Errors
///
/// An [`index::Error`] where the index is damaged.
pub fn search_index(
    reader: &Reader,
    queries: &UnitVectors,
    options: SearchOptions,
    show_source: &dyn Fn(&index::StoredPath) -> String,
) -> Result<Vec<Vec<Hit>>, index::Error> {
    let request =
        Request { count: options.top_k, minimum: options.minimum_score, allowed: Some(reader.live()) };
    let found = reader.scan().search_many(queries.as_slice(), &request);
    found.iter().map(|found| fetch(reader, &found.best, show_source)).collect()
}

fn fetch(
    reader: &Reader,
    best: &[Scored],
    show_source: &dyn Fn(&index::StoredPath) -> String,
) -> Result<Vec<Hit>, index::Error> {
    let rows: Vec<_> = best.iter().map(|scored| scored.row).collect();
    let passages = reader.passages(&rows)?;
    let hit = |(scored, record): (&Scored, index::PassageRecord)| Hit {
        score: scored.score,
        passage: located(record, show_source),
    };
    Ok(best.iter().zip(passages).map(hit).collect())
}

fn located(
    record: index::PassageRecord,
    show_source: &dyn Fn(&index::StoredPath) -> String,
) -> LocatedPassage {
    let span = record.span;
    LocatedPassage {
        source: show_source(&record.source),
        document: record.document,
        ordinal: record.ordinal,
        passage: Passage {
            text: record.text,
            lines: span.line.zip(span.end_line),
            bytes: span.start_byte.zip(span.end_byte),
        },
        metadata: match record.metadata {
            Some(serde_json::Value::Object(fields)) => Some(fields),
            _ => None,
        },
    }
}

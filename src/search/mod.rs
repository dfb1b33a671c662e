//! Exact search by meaning and by words, over any store of passages.
//!
//! [`Searchable`] is the interface: it finds the best k passages for each query, subject to filters. The index on disk
//! ([`FolderSnapshot`]) and sources that are read and embedded for one run ([`Collection`]) implement it and return the
//! same hits; other stores can implement it, too. The numbering of rows, and which rows are live, are private to a
//! store.

mod collection;
mod combine;
mod folder;
mod grouping;
mod nearest;
mod place;
mod ranking;
mod snapshot;
#[cfg(test)]
mod tests;
mod verdict;

pub use crate::corpus::LocatedPassage;
pub use crate::index::SourceNames;
pub use collection::{Collection, CollectionError, GatherSelection, Gathered};
pub use combine::{Term, combine, combine_terms};
pub use folder::IndexFolder;
#[cfg(feature = "postgres")]
pub(crate) use grouping::best_rows;
#[cfg(feature = "postgres")]
pub(crate) use nearest::NearestRows;
pub use place::{IndexPlace, IndexSnapshot, IndexStatistics, Span};
#[cfg(feature = "postgres")]
pub(crate) use ranking::prepare;
pub(crate) use ranking::{Limits, PreparedQuery, RankedRow, Ranking};
pub use ranking::{ScoreDetails, ScoreParts};
pub use snapshot::FolderSnapshot;
pub use verdict::{EVEN_CONFIDENCE, LEAST_TEXTS_OF_CONFIDENCE, confidence};

use std::ops::Range;

use serde::Serialize;

use crate::corpus::SourceGlobs;
use crate::embedding::ModelDescription;
use crate::filter::{Filter, Filters};
use crate::index;
use crate::scan::Rows;
use crate::vectors::UnitVectors;
use crate::words::WordQuery;

/// A snapshot of passages with vectors.
///
/// Callers name a passage by its id or by its position: passages are numbered from 0, in the order in which they were
/// read.
pub trait Searchable {
    /// The model of the vectors.
    fn model(&self) -> &ModelDescription;

    /// The hits of each query, best first; ties are in the order in which passages were read.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn search(
        &self,
        queries: &[SearchQuery<'_>],
        options: SearchOptions,
        selection: &Selection<'_>,
    ) -> Result<Vec<Vec<Hit>>, SearchError>;

    /// The number of passages that count for how rare a word is: those that can be found, and those that filters leave out.
    fn text_count(&self) -> u64;

    /// Whether passages can be found by words.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn has_words(&self) -> Result<bool, SearchError>;

    /// Whether any document has the field that `presence` tests ([`Filters::presence`]), be it one that filters left out.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn has_field(&self, presence: &Filter) -> Result<bool, SearchError>;

    /// Whether `is_selected` holds for the name of any source.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn has_source(&self, is_selected: &dyn Fn(&str) -> bool) -> Result<bool, SearchError>;

    /// The passages that `id` names: all passages of a document, or one passage; empty if nothing has that id. The name of a
    /// source with one document is an id of that document, too.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn find(&self, id: &str) -> Result<Matches, SearchError>;

    /// As [`Searchable::find`], without vectors: the passages of `part`, counted from 0, and how many there are in all.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn find_part(&self, id: &str, part: Range<usize>) -> Result<(Vec<LocatedPassage>, usize), SearchError>;

    /// The vectors of all passages, by position: passages x dimension.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store is damaged.
    fn vectors(&self) -> Result<Rows<'_>, SearchError>;

    /// The passages at `positions`, in that order.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn passages(&self, positions: &[u32]) -> Result<Vec<LocatedPassage>, SearchError>;

    /// Passes the text of every passage to `take`, in no stated order: faster than [`Searchable::passages`] of all.
    ///
    /// # Errors
    ///
    /// A [`SearchError`] where the store cannot be read.
    fn for_each_text(&self, take: &mut dyn FnMut(u32, &str)) -> Result<(), SearchError>;
}

/// A query: a vector, words, or both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchQuery<'a> {
    /// A vector of length 1 with the dimension of the model.
    pub vector: Option<&'a [f32]>,
    /// Ignored where the store has no words ([`Searchable::has_words`]).
    pub words: Option<&'a WordQuery>,
}

/// How much a search returns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// The maximum number of hits per query.
    pub top_k: usize,
    /// The lowest score of a hit.
    pub minimum_score: Option<f32>,
    /// The lowest confidence of a hit ([`confidence`]); hits whose confidence is not known stay.
    pub minimum_confidence: Option<f32>,
    /// What a hit is.
    pub grouping: Grouping,
    /// Whether hits carry their ranks by cosine alone and by words alone.
    pub ranks: Ranks,
}

impl SearchOptions {
    pub(crate) const fn limits(self) -> Limits {
        Limits { minimum: self.minimum_score, minimum_confidence: self.minimum_confidence, ranks: self.ranks }
    }
}

/// Whether the ranks of hits by each part of their score are counted, which visits every passage with a matching word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ranks {
    /// [`ScoreDetails`] has no ranks.
    #[default]
    Omitted,
    /// [`ScoreDetails`] has the ranks.
    Counted,
}

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// A passage.
    #[default]
    Passages,
    /// A document, by the best of its passages.
    Documents,
}

/// Which passages can be hits.
#[derive(Debug, Clone, Copy)]
pub struct Selection<'a> {
    /// The conditions on a document.
    pub filters: &'a Filters,
    /// Which sources are searched; `None` for all.
    pub sources: Option<&'a SourceGlobs>,
    /// Ids of documents that are excluded from the hits; an id of a passage stands for its document.
    pub excluded: &'a [String],
}

/// A passage and its score. Serializes as `score`, the passage's fields, and the parts of the score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hit {
    /// By meaning, the dot product of the two unit vectors, from -1 to 1; by words, BM25; by both, the dot product plus
    /// what the words add.
    pub score: f32,
    /// The passage.
    #[serde(flatten)]
    pub passage: LocatedPassage,
    /// The parts of the score; `None` for a search by meaning.
    #[serde(flatten)]
    pub parts: Option<ScoreParts>,
    /// The output of a cross-encoder for the query and the passage; `None` if the hit was not reranked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rerank: Option<f32>,
}

impl Hit {
    /// The hit of a ranked row, whose passage is `passage`.
    pub(crate) const fn new(ranked: &RankedRow, passage: LocatedPassage) -> Self {
        Self { score: ranked.scored.score, passage, parts: ranked.parts, rerank: None }
    }
}

/// Passages that an id names, with their vectors.
#[derive(Debug, Clone, PartialEq)]
pub struct Matches {
    /// In the order of the document.
    pub passages: Vec<LocatedPassage>,
    /// A row for each passage.
    pub vectors: UnitVectors,
}

/// The items of `part` that there are.
pub(crate) fn within<T>(items: &[T], part: Range<usize>) -> &[T] {
    let end = part.end.min(items.len());
    items.get(part.start..end).unwrap_or_default()
}

/// Why a store cannot be searched.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
#[non_exhaustive]
pub enum SearchError {
    /// The index cannot be read.
    Index(#[from] index::Error),
}

//! From queries to hits: scans a matrix and finds the passages of the best rows.
//!
//! A query is a unit vector, be it of a text, of what is [like](rows_of_id) it, or of a [sum](combine) of those. It is
//! searched for in an index ([`search_index`]) or in sources that are read and embedded for it alone ([`Collection`]);
//! both give the same hits.

mod collection;
mod combine;
mod grouping;
mod indexed;

pub use collection::{Collection, CollectionError, Gathered, Wanted};
pub use combine::{Term, combine, combine_terms};
pub use indexed::{Restriction, direction_of, passages_of, rows_of_id, search_index, whole_documents};

pub use crate::corpus::LocatedPassage;

/// How much is wanted of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// Hits a query at the most.
    pub top_k: usize,
    /// The lowest score of a hit.
    pub minimum_score: Option<f32>,
    /// What a hit is.
    pub grouping: Grouping,
}

/// What a hit is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grouping {
    /// A passage.
    Passages,
    /// A document, by the best of its passages.
    Documents,
}

/// A passage and how near it is to the query.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Dot product of the two unit vectors, from -1 to 1.
    pub score: f32,
    /// What was found.
    pub passage: LocatedPassage,
}

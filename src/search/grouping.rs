//! The best rows of each query, at most one per document when grouping by document.

use std::collections::HashSet;
use std::hash::Hash;

use super::ranking::RankedRow;
use super::{Grouping, SearchOptions};
use crate::vectors::RowId;

/// The factor by which the number of rows grows if those found belong to too few documents.
const GROWTH: usize = 4;

/// The best rows for each query. `find` returns the given number of best rows, and `document_of` the document of a row.
pub(crate) fn best_rows<D: Eq + Hash, E>(
    options: SearchOptions,
    find: impl Fn(usize) -> Result<Vec<Vec<RankedRow>>, E>,
    document_of: impl Fn(RowId) -> Result<D, E>,
) -> Result<Vec<Vec<RankedRow>>, E> {
    let mut count = options.top_k;
    loop {
        let found = find(count)?;
        if options.grouping == Grouping::Passages {
            return Ok(found);
        }
        let mut answers = Vec::with_capacity(found.len());
        let mut is_enough = true;
        for found in found {
            let is_all = found.len() < count;
            let best = first_of_each(found, options.top_k, &document_of)?;
            is_enough &= is_all || best.len() == options.top_k;
            answers.push(best);
        }
        if is_enough {
            return Ok(answers);
        }
        count = count.saturating_mul(GROWTH);
    }
}

/// The first row of each document, in order; at most `count`.
fn first_of_each<D: Eq + Hash, E>(
    rows: Vec<RankedRow>,
    count: usize,
    document_of: impl Fn(RowId) -> Result<D, E>,
) -> Result<Vec<RankedRow>, E> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for ranked in rows {
        if kept.len() == count {
            break;
        }
        if seen.insert(document_of(ranked.scored.row)?) {
            kept.push(ranked);
        }
    }
    Ok(kept)
}

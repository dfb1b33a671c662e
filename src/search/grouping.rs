//! The best rows of each query, at most one per document when grouping by document.

use std::collections::HashSet;
use std::hash::Hash;

use super::{Grouping, SearchOptions};
use crate::scan::{Scan, ScanRequest};
use crate::topk::Scored;
use crate::vectors::{RowId, UnitVectors};

/// The factor by which more rows are fetched where those found are of too few documents.
const GROWTH: usize = 4;

/// The best rows for each query. `document_of` tells rows of one document from others.
pub(super) fn best_rows<D: Eq + Hash, E>(
    scan: Scan<'_>,
    queries: &UnitVectors,
    request: &ScanRequest<'_>,
    options: SearchOptions,
    document_of: impl Fn(RowId) -> Result<D, E>,
) -> Result<Vec<Vec<Scored>>, E> {
    let mut count = options.top_k;
    loop {
        let found = scan.search_many(queries.as_slice(), &ScanRequest { count, ..*request });
        if options.grouping == Grouping::Passages {
            return Ok(found.into_iter().map(|found| found.best).collect());
        }
        let mut answers = Vec::with_capacity(found.len());
        let mut is_enough = true;
        for found in found {
            let is_all = found.best.len() < count;
            let best = first_of_each(found.best, options.top_k, &document_of)?;
            is_enough &= is_all || best.len() == options.top_k;
            answers.push(best);
        }
        if is_enough {
            return Ok(answers);
        }
        count = count.saturating_mul(GROWTH);
    }
}

/// The first row of each document, in order, `count` at most.
fn first_of_each<D: Eq + Hash, E>(
    rows: Vec<Scored>,
    count: usize,
    document_of: impl Fn(RowId) -> Result<D, E>,
) -> Result<Vec<Scored>, E> {
    let mut seen = HashSet::new();
    let mut kept = Vec::new();
    for scored in rows {
        if kept.len() == count {
            break;
        }
        if seen.insert(document_of(scored.row)?) {
            kept.push(scored);
        }
    }
    Ok(kept)
}

//! Search of an index.

use roaring::RoaringBitmap;

use super::combine::{Term, combine_terms};
use super::grouping::best_rows;
use super::{Hit, SearchOptions};
use crate::corpus::LocatedPassage;
use crate::filter::Filters;
use crate::index::{self, Reader, StoredPath};
use crate::scan::{Rows, ScanRequest};
use crate::topk::Scored;
use crate::vectors::{NoDirection, RowId, UnitVectors};

/// Which rows of an index may be hits.
#[derive(Debug, Clone, Copy)]
pub struct Restriction<'a> {
    /// What must hold for a document.
    pub filters: &'a Filters,
    /// Rows that are no hits.
    pub excluded: &'a RoaringBitmap,
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
    restriction: &Restriction<'_>,
    show_source: &dyn Fn(&StoredPath) -> String,
) -> Result<Vec<Vec<Hit>>, index::Error> {
    let Restriction { filters, excluded } = *restriction;
    let restricted = if filters.is_empty() && excluded.is_empty() {
        None
    } else {
        Some(reader.rows_where(filters, show_source)? - excluded)
    };
    let allowed = restricted.as_ref().unwrap_or_else(|| reader.live());
    let request =
        ScanRequest { count: options.top_k, minimum: options.minimum_score, allowed: Some(allowed) };
    let best = best_rows(reader.scan(), queries, &request, options, |row| reader.document_of(row))?;
    best.iter().map(|best| fetch(reader, best, show_source)).collect()
}

/// The live rows of what `id` names: all of a document (`source:key`), or one passage; none where nothing is named so.
///
/// A source and a key may have colons of their own, so every colon is tried. `store` turns a source as typed into its
/// stored form.
///
/// # Errors
///
/// An [`index::Error`] from `store` or where the index is damaged.
pub fn rows_of_id(
    reader: &Reader,
    id: &str,
    store: &dyn Fn(&str) -> Result<StoredPath, index::Error>,
) -> Result<Vec<RowId>, index::Error> {
    for (colon, _) in id.match_indices(':') {
        let rows = reader.rows_of_key(&store(&id[..colon])?, &id[colon + 1..])?;
        if !rows.is_empty() {
            return Ok(rows);
        }
    }
    Ok(Vec::new())
}

/// The rows of all documents that `rows`, which are live, are of.
///
/// # Errors
///
/// An [`index::Error`] where the index is damaged.
pub fn whole_documents(reader: &Reader, rows: &[RowId]) -> Result<RoaringBitmap, index::Error> {
    reader.whole_documents(rows)
}

/// The direction that `rows` of `vectors` have together, of length 1.
///
/// # Errors
///
/// [`NoDirection`] where they cancel out.
///
/// # Panics
///
/// If there is no such row.
pub fn direction_of(vectors: Rows<'_>, rows: &[RowId]) -> Result<UnitVectors, NoDirection> {
    let terms: Vec<Term<'_>> = rows.iter().map(|&row| Term::Plus(vectors.row(row))).collect();
    combine_terms(vectors.dimension(), &terms)
}

/// The passages of `rows`, in their order. `show_source` turns a stored source into the form that the user is to see.
///
/// # Errors
///
/// An [`index::Error`] for a row that is not live, or where the index is damaged.
pub fn passages_of(
    reader: &Reader,
    rows: &[RowId],
    show_source: &dyn Fn(&StoredPath) -> String,
) -> Result<Vec<LocatedPassage>, index::Error> {
    reader.passages(rows, show_source)
}

fn fetch(
    reader: &Reader,
    best: &[Scored],
    show_source: &dyn Fn(&StoredPath) -> String,
) -> Result<Vec<Hit>, index::Error> {
    let rows: Vec<_> = best.iter().map(|scored| scored.row).collect();
    let passages = passages_of(reader, &rows, show_source)?;
    let hit = |(scored, passage): (&Scored, LocatedPassage)| Hit { score: scored.score, passage };
    Ok(best.iter().zip(passages).map(hit).collect())
}

//! Exact search for the nearest rows.
//!
//! The server ranks all rows by its own sum of products, whose last bits differ from ours. It gives a few rows more than
//! requested, with their vectors; these are scored again, until no row that the server left out can be among the best.

use std::cell::RefCell;
use std::collections::HashMap;

use pgvector::Vector;
use roaring::RoaringBitmap;

use super::connection::Connection;
use crate::index::Error;
use crate::scan::ScanRequest;
use crate::search::NearestRows;
use crate::simd::InstructionSet;
use crate::topk::{Scored, TopK};
use crate::vectors::{Dimension, RowId};

/// More than the difference between two sums of products of float32 unit vectors.
const ROUNDING: f64 = 4e-6;

/// Rows beyond those requested that the server gives at first.
const MARGIN: usize = 16;

/// The passages that a search can find.
pub(super) const VISIBLE: &str = "source IN (SELECT id FROM sources WHERE state = 'visible')";

/// The rows of one snapshot.
#[derive(Clone, Copy)]
pub(super) struct Nearest<'a> {
    pub(super) connection: &'a Connection,
    pub(super) dimension: Dimension,
    pub(super) live: &'a RoaringBitmap,
    /// Vectors that were fetched.
    pub(super) vectors: &'a RefCell<HashMap<u32, Vec<f32>>>,
}

impl Nearest<'_> {
    /// The rows that the server ranks first, with its scores, and whether these are all.
    fn first(
        self,
        vector: &[f32],
        request: &ScanRequest<'_>,
        limit: i64,
    ) -> Result<(Vec<(Scored, f64)>, bool), Error> {
        let query = Vector::from(vector.to_vec());
        let allowed: Option<Vec<i64>> = request
            .allowed
            .filter(|allowed| *allowed != self.live)
            .map(|allowed| allowed.iter().map(i64::from).collect());
        let least = request.minimum.map_or(f64::NEG_INFINITY, |minimum| f64::from(minimum) - ROUNDING);
        let condition = if allowed.is_some() { "id = ANY ($3)" } else { VISIBLE };
        // The sum with 0 keeps an index for approximate search from answering.
        let statement = format!(
            "SELECT id, vector, -(vector <#> $1) FROM passages
             WHERE {condition} AND -(vector <#> $1) >= $2 ORDER BY (vector <#> $1) + 0, id LIMIT {limit}"
        );
        let rows = match &allowed {
            Some(allowed) => self.connection.query(&statement, &[&query, &least, allowed])?,
            None => self.connection.query(&statement, &[&query, &least])?,
        };
        let is_all = (rows.len() as i64) < limit;
        let dot = InstructionSet::best();
        let mut vectors = self.vectors.borrow_mut();
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            let (id, stored, score): (i64, Vector, f64) = (row.get(0), row.get(1), row.get(2));
            let id = u32::try_from(id).unwrap_or(u32::MAX);
            let stored = stored.to_vec();
            found.push((Scored { score: dot.dot(vector, &stored), row: RowId(id) }, score));
            vectors.insert(id, stored);
        }
        Ok((found, is_all))
    }
}

impl NearestRows<Error> for Nearest<'_> {
    fn dimension(self) -> Dimension {
        self.dimension
    }

    fn best(self, vector: &[f32], request: &ScanRequest<'_>) -> Result<Vec<Scored>, Error> {
        if request.count == 0 {
            return Ok(Vec::new());
        }
        let most = i64::MAX >> 1;
        let mut limit = i64::try_from(request.count.saturating_add(MARGIN)).unwrap_or(most).min(most);
        loop {
            let (found, is_all) = self.first(vector, request, limit)?;
            let mut best = TopK::new(request.count);
            for (scored, _) in &found {
                if request.minimum.is_none_or(|minimum| scored.score >= minimum) {
                    best.push(scored.score, scored.row);
                }
            }
            let rest = found.last().map_or(f64::NEG_INFINITY, |(_, score)| *score + ROUNDING);
            if is_all || best.threshold().is_some_and(|threshold| f64::from(threshold) > rest) {
                return Ok(best.into_sorted_vec());
            }
            limit = limit.saturating_mul(2).min(most);
        }
    }

    fn best_of_each(self, vectors: &[f32], request: &ScanRequest<'_>) -> Result<Vec<Vec<Scored>>, Error> {
        vectors.chunks_exact(self.dimension.get()).map(|vector| self.best(vector, request)).collect()
    }

    fn score(self, vector: &[f32], row: RowId) -> Result<f32, Error> {
        if let Some(stored) = self.vectors.borrow().get(&row.0) {
            return Ok(InstructionSet::best().dot(vector, stored));
        }
        let found =
            self.connection.find("SELECT vector FROM passages WHERE id = $1", &[&i64::from(row.0)])?;
        let stored: Vector = found.ok_or(Error::DeadRow { row })?.get(0);
        Ok(InstructionSet::best().dot(vector, stored.as_slice()))
    }
}

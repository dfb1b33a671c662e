//! Exact search for the rows nearest to a vector, wherever they are.

use crate::scan::{Scan, ScanRequest};
use crate::simd::InstructionSet;
use crate::topk::Scored;
use crate::vectors::{Dimension, RowId};

/// Rows of unit vectors, searched exactly. A score is [`InstructionSet::dot`] of the vector and the row, the same bits for every
/// implementation. `E` is why rows cannot be read.
pub(crate) trait NearestRows<E>: Copy {
    fn dimension(self) -> Dimension;

    /// The best rows for `vector`, best first, ties by row.
    fn best(self, vector: &[f32], request: &ScanRequest<'_>) -> Result<Vec<Scored>, E>;

    /// The best rows for each of `vectors`: queries x dimension.
    fn best_of_each(self, vectors: &[f32], request: &ScanRequest<'_>) -> Result<Vec<Vec<Scored>>, E>;

    /// The score of one row.
    fn score(self, vector: &[f32], row: RowId) -> Result<f32, E>;
}

impl<E> NearestRows<E> for Scan<'_> {
    fn dimension(self) -> Dimension {
        self.rows().dimension()
    }

    fn best(self, vector: &[f32], request: &ScanRequest<'_>) -> Result<Vec<Scored>, E> {
        Ok(self.search(vector, request).best)
    }

    fn best_of_each(self, vectors: &[f32], request: &ScanRequest<'_>) -> Result<Vec<Vec<Scored>>, E> {
        Ok(self.search_many(vectors, request).into_iter().map(|found| found.best).collect())
    }

    fn score(self, vector: &[f32], row: RowId) -> Result<f32, E> {
        Ok(InstructionSet::best().dot(vector, self.rows().row(row)))
    }
}

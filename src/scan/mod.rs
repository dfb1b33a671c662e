//! Exact search: the best rows of a matrix for one query or many, among all rows or some.
//!
//! The answer is that of scoring every row with [`Kernel::dot`], sorting as [`Scored`] does and cutting the list
//! short. It is the same for any number of threads, kernel, and company of a query: a score depends on nothing
//! but the row and the query, and the order of scored rows is total.
//!
//! Work runs on rayon's current thread pool. Nothing is written anywhere, and no file is known here.

mod collector;
mod float;
mod runs;
#[cfg(test)]
mod tests;

use roaring::RoaringBitmap;

use crate::simd::Kernel;
use crate::topk::Scored;
use crate::vectors::{Dimension, RowId, UnitVectors};

/// A borrowed matrix of float32 rows, one after another: rows x dimension.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    values: &'a [f32],
    dimension: Dimension,
}

impl<'a> Rows<'a> {
    /// The matrix of those `values`, row by row.
    ///
    /// # Panics
    ///
    /// If `values` is not a whole number of rows, or more of them than a [`RowId`] can
    /// tell apart.
    #[must_use]
    pub fn new(values: &'a [f32], dimension: Dimension) -> Self {
        assert!(values.len().is_multiple_of(dimension.get()), "a matrix holds whole rows");
        let rows = Self { values, dimension };
        assert!(u32::try_from(rows.len()).is_ok(), "rows are numbered with 32 bits");
        rows
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension.get()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of values of a row.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The values of one row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: RowId) -> &'a [f32] {
        self.values_of(&(row.0..row.0 + 1))
    }

    /// The values of the rows from `rows.start` to before `rows.end`.
    fn values_of(&self, rows: &std::ops::Range<u32>) -> &'a [f32] {
        let width = self.dimension.get();
        &self.values[rows.start as usize * width..rows.end as usize * width]
    }
}

impl<'a> From<&'a UnitVectors> for Rows<'a> {
    fn from(vectors: &'a UnitVectors) -> Self {
        Self::new(vectors.as_slice(), vectors.dimension())
    }
}

/// What is wanted of a scan.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// How many rows at most; 0 is none, `usize::MAX` is all.
    pub count: usize,
    /// The score that a row has to reach. A score that is not a number reaches none.
    pub minimum: Option<f32>,
    /// The rows that may be answered with; those beyond the matrix are ignored. The scan then costs no more
    /// than these rows do.
    pub allowed: Option<&'a RoaringBitmap>,
}

impl Request<'_> {
    /// The best `count` of all rows.
    #[must_use]
    pub const fn best(count: usize) -> Self {
        Self { count, minimum: None, allowed: None }
    }
}

/// The answer to one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The best rows, the best first.
    pub best: Vec<Scored>,
    /// What it took to find them.
    pub statistics: Statistics,
}

/// How a scan found its answer; the same on every run and for any number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// The rows that were allowed, all of which were looked at.
    pub rows: usize,
    /// Those of them that were scored in float32.
    pub rows_scored: usize,
}

/// A matrix, ready to be searched.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    rows: Rows<'a>,
    kernel: Kernel,
}

impl<'a> Scan<'a> {
    /// A scan of `rows` on the fastest kernel of this CPU.
    #[must_use]
    pub fn new(rows: Rows<'a>) -> Self {
        Self { rows, kernel: Kernel::best() }
    }

    /// The same scan on another kernel; its answers are the same bits.
    #[must_use]
    pub const fn with_kernel(self, kernel: Kernel) -> Self {
        Self { kernel, ..self }
    }

    /// The best rows for `query`.
    ///
    /// # Panics
    ///
    /// If `query` has not the dimension of the rows.
    #[must_use]
    pub fn search(&self, query: &[f32], request: &Request<'_>) -> Found {
        assert_eq!(query.len(), self.rows.dimension.get(), "a query has the dimension of the rows");
        self.search_many(query, request).pop().expect("one query has one answer")
    }

    /// The best rows for each of `queries`, which lie one after another and share the reading of the matrix.
    ///
    /// # Panics
    ///
    /// If `queries` is not a whole number of vectors of the dimension of the rows.
    #[must_use]
    pub fn search_many(&self, queries: &[f32], request: &Request<'_>) -> Vec<Found> {
        let queries = Rows::new(queries, self.rows.dimension);
        let runs = runs::runs(self.rows, request.allowed);
        float::search(self.kernel, self.rows, &runs, queries, request)
    }
}

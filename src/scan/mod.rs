//! Exact search: the best rows of a matrix for one query or many, among all rows or some.
//!
//! The answer is that of scoring every row with [`Kernel::dot`], sorting as [`Scored`] does and cutting the list
//! short. It is the same for any number of threads, kernel, and company of a query: a score depends on nothing
//! but the row and the query, and the order of scored rows is total.
//!
//! Work runs on rayon's current thread pool. Nothing is written anywhere, and no file is known here.

mod blocks;
mod bound;
mod candidates;
pub mod codes;
mod collector;
mod float;
mod screen;
mod screened;
#[cfg(test)]
mod tests;

use blocks::{Block, Blocks};
use candidates::Candidates;
use codes::Codes;
use roaring::RoaringBitmap;
use screened::Screened;

use crate::simd::{Kernel, Vectors};
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

    /// All values, row by row.
    #[must_use]
    pub const fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The values of one row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: RowId) -> &'a [f32] {
        let width = self.dimension.get();
        &self.values[row.0 as usize * width..][..width]
    }

    /// The rows of a block.
    fn vectors<'b>(&self, block: &Block<'b>) -> Vectors<'b>
    where
        'a: 'b,
    {
        let width = self.dimension.get();
        match block {
            Block::Run(rows) => {
                Vectors::new(&self.values[rows.start as usize * width..rows.end as usize * width], width)
            }
            Block::Scattered(numbers) => Vectors::new(self.values, width).at(numbers),
        }
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

/// How a scan found its answer. Unlike the answer, this may change from run to run, where codes rule out so few rows
/// that the scan does without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Statistics {
    /// The rows that were allowed.
    pub rows: usize,
    /// Those of them that were scored in float32.
    pub rows_scored: usize,
}

/// Queries that share a pass. More would save no reading worth the name, but outgrow the second-level cache.
const QUERIES_OF_A_PASS: usize = 128;

/// The values of the rows up to which one pass in float32 is faster than two, for queries that are taken alone: 4 MiB.
const VALUES_FOR_ONE_PASS: usize = 1 << 20;

/// The same for queries that are taken in groups, whose float32 products wait less for memory: 12 MiB.
const VALUES_FOR_ONE_PASS_OF_A_GROUP: usize = 3 << 20;

/// The share of the rows, one in so many, that is asked for at most where two passes are faster.
const ROWS_FOR_EACH_OF_THE_BEST: usize = 16;

/// A matrix, ready to be searched.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    rows: Rows<'a>,
    codes: Option<Codes<'a>>,
    kernel: Kernel,
}

impl<'a> Scan<'a> {
    /// A scan of `rows` on the fastest kernel of this CPU.
    #[must_use]
    pub fn new(rows: Rows<'a>) -> Self {
        Self { rows, codes: None, kernel: Kernel::best() }
    }

    /// The same scan with the codes of its rows, which it reads instead where that is faster; its answers are the
    /// same bits.
    ///
    /// # Panics
    ///
    /// If these are not codes of as many rows of the same dimension.
    #[must_use]
    pub fn with_codes(self, codes: Codes<'a>) -> Self {
        assert_eq!(codes.dimension(), self.rows.dimension, "codes have the dimension of the rows");
        assert_eq!(codes.len(), self.rows.len(), "every row has its codes");
        Self { codes: Some(codes), ..self }
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
        let width = self.rows.dimension.get();
        assert!(queries.len().is_multiple_of(width), "queries are whole vectors");
        let blocks = Blocks::new(self.rows, request.allowed);
        if request.count == 0 {
            let statistics = Statistics { rows: blocks.row_count(), rows_scored: 0 };
            return vec![Found { best: Vec::new(), statistics }; queries.len() / width];
        }
        let passes = queries.chunks(QUERIES_OF_A_PASS * width);
        passes.flat_map(|queries| self.pass(&blocks, queries, request)).collect()
    }

    fn pass(&self, blocks: &Blocks, queries: &[f32], request: &Request<'_>) -> Vec<Found> {
        let &Self { rows, kernel, .. } = self;
        match self.codes {
            Some(codes) if two_passes_pay(blocks, queries, request) => {
                Screened { kernel, rows, codes }.search(blocks, queries, request)
            }
            _ => float::search(kernel, rows, blocks, queries, request),
        }
    }
}

/// Whether reading codes first is the faster way.
fn two_passes_pay(blocks: &Blocks, queries: &[f32], request: &Request<'_>) -> bool {
    let (row_count, width) = (blocks.row_count(), blocks.dimension().get());
    let query_count = queries.len() / width;
    let grouped = query_count >= screen::QUERIES_OF_A_GROUP;
    let enough = if grouped { VALUES_FOR_ONE_PASS_OF_A_GROUP } else { VALUES_FOR_ONE_PASS };
    let few_asked_for = request.count <= row_count / ROWS_FOR_EACH_OF_THE_BEST
        && request.count <= Candidates::crowd(row_count, query_count) / 2;
    row_count * width > enough && few_asked_for
}

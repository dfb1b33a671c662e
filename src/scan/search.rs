//! The scan: passes of queries, and the choice between one pass and two.

use super::blocks::Blocks;
use super::candidates::Candidates;
use super::checksums::{Checked, Checksums, Guard};
use super::codes::Codes;
use super::screened::Screened;
use super::{Found, Rows, ScanRequest, Statistics, float, screen};
use crate::simd::InstructionSet;

/// Queries that share a pass: more would barely save reading, but outgrow the second-level cache.
const QUERIES_OF_A_PASS: usize = 128;

/// Up to this many values of rows, one pass in float32 is faster than two, for queries one by one: 4 MiB.
const VALUES_FOR_ONE_PASS: usize = 1 << 20;

/// The same for groups of queries, whose float32 products wait less for memory: 12 MiB.
const VALUES_FOR_ONE_PASS_OF_A_GROUP: usize = 3 << 20;

/// Two passes are faster only where at most one row in this many is requested.
const ROWS_FOR_EACH_OF_THE_BEST: usize = 16;

/// A matrix, ready to be searched.
#[derive(Debug, Clone, Copy)]
pub struct Scan<'a> {
    rows: Rows<'a>,
    codes: Option<Codes<'a>>,
    set: InstructionSet,
    guard: Option<Guard<'a>>,
}

impl<'a> Scan<'a> {
    /// A scan of `rows` with the fastest instruction set of this CPU.
    #[must_use]
    pub fn new(rows: Rows<'a>) -> Self {
        Self { rows, codes: None, set: InstructionSet::best(), guard: None }
    }

    /// The rows that are searched.
    #[must_use]
    pub const fn rows(&self) -> Rows<'a> {
        self.rows
    }

    /// The scan with the codes of its first rows, which it reads first where that is faster. Its answers are the same bits.
    ///
    /// # Panics
    ///
    /// If these are codes of more rows or of another dimension.
    #[must_use]
    pub fn with_codes(self, codes: Codes<'a>) -> Self {
        assert_eq!(codes.dimension(), self.rows.dimension(), "codes have the dimension of the rows");
        assert!(codes.len() <= self.rows.len(), "codes are those of the first rows");
        Self { codes: Some(codes), ..self }
    }

    /// The scan comparing what it reads with `checksums`, those of its rows and codes, and reporting to `checked`.
    #[must_use]
    pub const fn with_checksums(self, checksums: Checksums<'a>, checked: &'a Checked) -> Self {
        Self { guard: Some(Guard { checksums, checked }), ..self }
    }

    /// The scan with another instruction set. Its answers are the same bits.
    #[must_use]
    pub const fn with_instruction_set(self, set: InstructionSet) -> Self {
        Self { set, ..self }
    }

    /// The best rows for `query`.
    ///
    /// # Panics
    ///
    /// If `query` does not have the dimension of the rows.
    #[must_use]
    pub fn search(&self, query: &[f32], request: &ScanRequest<'_>) -> Found {
        assert_eq!(query.len(), self.rows.dimension().get(), "a query has the dimension of the rows");
        self.search_many(query, request).pop().expect("one query has one answer")
    }

    /// The best rows for each of `queries`, which lie one after another and share the passes over the matrix.
    ///
    /// # Panics
    ///
    /// If `queries` is not a whole number of vectors of the dimension of the rows.
    #[must_use]
    pub fn search_many(&self, queries: &[f32], request: &ScanRequest<'_>) -> Vec<Found> {
        let width = self.rows.dimension().get();
        assert!(queries.len().is_multiple_of(width), "queries are whole vectors");
        let blocks = Blocks::new(self.rows, request.allowed);
        if request.count == 0 {
            let statistics = Statistics { rows: blocks.row_count(), rows_scored: 0 };
            return vec![Found { best: Vec::new(), statistics }; queries.len() / width];
        }
        let passes = queries.chunks(QUERIES_OF_A_PASS * width);
        passes.flat_map(|queries| self.pass(&blocks, queries, request)).collect()
    }

    fn pass(&self, blocks: &Blocks, queries: &[f32], request: &ScanRequest<'_>) -> Vec<Found> {
        let &Self { rows, set, guard, .. } = self;
        match self.codes {
            Some(codes) if two_passes_pay(blocks, queries, request) => {
                Screened { set, rows, codes, guard }.search(blocks, queries, request)
            }
            _ => float::search(float::Matrix { set, rows, guard }, blocks, queries, request),
        }
    }
}

/// Whether reading codes first is the faster way.
fn two_passes_pay(blocks: &Blocks, queries: &[f32], request: &ScanRequest<'_>) -> bool {
    let (row_count, width) = (blocks.row_count(), blocks.dimension().get());
    let query_count = queries.len() / width;
    let grouped = query_count >= screen::QUERIES_OF_A_GROUP;
    let enough = if grouped { VALUES_FOR_ONE_PASS_OF_A_GROUP } else { VALUES_FOR_ONE_PASS };
    let few_asked_for = request.count <= row_count / ROWS_FOR_EACH_OF_THE_BEST
        && request.count <= Candidates::crowd(row_count, query_count) / 2;
    row_count * width > enough && few_asked_for
}

//! The rows of a scan in blocks, which are the units of work.

use std::ops::Range;

use rayon::prelude::*;
use roaring::RoaringBitmap;

use super::Rows;
use crate::simd::Vectors;
use crate::vectors::{Dimension, RowId};

/// The most values of a block of rows: large enough to hide the cost of scheduling, small enough that a matrix of a few
/// megabytes occupies every thread.
const VALUES_OF_A_BLOCK: usize = 64 * 1024;

/// Shorter runs of neighbouring rows are gathered into blocks of scattered rows.
const SHORT_RUN: usize = 64;

/// Fewer multiply-adds than this run on the calling thread: waking another costs more.
const PRODUCTS_FOR_ONE_THREAD: usize = 1 << 18;

/// The rows that a scan visits.
#[derive(Debug, Clone)]
pub(super) struct Blocks {
    runs: Vec<Range<u32>>,
    scattered: Vec<u32>,
    dimension: Dimension,
    row_count: usize,
}

/// Some rows of a matrix, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Block<'a> {
    Run(Range<u32>),
    Scattered(&'a [u32]),
}

impl<'a> Block<'a> {
    /// The number of rows.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Run(rows) => rows.len(),
            Self::Scattered(numbers) => numbers.len(),
        }
    }

    /// The row at a position, counted from 0.
    #[inline]
    pub(super) fn row(&self, position: usize) -> RowId {
        match self {
            Self::Run(rows) => RowId(rows.start + position as u32),
            Self::Scattered(numbers) => RowId(numbers[position]),
        }
    }

    /// The rows.
    #[inline]
    pub(super) fn rows(&self) -> impl Iterator<Item = RowId> {
        (0..self.len()).map(|position| self.row(position))
    }

    /// The values of the rows in the matrix `rows`.
    pub(super) fn vectors<'b>(&self, rows: Rows<'b>) -> Vectors<'b>
    where
        'a: 'b,
    {
        let (values, width) = (rows.values(), rows.dimension().get());
        match self {
            Self::Run(rows) => {
                Vectors::new(&values[rows.start as usize * width..rows.end as usize * width], width)
            }
            Self::Scattered(numbers) => Vectors::new(values, width).at(numbers),
        }
    }

    /// The rows before `row`, and the others.
    pub(super) fn split_at_row(&self, row: u32) -> (Self, Self) {
        match self {
            Self::Run(rows) => {
                let middle = row.clamp(rows.start, rows.end);
                (Self::Run(rows.start..middle), Self::Run(middle..rows.end))
            }
            Self::Scattered(numbers) => {
                let (before, others) = numbers.split_at(numbers.partition_point(|&number| number < row));
                (Self::Scattered(before), Self::Scattered(others))
            }
        }
    }

    /// The same rows in blocks of `size`; the last may be shorter.
    pub(super) fn parts(&self, size: usize) -> impl Iterator<Item = Self> {
        (0..self.len()).step_by(size).map(move |start| {
            let end = self.len().min(start + size);
            match self {
                Self::Run(rows) => Self::Run(rows.start + start as u32..rows.start + end as u32),
                Self::Scattered(numbers) => Self::Scattered(&numbers[start..end]),
            }
        })
    }
}

impl Blocks {
    /// The rows of the matrix that are `allowed`, or all.
    pub(super) fn new(rows: Rows<'_>, allowed: Option<&RoaringBitmap>) -> Self {
        let end = rows.len() as u32;
        let mut blocks =
            Self { runs: Vec::new(), scattered: Vec::new(), dimension: rows.dimension(), row_count: 0 };
        let Some(allowed) = allowed else {
            blocks.push(0..end);
            return blocks;
        };
        let mut allowed = allowed.iter();
        while let Some(run) = allowed.next_range().filter(|run| *run.start() < end) {
            blocks.push(*run.start()..end.min(run.end().saturating_add(1)));
        }
        blocks
    }

    fn push(&mut self, mut run: Range<u32>) {
        self.row_count += run.len();
        if run.len() < SHORT_RUN {
            self.scattered.extend(run);
            return;
        }
        while !run.is_empty() {
            let end = run.end.min(run.start.saturating_add(self.longest() as u32));
            self.runs.push(run.start..end);
            run.start = end;
        }
    }

    /// The most rows of a block.
    fn longest(&self) -> usize {
        (VALUES_OF_A_BLOCK / self.dimension.get()).max(1)
    }

    /// The width of the rows.
    pub(super) const fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The number of rows.
    pub(super) const fn row_count(&self) -> usize {
        self.row_count
    }

    /// Folds all blocks with `step`, on this thread or, where there is enough work for `query_count` queries, on the whole
    /// pool. Which blocks share a tally, and in which order, differs from call to call.
    pub(super) fn fold<T: Send>(
        &self,
        query_count: usize,
        start: impl Fn() -> T + Sync + Send,
        step: impl Fn(T, Block<'_>) -> T + Sync + Send,
        merge: impl Fn(T, T) -> T + Sync + Send,
    ) -> T {
        let products = self.row_count.saturating_mul(self.dimension.get() * query_count);
        if products <= PRODUCTS_FOR_ONE_THREAD {
            let runs = self.runs.iter().cloned().map(Block::Run);
            let scattered = self.scattered.chunks(self.longest()).map(Block::Scattered);
            return runs.chain(scattered).fold(start(), step);
        }
        let runs = self.runs.par_iter().cloned().map(Block::Run);
        let scattered = self.scattered.par_chunks(self.longest()).map(Block::Scattered);
        runs.chain(scattered).fold(&start, step).reduce(&start, merge)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The blocks of a matrix where a hundred rows fill a block.
    fn blocks_of(row_count: usize, allowed: Option<&RoaringBitmap>) -> (Vec<Range<u32>>, Vec<u32>) {
        let dimension = Dimension::new(VALUES_OF_A_BLOCK / 100).expect("a block of a hundred rows");
        let values = vec![0.0; row_count * dimension.get()];
        let blocks = Blocks::new(Rows::new(&values, dimension), allowed);
        assert_eq!(
            blocks.row_count(),
            blocks.fold(1, || 0, |count, block| count + block.len(), |a, b| a + b)
        );
        (blocks.runs, blocks.scattered)
    }

    #[test]
    fn all_rows_are_cut_into_runs_of_bounded_length() {
        assert_eq!(blocks_of(230, None), (vec![0..100, 100..200, 200..230], vec![]));
        assert_eq!(blocks_of(3, None), (vec![], vec![0, 1, 2]));
        assert_eq!(blocks_of(0, None), (vec![], vec![]));
    }

    #[test]
    fn allowed_rows_beyond_the_matrix_are_ignored() {
        assert_eq!(blocks_of(12, Some(&[1, 2, 5, 12, u32::MAX].into())), (vec![], vec![1, 2, 5]));
        assert_eq!(blocks_of(99, Some(&RoaringBitmap::full())).0.len(), 1);
        assert_eq!(blocks_of(99, Some(&RoaringBitmap::new())), (vec![], vec![]));
    }

    #[test]
    fn short_runs_are_gathered_from_where_they_are() {
        let allowed: RoaringBitmap = (0..63).chain(70..134).chain(140..145).collect();
        let (runs, scattered) = blocks_of(200, Some(&allowed));
        assert_eq!(runs.len(), 1);
        assert_eq!(runs[0], 70..134);
        assert!(scattered.into_iter().eq((0..63).chain(140..145)));
    }

    #[test]
    fn parts_of_a_block_are_its_rows_in_order() {
        for block in [Block::Run(3..10), Block::Scattered(&[3, 5, 6, 8, 9, 12, 13])] {
            let parts: Vec<_> = block.parts(3).collect();
            assert!(parts.iter().map(Block::len).eq([3, 3, 1]));
            assert!(parts.iter().flat_map(Block::rows).eq(block.rows()));
        }
    }
}

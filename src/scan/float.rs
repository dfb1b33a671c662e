//! The plain scan: every row scored in float32.

use super::blocks::{Block, Blocks};
use super::checksums::Guard;
use super::collector::Collector;
use super::{Found, Rows, ScanRequest, Statistics};
use crate::simd::{InstructionSet, Vectors};

/// A matrix, and how it is read.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a> {
    pub(super) set: InstructionSet,
    pub(super) rows: Rows<'a>,
    pub(super) guard: Option<Guard<'a>>,
}

/// Scores the rows of `blocks` for each of `queries`.
pub(super) fn search(
    matrix: Matrix<'_>,
    blocks: &Blocks,
    queries: &[f32],
    request: &ScanRequest<'_>,
) -> Vec<Found> {
    let pass = Pass { matrix, queries, request };
    let query_count = queries.len() / matrix.rows.dimension().get();
    let tally =
        blocks.fold(query_count, || pass.start(), |tally, block| pass.score(tally, &block), Tally::merge);
    let statistics = Statistics { rows: blocks.row_count(), rows_scored: blocks.row_count() };
    let best = tally.collectors.into_iter().map(Collector::into_sorted_vec);
    best.map(|best| Found { best, statistics }).collect()
}

/// One pass over the matrix.
struct Pass<'a> {
    matrix: Matrix<'a>,
    queries: &'a [f32],
    request: &'a ScanRequest<'a>,
}

/// What one thread has found so far.
struct Tally {
    /// One for each query.
    collectors: Vec<Collector>,
    /// Room for the scores of a block: queries x rows.
    scores: Vec<f32>,
}

impl Pass<'_> {
    fn start(&self) -> Tally {
        let query_count = self.queries.len() / self.matrix.rows.dimension().get();
        Tally { collectors: vec![Collector::new(self.request); query_count], scores: Vec::new() }
    }

    fn score(&self, mut tally: Tally, block: &Block<'_>) -> Tally {
        tally.scores.resize(tally.collectors.len() * block.len(), 0.0);
        let Matrix { set, rows, guard } = self.matrix;
        if let Some(guard) = guard {
            guard.check_rows(rows, block);
        }
        let queries = Vectors::new(self.queries, rows.dimension().get());
        set.dots_many(queries, block.vectors(rows), &mut tally.scores);
        for (collector, scores) in tally.collectors.iter_mut().zip(tally.scores.chunks_exact(block.len())) {
            collector.extend(block, scores);
        }
        tally
    }
}

impl Tally {
    fn merge(mut self, other: Self) -> Self {
        for (collector, other) in self.collectors.iter_mut().zip(other.collectors) {
            collector.merge(other);
        }
        self
    }
}

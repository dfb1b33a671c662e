//! The plain scan: every row scored in float32.

use super::blocks::{Block, Blocks};
use super::collector::Collector;
use super::{Found, Rows, ScanRequest, Statistics};
use crate::simd::{InstructionSet, Vectors};

/// Scores the rows of `blocks` for each of `queries`.
pub(super) fn search(
    set: InstructionSet,
    rows: Rows<'_>,
    blocks: &Blocks,
    queries: &[f32],
    request: &ScanRequest<'_>,
) -> Vec<Found> {
    let pass = Pass { set, rows, queries, request };
    let query_count = queries.len() / rows.dimension().get();
    let tally =
        blocks.fold(query_count, || pass.start(), |tally, block| pass.score(tally, &block), Tally::merge);
    let statistics = Statistics { rows: blocks.row_count(), rows_scored: blocks.row_count() };
    let best = tally.collectors.into_iter().map(Collector::into_sorted_vec);
    best.map(|best| Found { best, statistics }).collect()
}

/// One pass over the matrix.
struct Pass<'a> {
    set: InstructionSet,
    rows: Rows<'a>,
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
        let query_count = self.queries.len() / self.rows.dimension().get();
        Tally { collectors: vec![Collector::new(self.request); query_count], scores: Vec::new() }
    }

    fn score(&self, mut tally: Tally, block: &Block<'_>) -> Tally {
        tally.scores.resize(tally.collectors.len() * block.len(), 0.0);
        let queries = Vectors::new(self.queries, self.rows.dimension().get());
        self.set.dots_many(queries, block.vectors(self.rows), &mut tally.scores);
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

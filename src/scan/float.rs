//! The plain scan: every row scored in float32.

use std::ops::Range;

use rayon::prelude::*;

use super::collector::Collector;
use super::{Found, Request, Rows, Statistics, runs};
use crate::simd::Kernel;

/// Queries that share a pass. More would save no reading worth the name, but outgrow the second-level cache.
const QUERIES_OF_A_PASS: usize = 128;

/// The multiply-adds that are not worth waking another thread for.
const PRODUCTS_FOR_ONE_THREAD: usize = 1 << 18;

/// Scores the rows of `runs` for each of `queries`.
pub(super) fn search(
    kernel: Kernel,
    rows: Rows<'_>,
    runs: &[Range<u32>],
    queries: Rows<'_>,
    request: &Request<'_>,
) -> Vec<Found> {
    let row_count = runs::row_count(runs);
    let statistics = Statistics { rows: row_count, rows_scored: row_count };
    let width = rows.dimension.get();
    let mut found = Vec::with_capacity(queries.len());
    for queries in queries.values.chunks(QUERIES_OF_A_PASS * width) {
        let pass = Pass { kernel, rows, queries, request };
        let tally = if row_count.saturating_mul(queries.len()) <= PRODUCTS_FOR_ONE_THREAD {
            runs.iter().fold(pass.start(), |tally, run| pass.score(tally, run))
        } else {
            let parts = runs.par_iter().fold(|| pass.start(), |tally, run| pass.score(tally, run));
            parts.reduce(|| pass.start(), Tally::merge)
        };
        let best = tally.collectors.into_iter().map(Collector::into_sorted_vec);
        found.extend(best.map(|best| Found { best, statistics }));
    }
    found
}

/// One reading of the matrix.
struct Pass<'a> {
    kernel: Kernel,
    rows: Rows<'a>,
    queries: &'a [f32],
    request: &'a Request<'a>,
}

/// What one thread has found so far.
struct Tally {
    /// One for each query.
    collectors: Vec<Collector>,
    /// Room for the scores of a run: queries x rows.
    scores: Vec<f32>,
}

impl Pass<'_> {
    fn start(&self) -> Tally {
        let query_count = self.queries.len() / self.rows.dimension.get();
        Tally { collectors: vec![Collector::new(self.request); query_count], scores: Vec::new() }
    }

    fn score(&self, mut tally: Tally, run: &Range<u32>) -> Tally {
        tally.scores.resize(tally.collectors.len() * run.len(), 0.0);
        let width = self.rows.dimension.get();
        self.kernel.dots_many(self.queries, self.rows.values_of(run), width, &mut tally.scores);
        for (collector, scores) in tally.collectors.iter_mut().zip(tally.scores.chunks_exact(run.len())) {
            collector.extend(run.clone(), scores);
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

//! The scan in two passes: codes rule out rows that cannot be among the best, and the others are scored in float32.
//!
//! The first pass reads only the codes and computes for each row an interval that contains its score (see
//! [the bound](super::bound)). Where `count` rows have a lower end of `bar` or more, a row whose upper end is below
//! `bar` scores less than all of these, so it is not among the best `count` and is ruled out.
//! So is a row whose upper end is below the minimum. All other rows are candidates. Their scores are computed and
//! collected as in the plain scan, so the answer is the same, bit for bit.
//!
//! Candidates are scored in descending order of their upper ends. Scoring stops at an upper end below the score of the last
//! of the best: the remaining candidates score less than all of the best.

use rayon::prelude::*;

use super::blocks::{Block, Blocks};
use super::bound::Interval;
use super::candidates::{Candidate, Candidates, SharedBar};
use super::checksums::Guard;
use super::codes::Codes;
use super::collector::Collector;
use super::screen::{GuardedCodes, Screen};
use super::{Found, Rows, ScanRequest, Statistics, float};
use crate::simd::{InstructionSet, Vectors};

/// The size of the first batch of candidates; the bar is raised after each batch, and each is twice as large.
const SMALLEST_BATCH: usize = 16;

/// Fewer candidates than this are scored on one thread: waking another costs more.
const ROWS_OF_A_THREAD: usize = 512;

/// A matrix and its codes.
#[derive(Clone, Copy)]
pub(super) struct Screened<'a> {
    pub(super) set: InstructionSet,
    pub(super) rows: Rows<'a>,
    pub(super) codes: Codes<'a>,
    pub(super) guard: Option<Guard<'a>>,
}

impl Screened<'_> {
    /// The best rows of `blocks` for each of `queries`, as [`float::search`] finds them.
    pub(super) fn search(self, blocks: &Blocks, queries: &[f32], request: &ScanRequest<'_>) -> Vec<Found> {
        let width = self.rows.dimension().get();
        let query_count = queries.len() / width;
        let screen = Screen::new(self.set, queries, width);
        let bars: Vec<_> = (0..query_count).map(|_| SharedBar::new(request)).collect();
        let candidates = blocks.fold(
            query_count,
            || vec![Candidates::new(request, blocks.row_count(), query_count); query_count],
            |mut candidates, block| {
                candidates.iter_mut().zip(&bars).for_each(|(candidates, bar)| candidates.share(bar));
                let (coded, rest) = block.split_at_row(self.codes.len() as u32);
                screen.look(
                    self.set,
                    GuardedCodes { codes: self.codes, guard: self.guard },
                    &coded,
                    &mut candidates,
                );
                for candidates in &mut candidates {
                    rest.rows().for_each(|row| candidates.offer(row, Interval::UNKNOWN));
                }
                candidates
            },
            |mut candidates, others| {
                candidates.iter_mut().zip(others).for_each(|(candidates, others)| candidates.merge(others));
                candidates
            },
        );
        let pairs = queries.par_chunks_exact(width).zip(candidates);
        let found = pairs.map(|(query, candidates)| {
            let candidates = candidates.into_sorted_vec()?;
            Some(self.score(query, &candidates, blocks.row_count(), request))
        });
        self.complete(found.collect(), blocks, queries, request)
    }

    const fn matrix(&self) -> float::Matrix<'_> {
        float::Matrix { set: self.set, rows: self.rows, guard: self.guard }
    }

    /// Answers the queries that had too many candidates by a scan of all rows.
    fn complete(
        self,
        found: Vec<Option<Found>>,
        blocks: &Blocks,
        queries: &[f32],
        request: &ScanRequest<'_>,
    ) -> Vec<Found> {
        let queries = queries.chunks_exact(self.rows.dimension().get());
        let missing: Vec<&[f32]> =
            found.iter().zip(queries).filter_map(|(found, query)| found.is_none().then_some(query)).collect();
        if missing.is_empty() {
            return found.into_iter().flatten().collect();
        }
        let mut rest = float::search(self.matrix(), blocks, &missing.concat(), request).into_iter();
        found.into_iter().filter_map(|found| found.or_else(|| rest.next())).collect()
    }

    /// The best of the candidates, which are in descending order of their upper ends.
    fn score(self, query: &[f32], candidates: &[Candidate], rows: usize, request: &ScanRequest<'_>) -> Found {
        let mut collector = Collector::new(request);
        let (mut left, mut batch_size, mut rows_scored) = (candidates, request.count.max(SMALLEST_BATCH), 0);
        while !left.is_empty() {
            let (batch, rest) = left.split_at(batch_size.min(left.len()));
            let reaching = batch.partition_point(|candidate| !candidate.is_below(collector.bar()));
            self.score_batch(query, &batch[..reaching], &mut collector);
            rows_scored += reaching;
            if reaching < batch.len() {
                break;
            }
            (left, batch_size) = (rest, batch_size.saturating_mul(2));
        }
        Found { best: collector.into_sorted_vec(), statistics: Statistics { rows, rows_scored } }
    }

    fn score_batch(self, query: &[f32], batch: &[Candidate], collector: &mut Collector) {
        let numbers: Vec<u32> = batch.iter().map(|candidate| candidate.row.0).collect();
        let mut scores = vec![0.0; batch.len()];
        let parts = scores.par_chunks_mut(ROWS_OF_A_THREAD).zip(numbers.par_chunks(ROWS_OF_A_THREAD));
        parts.for_each(|(scores, numbers)| {
            let block = Block::Scattered(numbers);
            if let Some(guard) = self.guard {
                guard.check_rows(self.rows, &block);
            }
            let rows = block.vectors(self.rows);
            self.set.dots_many(Vectors::new(query, query.len()), rows, scores);
        });
        for (candidate, score) in batch.iter().zip(scores) {
            collector.push(score, candidate.row);
        }
    }
}

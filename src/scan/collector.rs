//! The best rows for one query, with the request's minimum applied.

use super::ScanRequest;
use super::blocks::Block;
use crate::topk::{Scored, TopK};
use crate::vectors::RowId;

/// Keeps the best of the scores that it is given.
#[derive(Debug, Clone)]
pub(super) struct Collector {
    best: TopK,
    minimum: Option<f32>,
    /// A row that scores less is not among the best: one comparison rejects most rows.
    bar: f32,
}

impl Collector {
    pub(super) fn new(request: &ScanRequest<'_>) -> Self {
        let bar = request.minimum.unwrap_or(f32::NEG_INFINITY);
        Self { best: TopK::new(request.count), minimum: request.minimum, bar }
    }

    /// Adds the scores of the rows of a block.
    pub(super) fn extend(&mut self, block: &Block<'_>, scores: &[f32]) {
        debug_assert_eq!(block.len(), scores.len(), "every row has a score");
        for (row, &score) in block.rows().zip(scores) {
            self.push(score, row);
        }
    }

    /// Adds the score of a row.
    #[inline]
    pub(super) fn push(&mut self, score: f32, row: RowId) {
        let too_low = score < self.bar;
        if !too_low && self.minimum.is_none_or(|minimum| score >= minimum) {
            self.best.push(score, row);
            self.bar = self.best.threshold().unwrap_or(self.bar);
        }
    }

    /// A row that scores less is not among the best.
    pub(super) const fn bar(&self) -> f32 {
        self.bar
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.best.merge(other.best);
    }

    pub(super) fn into_sorted_vec(self) -> Vec<Scored> {
        self.best.into_sorted_vec()
    }
}

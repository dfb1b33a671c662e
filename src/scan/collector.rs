//! The best rows for one query, with the request's minimum applied.

use std::ops::Range;

use super::Request;
use crate::topk::{Scored, TopK};
use crate::vectors::RowId;

/// Takes scores in and keeps the best.
#[derive(Debug, Clone)]
pub(super) struct Collector {
    best: TopK,
    minimum: Option<f32>,
    /// A row that scores less is not wanted: turns most rows away with one comparison.
    bar: f32,
}

impl Collector {
    pub(super) fn new(request: &Request<'_>) -> Self {
        let bar = request.minimum.unwrap_or(f32::NEG_INFINITY);
        Self { best: TopK::new(request.count), minimum: request.minimum, bar }
    }

    /// Takes in the scores of neighbouring rows.
    pub(super) fn extend(&mut self, rows: Range<u32>, scores: &[f32]) {
        debug_assert_eq!(rows.len(), scores.len(), "every row has a score");
        for (row, &score) in rows.zip(scores) {
            let below = score < self.bar;
            if !below {
                self.push(score, RowId(row));
            }
        }
    }

    /// Takes in a row whose score is not known to be too low.
    fn push(&mut self, score: f32, row: RowId) {
        if self.minimum.is_none_or(|minimum| score >= minimum) {
            self.best.push(score, row);
            self.bar = self.best.threshold().unwrap_or(self.bar);
        }
    }

    pub(super) fn merge(&mut self, other: Self) {
        self.best.merge(other.best);
    }

    pub(super) fn into_sorted_vec(self) -> Vec<Scored> {
        self.best.into_sorted_vec()
    }
}

//! The best k of many scored rows, in bounded memory and in a total order.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::vectors::RowId;

/// A row and its score.
///
/// The better of two is the greater: the one with the higher score or, if scores are equal, the lower row. NaN is below
/// every other score and equal to itself; 0 and -0 are equal.
#[derive(Debug, Clone, Copy)]
pub struct Scored {
    /// The score of the row.
    pub score: f32,
    /// The row.
    pub row: RowId,
}

impl Ord for Scored {
    fn cmp(&self, other: &Self) -> Ordering {
        let undefined_last = || other.score.is_nan().cmp(&self.score.is_nan());
        let by_score = self.score.partial_cmp(&other.score).unwrap_or_else(undefined_last);
        by_score.then_with(|| other.row.cmp(&self.row))
    }
}

impl PartialOrd for Scored {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Scored {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Scored {}

/// The order of scores from the best to the worst, NaN last.
#[must_use]
pub fn best_first(first: f32, second: f32) -> Ordering {
    first.is_nan().cmp(&second.is_nan()).then_with(|| second.total_cmp(&first))
}

/// The best `count` of the rows that were pushed, in any order.
///
/// Memory grows with the rows that are kept, never with `count` alone.
#[derive(Debug, Clone)]
pub struct TopK {
    count: usize,
    /// A min-heap: the worst row that is kept is on top.
    kept: BinaryHeap<std::cmp::Reverse<Scored>>,
}

impl TopK {
    /// Keeps the best `count` rows: 0 keeps none, `usize::MAX` all.
    #[must_use]
    pub const fn new(count: usize) -> Self {
        Self { count, kept: BinaryHeap::new() }
    }

    /// Keeps `row` if it is among the best so far.
    pub fn push(&mut self, score: f32, row: RowId) {
        let scored = std::cmp::Reverse(Scored { score, row });
        if self.kept.len() < self.count {
            self.kept.push(scored);
        } else if let Some(mut worst) = self.kept.peek_mut()
            && scored < *worst
        {
            *worst = scored;
        }
    }

    /// The score of the worst row that is kept, once `count` rows are kept. Rows with a lower score are rejected; on a
    /// tie, the lower row is kept.
    #[must_use]
    pub fn threshold(&self) -> Option<f32> {
        if self.kept.len() < self.count { None } else { self.kept.peek().map(|worst| worst.0.score) }
    }

    /// Adds all rows that `other` kept.
    pub fn merge(&mut self, other: Self) {
        for std::cmp::Reverse(Scored { score, row }) in other.kept {
            self.push(score, row);
        }
    }

    /// The rows that were kept, the best first.
    #[must_use]
    pub fn into_sorted_vec(self) -> Vec<Scored> {
        self.kept.into_sorted_vec().into_iter().map(|scored| scored.0).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn scores_come_from_the_best_to_the_worst_and_nan_last() {
        let mut scores = [1.0, f32::NAN, f32::INFINITY, -f32::NAN, -1.0];
        scores.sort_by(|a, b| best_first(*a, *b));
        assert_eq!(scores[..3], [f32::INFINITY, 1.0, -1.0]);
        assert!(scores[3..].iter().all(|score| score.is_nan()));
    }

    fn rows_of(scored: &[Scored]) -> Vec<u32> {
        scored.iter().map(|scored| scored.row.0).collect()
    }

    /// The best `count` of `scores`, whose rows are their positions, by sorting all of them.
    fn sorted_and_truncated(scores: &[f32], count: usize) -> Vec<u32> {
        let key = |row: &u32| {
            let score = scores[*row as usize];
            if score.is_nan() { f32::NEG_INFINITY } else { score }
        };
        let undefined = |row: &u32| scores[*row as usize].is_nan();
        let mut rows: Vec<u32> = (0..scores.len() as u32).collect();
        rows.sort_by(|a, b| {
            let by_score = key(b).partial_cmp(&key(a)).expect("keys are numbers");
            undefined(a).cmp(&undefined(b)).then(by_score).then(a.cmp(b))
        });
        rows.truncate(count);
        rows
    }

    /// Few different values, so that many rows tie.
    fn any_score() -> impl Strategy<Value = f32> {
        let special = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 0.0, -0.0, f32::MIN_POSITIVE];
        prop_oneof![3 => (-4i8..4).prop_map(f32::from), 1 => prop::sample::select(special.to_vec())]
    }

    proptest! {
        #[test]
        fn the_best_are_those_of_sort_and_truncate(
            scores in prop::collection::vec(any_score(), 0..200),
            count in prop_oneof![0usize..220, Just(usize::MAX)],
            shards in 1usize..5,
        ) {
            let mut merged = TopK::new(count);
            for shard in 0..shards {
                let mut best = TopK::new(count);
                for row in (shard..scores.len()).step_by(shards).rev() {
                    best.push(scores[row], RowId(row as u32));
                }
                merged.merge(best);
            }
            prop_assert_eq!(rows_of(&merged.into_sorted_vec()), sorted_and_truncated(&scores, count));
        }

        #[test]
        fn the_threshold_is_the_score_of_the_last_of_a_full_list(
            scores in prop::collection::vec(-1f32..1.0, 0..50),
            count in 0usize..60,
        ) {
            let mut best = TopK::new(count);
            for (row, &score) in (0..).zip(&scores) {
                best.push(score, RowId(row));
            }
            let last = sorted_and_truncated(&scores, count).last().map(|&row| scores[row as usize]);
            prop_assert_eq!(best.threshold(), last.filter(|_| scores.len() >= count));
        }
    }

    #[test]
    fn a_huge_count_reserves_nothing() {
        let best = TopK::new(usize::MAX);
        assert_eq!(best.threshold(), None);
        assert!(best.into_sorted_vec().is_empty());
    }
}

//! The rows that the first pass of a scan has not ruled out.

use std::cmp::Ordering;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use super::ScanRequest;
use super::bound::Interval;
use crate::topk::TopK;
use crate::vectors::RowId;

/// A row that may be among the best, and the upper end of the interval of its score.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) row: RowId,
    pub(super) upper: f32,
}

impl Candidate {
    /// Whether the score is below `bar` for certain. An end that is not a number makes nothing certain.
    pub(super) fn is_below(self, bar: f32) -> bool {
        self.upper < bar
    }
}

/// The highest bar that any thread has found for a query, for all of them to use.
///
/// It decides which rows are ruled out early, and nothing else: those that are not are judged again by the bar of
/// all rows together. So it does not matter when a thread hears of it.
#[derive(Debug)]
pub(super) struct SharedBar(AtomicU32);

impl SharedBar {
    /// The bar that a request sets.
    pub(super) fn new(request: &ScanRequest<'_>) -> Self {
        Self(AtomicU32::new(ordered(request.minimum.unwrap_or(f32::NEG_INFINITY))))
    }

    fn get(&self) -> f32 {
        let bits = self.0.load(Relaxed);
        f32::from_bits(if bits >> 31 == 1 { bits & !(1 << 31) } else { !bits })
    }

    fn raise(&self, bar: f32) {
        self.0.fetch_max(ordered(bar), Relaxed);
    }
}

/// The bits of `value`, changed so that they are in the order of values.
const fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if value.is_sign_negative() { !bits } else { bits | 1 << 31 }
}

/// The candidates for one query.
#[derive(Debug, Clone)]
pub(super) struct Candidates {
    kept: Vec<Candidate>,
    /// The best lower ends.
    lower: TopK,
    /// A row whose upper end is below this is ruled out.
    bar: f32,
    /// The number of candidates at which those that have been ruled out since are removed.
    next_removal: usize,
    /// The number of candidates, after a removal, at which they stop being worth the keeping.
    crowd: usize,
    crowded: bool,
}

/// The candidates that are kept in any case.
const SMALL_CROWD: usize = 4096;

impl Candidates {
    /// The number of candidates that one of `query_count` queries may keep of `row_count` rows.
    ///
    /// A query may keep every fourth row, and all queries together as many: scoring more than that in scattered
    /// places gains nothing over scoring all, and the memory is bounded.
    pub(super) const fn crowd(row_count: usize, query_count: usize) -> usize {
        SMALL_CROWD + row_count / 4 / query_count
    }

    /// None yet, of `row_count` rows, for one of `query_count` queries.
    pub(super) fn new(request: &ScanRequest<'_>, row_count: usize, query_count: usize) -> Self {
        Self {
            kept: Vec::new(),
            lower: TopK::new(request.count),
            bar: request.minimum.unwrap_or(f32::NEG_INFINITY),
            next_removal: SMALL_CROWD,
            crowd: Self::crowd(row_count, query_count),
            crowded: false,
        }
    }

    /// Tells the other threads what bar has been found here, and adopts theirs if it is higher.
    pub(super) fn share(&mut self, shared: &SharedBar) {
        shared.raise(self.bar);
        self.bar = shared.get();
    }

    /// What the upper end of a row has to reach.
    #[inline]
    pub(super) const fn bar(&self) -> f32 {
        self.bar
    }

    /// Takes in a row whose score lies in `interval`, if it is not ruled out.
    pub(super) fn offer(&mut self, row: RowId, interval: Interval) {
        let candidate = Candidate { row, upper: interval.upper };
        if !self.crowded && !candidate.is_below(self.bar) {
            self.kept.push(candidate);
            self.lower.push(interval.lower, row);
            self.raise_bar();
            if self.kept.len() >= self.next_removal {
                self.remove();
            }
        }
    }

    /// Takes in all candidates of `other`.
    pub(super) fn merge(&mut self, other: Self) {
        self.crowded |= other.crowded;
        self.lower.merge(other.lower);
        self.raise_bar();
        self.kept.extend(other.kept);
        self.remove();
    }

    /// The candidates that are not ruled out, those of the highest upper ends first; `None` if there were too many
    /// to keep.
    pub(super) fn into_sorted_vec(mut self) -> Option<Vec<Candidate>> {
        self.remove();
        let ascending_rows = |a: &Candidate, b: &Candidate| a.row.cmp(&b.row);
        let descending = |a: &Candidate, b: &Candidate| match (a.upper.is_nan(), b.upper.is_nan()) {
            (false, false) => b.upper.partial_cmp(&a.upper).unwrap_or(Ordering::Equal),
            (a, b) => b.cmp(&a),
        };
        self.kept.sort_unstable_by(|a, b| descending(a, b).then_with(|| ascending_rows(a, b)));
        (!self.crowded).then_some(self.kept)
    }

    fn raise_bar(&mut self) {
        // Where the threshold is not a number, `max` leaves the bar as it is.
        self.bar = self.bar.max(self.lower.threshold().unwrap_or(f32::NEG_INFINITY));
    }

    fn remove(&mut self) {
        let bar = self.bar;
        self.kept.retain(|candidate| !candidate.is_below(bar));
        self.crowded |= self.kept.len() > self.crowd;
        if self.crowded {
            self.kept = Vec::new();
            self.bar = f32::INFINITY;
        }
        self.next_removal = SMALL_CROWD.max(2 * self.kept.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows_of(candidates: Candidates) -> Option<Vec<u32>> {
        let sorted = candidates.into_sorted_vec();
        sorted.map(|sorted| sorted.iter().map(|candidate| candidate.row.0).collect())
    }

    fn offer_all(candidates: &mut Candidates, intervals: &[(f32, f32)]) {
        for (row, &(lower, upper)) in (0..).map(RowId).zip(intervals) {
            candidates.offer(row, Interval { lower, upper });
        }
    }

    #[test]
    fn a_row_is_kept_unless_enough_others_are_certainly_better() {
        let mut candidates = Candidates::new(&ScanRequest::best(2), 9, 1);
        offer_all(
            &mut candidates,
            &[(0.1, 0.3), (0.4, 0.6), (0.3, 0.9), (0.1, 0.2), (0.2, 0.3), (0.2, f32::NAN)],
        );
        assert_eq!(rows_of(candidates), Some(vec![5, 2, 1, 0, 4]));
    }

    #[test]
    fn a_row_that_may_reach_the_minimum_is_kept() {
        let request = ScanRequest { minimum: Some(0.5), ..ScanRequest::best(9) };
        let mut candidates = Candidates::new(&request, 9, 1);
        offer_all(&mut candidates, &[(0.1, 0.5), (0.1, 0.49), (f32::NAN, f32::NAN)]);
        assert_eq!(rows_of(candidates), Some(vec![2, 0]));
    }

    #[test]
    fn a_crowd_is_given_up() {
        let mut candidates = Candidates::new(&ScanRequest::best(1), 0, 1);
        offer_all(&mut candidates, &vec![(0.1, 0.5); SMALL_CROWD + 1]);
        let mut other = Candidates::new(&ScanRequest::best(1), 0, 1);
        offer_all(&mut other, &[(0.1, 0.5)]);
        other.merge(candidates);
        assert_eq!(rows_of(other), None);
    }

    #[test]
    fn a_shared_bar_is_the_highest_that_was_told() {
        let shared = SharedBar::new(&ScanRequest { minimum: Some(-0.5), ..ScanRequest::best(1) });
        assert_eq!(shared.get(), -0.5);
        for (bar, highest) in
            [(-0.7, -0.5), (-0.2, -0.2), (-0.0, 0.0), (0.3, 0.3), (0.1, 0.3), (f32::INFINITY, f32::INFINITY)]
        {
            shared.raise(bar);
            assert_eq!(shared.get(), highest);
        }
    }
}

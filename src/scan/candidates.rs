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
    /// Whether the score is certainly below `bar`. With an upper end of NaN it never is.
    pub(super) fn is_below(self, bar: f32) -> bool {
        self.upper < bar
    }
}

/// The highest bar that any thread has found for a query, shared by all.
///
/// It only decides which rows are ruled out early: the others are checked again against the bar of all rows together. So
/// it does not matter when a thread sees it.
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

/// The bits of `value`, mapped so that integers compare as the values do.
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
    /// The number of candidates at which those ruled out since the last removal are removed.
    next_removal: usize,
    /// Keeping more candidates than this after a removal no longer pays.
    crowd: usize,
    crowded: bool,
}

/// The number of candidates that is always kept.
const SMALL_CROWD: usize = 4096;

impl Candidates {
    /// The number of candidates that one of `query_count` queries may keep of `row_count` rows.
    ///
    /// All queries together may keep a fourth of the rows: scoring more scattered rows than that gains nothing over
    /// scoring all, and the limit bounds memory.
    pub(super) const fn crowd(row_count: usize, query_count: usize) -> usize {
        SMALL_CROWD + row_count / 4 / query_count
    }

    /// No candidates yet, of `row_count` rows, for one of `query_count` queries.
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

    /// Publishes this bar to the other threads and adopts theirs where it is higher.
    pub(super) fn share(&mut self, shared: &SharedBar) {
        shared.raise(self.bar);
        self.bar = shared.get();
    }

    /// The bar that the upper end of a row has to reach.
    #[inline]
    pub(super) const fn bar(&self) -> f32 {
        self.bar
    }

    /// Keeps a row whose score lies in `interval`, unless it is ruled out.
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

    /// Adds all candidates of `other`.
    pub(super) fn merge(&mut self, other: Self) {
        self.crowded |= other.crowded;
        self.lower.merge(other.lower);
        self.raise_bar();
        self.kept.extend(other.kept);
        self.remove();
    }

    /// The candidates that are not ruled out, highest upper ends first; `None` if there were too many to keep.
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
        // `max` ignores a threshold of NaN.
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

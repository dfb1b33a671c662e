//! The rows of a scan as runs of neighbours, which are the units of work.

use std::ops::Range;

use roaring::RoaringBitmap;

use super::Rows;

/// The values of a run of rows at most: large enough that the cost of passing work around vanishes, small enough
/// that a matrix of a few megabytes occupies every thread.
const VALUES_OF_A_RUN: usize = 64 * 1024;

/// The rows of the matrix that are `allowed`, or all, in ascending runs of neighbours, none longer than
/// [`longest`].
pub(super) fn runs(rows: Rows<'_>, allowed: Option<&RoaringBitmap>) -> Vec<Range<u32>> {
    let (longest, end) = (longest(rows), rows.len() as u32);
    let mut runs = Vec::new();
    let Some(allowed) = allowed else {
        push_cut(&mut runs, 0..end, longest);
        return runs;
    };
    let mut allowed = allowed.iter();
    while let Some(run) = allowed.next_range().filter(|run| *run.start() < end) {
        push_cut(&mut runs, *run.start()..end.min(run.end().saturating_add(1)), longest);
    }
    runs
}

/// The most rows of a run of this matrix.
pub(super) fn longest(rows: Rows<'_>) -> u32 {
    (VALUES_OF_A_RUN / rows.dimension.get()).max(1) as u32
}

fn push_cut(runs: &mut Vec<Range<u32>>, mut run: Range<u32>, longest: u32) {
    while run.len() > longest as usize {
        runs.push(run.start..run.start + longest);
        run.start += longest;
    }
    if !run.is_empty() {
        runs.push(run);
    }
}

/// The number of rows in `runs`.
pub(super) fn row_count(runs: &[Range<u32>]) -> usize {
    runs.iter().map(ExactSizeIterator::len).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vectors::Dimension;

    /// The runs of a matrix of which four rows fill a run, as pairs of start and end.
    fn runs_of(row_count: usize, allowed: Option<&RoaringBitmap>) -> Vec<(u32, u32)> {
        let dimension = Dimension::new(VALUES_OF_A_RUN / 4).expect("a run of four rows");
        let values = vec![0.0; row_count * dimension.get()];
        let runs = runs(Rows::new(&values, dimension), allowed);
        runs.into_iter().map(|run| (run.start, run.end)).collect()
    }

    #[test]
    fn all_rows_are_cut_into_runs_of_bounded_length() {
        assert_eq!(runs_of(9, None), [(0, 4), (4, 8), (8, 9)]);
        assert_eq!(runs_of(8, None), [(0, 4), (4, 8)]);
        assert_eq!(runs_of(0, None), []);
    }

    #[test]
    fn allowed_rows_are_grouped_and_those_beyond_the_matrix_ignored() {
        assert_eq!(runs_of(12, Some(&[1, 2, 5].into())), [(1, 3), (5, 6)]);
        assert_eq!(runs_of(9, Some(&(2..20).collect())), [(2, 6), (6, 9)]);
        assert_eq!(runs_of(9, Some(&[8, 9, u32::MAX].into())), [(8, 9)]);
        assert_eq!(runs_of(9, Some(&RoaringBitmap::full())), [(0, 4), (4, 8), (8, 9)]);
        assert_eq!(runs_of(9, Some(&RoaringBitmap::new())), []);
    }
}

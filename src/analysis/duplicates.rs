//! Near-duplicates: all pairs of rows that score at least a threshold, and the groups that they form.

use rayon::prelude::*;

use super::pairwise::{Scores, fold_pairs, strips, visit_strip};
use crate::scan::Rows;

/// Two rows and the dot product of their unit vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The row that comes first.
    pub first: u32,
    /// The row that comes later.
    pub second: u32,
    /// From -1 to 1.
    pub score: f32,
}

/// Passes every pair of rows that scores at least `threshold` to `take`, ordered by the first row, then the second.
///
/// Pairs come in batches, so that memory is bounded by those of a few rows and not by all. Computes on rayon's
/// current thread pool; the pairs do not depend on it.
///
/// # Errors
///
/// The first error of `take`, which ends the search.
pub fn find_pairs<E>(
    rows: Rows<'_>,
    threshold: f32,
    mut take: impl FnMut(&[Pair]) -> Result<(), E>,
) -> Result<(), E> {
    for wave in strips(rows.len()).chunks(2 * rayon::current_num_threads()) {
        let found: Vec<Vec<Pair>> = wave
            .par_iter()
            .map(|strip| {
                let mut pairs = Vec::new();
                visit_strip(rows, strip, |scores| pairs.extend(pairs_reaching(&scores, threshold)));
                pairs.sort_unstable_by_key(|pair| (pair.first, pair.second));
                pairs
            })
            .collect();
        found.iter().try_for_each(|pairs| take(pairs))?;
    }
    Ok(())
}

fn pairs_reaching(scores: &Scores<'_>, threshold: f32) -> impl Iterator<Item = Pair> {
    let first = scores.row as u32;
    scores.reaching(threshold).map(move |(second, score)| Pair { first, second: second as u32, score })
}

/// Rows connected by pairs, each row in one group: the connected components of the graph of the pairs.
///
/// Two rows of a group need not be near one another if others lie between them.
#[derive(Debug, Clone)]
pub struct Groups {
    /// For each row one of its group that does not come later; the first of a group has itself.
    earlier: Vec<u32>,
}

impl Groups {
    /// Every one of `row_count` rows in a group of its own.
    ///
    /// # Panics
    ///
    /// If there are more rows than 32 bits count.
    #[must_use]
    pub fn new(row_count: usize) -> Self {
        let row_count = u32::try_from(row_count).expect("rows are numbered with 32 bits");
        Self { earlier: (0..row_count).collect() }
    }

    /// Makes the groups of the two rows one.
    pub fn join(&mut self, pair: Pair) {
        let (first, second) = (self.first_of(pair.first), self.first_of(pair.second));
        self.earlier[first.max(second) as usize] = first.min(second);
    }

    /// The first row of the group that `row` is in.
    pub fn first_of(&mut self, row: u32) -> u32 {
        let mut first = row;
        while self.earlier[first as usize] != first {
            // Halving the way keeps the ways short (Tarjan and van Leeuwen, 1984).
            let above = self.earlier[first as usize];
            self.earlier[first as usize] = self.earlier[above as usize];
            first = self.earlier[first as usize];
        }
        first
    }

    /// The groups of at least two rows, ordered by their first rows; the rows of a group ascend.
    #[must_use]
    pub fn of_several(mut self) -> Vec<Vec<u32>> {
        let mut groups = vec![Vec::new(); self.earlier.len()];
        for row in 0..self.earlier.len() as u32 {
            groups[self.first_of(row) as usize].push(row);
        }
        groups.retain(|group| group.len() > 1);
        groups
    }
}

/// The fewest rows whose scores say where duplicates begin.
const ROWS_TO_JUDGE_BY: usize = 20;

/// The threshold for fewer rows.
const USUAL_THRESHOLD: f32 = 0.9;

/// The part of the usual distance to the nearest other text that counts as next to nothing. Where the distance of unit
/// vectors, 1 minus the cosine, is a quarter, the angle is half.
const NEAR: f32 = 0.25;

/// Equal texts are at most this far apart, whatever rounding does.
const EQUAL: f32 = 1e-4;

/// A threshold from the scores themselves, at most 0.9999.
///
/// Of each row the distance to its nearest other one is taken, 1 minus the score; duplicates are within a quarter of the
/// median of those. Duplicates leave the median alone as long as they are the lesser part. Of fewer than 20 rows the
/// threshold is 0.9.
#[must_use]
pub fn choose_threshold(rows: Rows<'_>) -> f32 {
    if rows.len() < ROWS_TO_JUDGE_BY {
        return USUAL_THRESHOLD;
    }
    let mut best = best_scores(rows);
    best.sort_unstable_by(f32::total_cmp);
    let median = 1.0 - best[best.len() / 2];
    1.0 - (NEAR * median).max(EQUAL)
}

/// For each row the highest score with another one.
fn best_scores(rows: Rows<'_>) -> Vec<f32> {
    let none = || vec![f32::NEG_INFINITY; rows.len()];
    let add = |best: &mut Vec<f32>, Scores { row, first, values }: Scores<'_>| {
        let highest = values.iter().fold(best[row], |highest, &score| highest.max(score));
        best[row] = highest;
        for (best, &score) in best[first..].iter_mut().zip(values) {
            *best = best.max(score);
        }
    };
    fold_pairs(rows, none, add, |left, right| {
        left.iter().zip(&right).map(|(left, right)| left.max(*right)).collect()
    })
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::super::samples::{clustered, naive_dot, uniform};
    use super::*;
    use crate::vectors::UnitVectors;

    fn pairs(vectors: &UnitVectors, threshold: f32) -> Vec<Pair> {
        let mut all = Vec::new();
        let Ok(()) = find_pairs(Rows::from(vectors), threshold, |pairs| {
            all.extend_from_slice(pairs);
            Ok::<_, Infallible>(())
        });
        all
    }

    proptest! {
        #[test]
        fn pairs_are_those_of_two_loops(
            count in 0usize..150,
            seed in any::<u64>(),
            threshold in -0.2f32..1.0,
        ) {
            let vectors = uniform(count, 7, seed);
            let found = pairs(&vectors, threshold);
            let mut expected = Vec::new();
            for first in 0..count {
                for second in first + 1..count {
                    let score = naive_dot(vectors.row(first), vectors.row(second));
                    if score >= threshold {
                        expected.push((first as u32, second as u32));
                    }
                }
            }
            let found: Vec<_> = found.iter().map(|pair| (pair.first, pair.second)).collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn groups_are_what_can_be_reached(edges in prop::collection::vec((0u32..12, 0u32..12), 0..16)) {
            let mut groups = Groups::new(12);
            let mut reach = [[false; 12]; 12];
            for (row, reach) in reach.iter_mut().enumerate() {
                reach[row] = true;
            }
            for &(first, second) in &edges {
                groups.join(Pair { first, second, score: 1.0 });
                (reach[first as usize][second as usize], reach[second as usize][first as usize]) = (true, true);
            }
            for between in 0..12 {
                for from in 0..12 {
                    for to in 0..12 {
                        reach[from][to] |= reach[from][between] && reach[between][to];
                    }
                }
            }
            let all = |row: usize| (0..12u32).filter(|&to| reach[row][to as usize]).collect::<Vec<_>>();
            let several = |row: &usize| all(*row)[0] == *row as u32 && all(*row).len() > 1;
            let expected: Vec<Vec<u32>> = (0..12).filter(several).map(all).collect();
            prop_assert_eq!(groups.of_several(), expected);
        }
    }

    #[test]
    fn pairs_of_more_rows_than_a_block_holds_come_in_order_whatever_the_threads() {
        let vectors = clustered(700, 16, 40, 3);
        let found = pairs(&vectors, 0.95);
        assert!(found.len() > 1000, "{}", found.len());
        assert!(found.is_sorted_by_key(|pair| (pair.first, pair.second)));
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread starts");
        assert_eq!(alone.install(|| pairs(&vectors, 0.95)), found);
    }

    #[test]
    fn an_error_ends_the_search() {
        let vectors = clustered(300, 8, 1, 5);
        let mut calls = 0;
        let outcome = find_pairs(Rows::from(&vectors), 0.0, |_| {
            calls += 1;
            Err("full")
        });
        assert_eq!((outcome, calls), (Err("full"), 1));
    }

    #[test]
    fn a_threshold_that_is_not_a_number_finds_nothing() {
        assert_eq!(pairs(&clustered(30, 8, 1, 5), f32::NAN), []);
    }

    #[test]
    fn the_chosen_threshold_finds_copies_among_texts_that_differ() {
        let mut vectors = uniform(200, 24, 11);
        for row in [3, 70, 150] {
            let mut copy = vectors.row(row).to_vec();
            copy[0] += 0.05;
            vectors.push(&copy).expect("it has a direction");
        }
        let threshold = choose_threshold(Rows::from(&vectors));
        let found: Vec<_> = pairs(&vectors, threshold).iter().map(|pair| (pair.first, pair.second)).collect();
        assert_eq!(found, [(3, 200), (70, 201), (150, 202)], "threshold {threshold}");
    }

    #[test]
    fn a_threshold_is_chosen_for_few_rows_and_for_equal_ones() {
        assert_eq!(choose_threshold(Rows::from(&uniform(0, 8, 1))), USUAL_THRESHOLD);
        assert_eq!(choose_threshold(Rows::from(&uniform(19, 8, 1))), USUAL_THRESHOLD);
        let equal = clustered(30, 8, 1, 2);
        let mut copies = UnitVectors::new(equal.dimension());
        (0..30).for_each(|_| copies.push_unit(equal.row(0)));
        assert_eq!(choose_threshold(Rows::from(&copies)), 1.0 - EQUAL);
        assert_eq!(pairs(&copies, 1.0 - EQUAL).len(), 30 * 29 / 2);
    }
}

//! Near-duplicates: pairs of rows that score at least a threshold, and the groups that the pairs form.

use rayon::prelude::*;

use crate::analysis::pairwise::{Scores, fold_pairs, strips, visit_strip};
use crate::scan::Rows;

/// Two rows and the dot product of their unit vectors.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pair {
    /// The row that comes first.
    pub first: u32,
    /// The row that comes later.
    pub second: u32,
    /// The dot product, from -1 to 1.
    pub score: f32,
}

/// Passes every pair of rows that scores at least `threshold` to `take`, ordered by first row, then second.
///
/// Pairs are passed in batches, so memory is bounded by the pairs of a few rows. Runs on rayon's current thread
/// pool; the pairs do not depend on its size.
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

/// The connected components of the graph whose edges are pairs of rows.
///
/// Two rows of a group need not be near each other: a chain of pairs may connect them.
#[derive(Debug, Clone)]
pub struct Groups {
    /// For each row, an earlier row of its group; the first row of a group refers to itself.
    earlier: Vec<u32>,
}

impl Groups {
    /// `row_count` rows, each in its own group.
    ///
    /// # Panics
    ///
    /// If the number of rows exceeds 32 bits.
    #[must_use]
    pub fn new(row_count: usize) -> Self {
        let row_count = u32::try_from(row_count).expect("rows are numbered with 32 bits");
        Self { earlier: (0..row_count).collect() }
    }

    /// Merges the groups of the two rows.
    pub fn join(&mut self, pair: Pair) {
        let (first, second) = (self.first_of(pair.first), self.first_of(pair.second));
        self.earlier[first.max(second) as usize] = first.min(second);
    }

    /// The first row of the group that `row` is in.
    pub fn first_of(&mut self, row: u32) -> u32 {
        let mut first = row;
        while self.earlier[first as usize] != first {
            // Path halving keeps paths short (Tarjan and van Leeuwen, 1984).
            let above = self.earlier[first as usize];
            self.earlier[first as usize] = self.earlier[above as usize];
            first = self.earlier[first as usize];
        }
        first
    }

    /// The groups of at least two rows, ordered by their first rows; the rows of a group are ascending.
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

/// The fewest rows from whose scores a threshold is derived.
const MINIMUM_ROWS: usize = 20;

/// The threshold for fewer rows.
const DEFAULT_THRESHOLD: f32 = 0.9;

/// The fraction of the median distance to the nearest neighbour within which texts are duplicates. A quarter of the
/// distance (1 minus the cosine) is about half the angle.
const NEAR: f32 = 0.25;

/// The largest distance of equal texts, due to rounding.
const ROUNDING: f32 = 1e-4;

/// Derives a threshold from the scores, at most 0.9999.
///
/// Rows are duplicates within a quarter of the median distance (1 minus the score) of a row to its nearest neighbour.
/// The median is unaffected by duplicates as long as they are the minority. For fewer than 20 rows the threshold is 0.9.
#[must_use]
pub fn choose_threshold(rows: Rows<'_>) -> f32 {
    if rows.len() < MINIMUM_ROWS {
        return DEFAULT_THRESHOLD;
    }
    let mut best = best_scores(rows);
    best.sort_unstable_by(f32::total_cmp);
    let median = 1.0 - best[best.len() / 2];
    1.0 - (NEAR * median).max(ROUNDING)
}

/// For each row, the highest score with another row.
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

    use super::*;
    use crate::analysis::samples::{clustered, naive_dot, uniform};
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
        fn pairs_match_two_nested_loops(
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
        fn groups_are_connected_components(edges in prop::collection::vec((0u32..12, 0u32..12), 0..16)) {
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
    fn pairs_of_several_blocks_are_in_order_for_any_number_of_threads() {
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
    fn a_nan_threshold_finds_nothing() {
        assert_eq!(pairs(&clustered(30, 8, 1, 5), f32::NAN), []);
    }

    #[test]
    fn the_derived_threshold_separates_copies_from_distinct_rows() {
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
    fn few_rows_and_equal_rows_have_a_threshold() {
        assert_eq!(choose_threshold(Rows::from(&uniform(0, 8, 1))), DEFAULT_THRESHOLD);
        assert_eq!(choose_threshold(Rows::from(&uniform(19, 8, 1))), DEFAULT_THRESHOLD);
        let equal = clustered(30, 8, 1, 2);
        let mut copies = UnitVectors::new(equal.dimension());
        (0..30).for_each(|_| copies.push_unit(equal.row(0)));
        assert_eq!(choose_threshold(Rows::from(&copies)), 1.0 - ROUNDING);
        assert_eq!(pairs(&copies, 1.0 - ROUNDING).len(), 30 * 29 / 2);
    }
}

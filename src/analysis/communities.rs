//! Communities: a row and all rows that score at least a threshold with it.

use std::cmp::Reverse;

use rayon::prelude::*;

use crate::analysis::pairwise::{Scores, fold_pairs, vectors};
use crate::scan::Rows;
use crate::simd::{InstructionSet, Vectors};
use crate::topk::Scored;
use crate::vectors::RowId;

/// The definition of a community.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CommunityOptions {
    /// The lowest score of a member with the centre.
    pub threshold: f32,
    /// The fewest members, the centre included; 0 means 1.
    pub minimum_size: usize,
}

/// A centre and its members, each with its score. The centre comes first, with the score 1, then the nearest row.
pub type Community = Vec<Scored>;

/// Centres that are tried together. A larger batch shares the reading of rows among more centres, but wastes the work on centres
/// that an earlier one of the batch absorbs.
const CENTRES_OF_A_BATCH: usize = 16;

/// Rows that a batch of centres is multiplied with at once.
const ROWS_OF_A_BLOCK: usize = 1024;

/// Finds the communities of `rows`, the largest first, as defined by `community_detection` of sentence-transformers.
///
/// Each row and all rows that score at least the threshold with it form a candidate. Candidates are processed from the
/// largest to the smallest, equal ones in row order. A candidate loses the rows that are in a community already; it
/// becomes a community unless its centre is among them or too few rows are left. A row is always its own neighbour,
/// regardless of rounding.
///
/// Scores are computed twice, first to count neighbours and then for the centres that are tried, so that memory does
/// not grow with the number of pairs. Runs on rayon's current thread pool; the result does not depend on its size.
#[must_use]
pub fn find_communities(rows: Rows<'_>, options: CommunityOptions) -> Vec<Community> {
    let minimum_size = options.minimum_size.max(1);
    let sizes = neighbourhood_sizes(rows, options.threshold);
    let mut centres: Vec<u32> =
        (0..rows.len() as u32).filter(|&row| sizes[row as usize] as usize >= minimum_size).collect();
    centres.sort_by_key(|&row| Reverse(sizes[row as usize]));

    let mut free = Free { rows: (0..rows.len() as u32).collect(), is_free: vec![true; rows.len()] };
    let mut communities = Vec::new();
    let mut untried = centres.into_iter();
    loop {
        let batch: Vec<u32> =
            untried.by_ref().filter(|&row| free.has(row)).take(CENTRES_OF_A_BATCH).collect();
        if batch.is_empty() {
            break;
        }
        let neighbourhoods = neighbourhoods(rows, &batch, &free.rows, options.threshold);
        for (centre, mut community) in batch.into_iter().zip(neighbourhoods) {
            if !free.has(centre) {
                continue;
            }
            community.retain(|member| free.has(member.row.0));
            if community.len() >= minimum_size {
                free.take(&community);
                communities.push(centre_first(centre, community));
            }
        }
        free.forget_taken();
    }
    communities.sort_by_key(|community| Reverse(community.len()));
    communities
}

/// The rows that are not in a community yet.
struct Free {
    /// Ascending; may still contain rows taken since the last [`Free::forget_taken`].
    rows: Vec<u32>,
    is_free: Vec<bool>,
}

impl Free {
    fn has(&self, row: u32) -> bool {
        self.is_free[row as usize]
    }

    fn take(&mut self, community: &[Scored]) {
        for member in community {
            self.is_free[member.row.0 as usize] = false;
        }
    }

    fn forget_taken(&mut self) {
        let is_free = &self.is_free;
        self.rows.retain(|&row| is_free[row as usize]);
    }
}

/// For each row, the number of rows that score at least `threshold` with it, including itself.
fn neighbourhood_sizes(rows: Rows<'_>, threshold: f32) -> Vec<u32> {
    let none = || vec![0; rows.len()];
    let add = |sizes: &mut Vec<u32>, scores: Scores<'_>| {
        for (other, _) in scores.reaching(threshold) {
            sizes[scores.row] += 1;
            sizes[other] += 1;
        }
    };
    let others = fold_pairs(rows, none, add, |left, right| {
        left.iter().zip(&right).map(|(left, right)| left + right).collect()
    });
    others.into_iter().map(|others| others + 1).collect()
}

/// For each of `centres`, the rows of `among` that score at least `threshold` with it, and the centre itself.
fn neighbourhoods(rows: Rows<'_>, centres: &[u32], among: &[u32], threshold: f32) -> Vec<Vec<Scored>> {
    let kernel = InstructionSet::best();
    let all: Vectors<'_> = vectors(rows, &(0..rows.len()));
    let blocks: Vec<Vec<Vec<Scored>>> = among
        .par_chunks(ROWS_OF_A_BLOCK)
        .map(|block| {
            let mut products = vec![0.0; centres.len() * block.len()];
            kernel.dots_many(all.at(centres), all.at(block), &mut products);
            let of_centre = |(&centre, scores): (&u32, &[f32])| {
                let members =
                    block.iter().zip(scores).map(|(&row, &score)| Scored { score, row: RowId(row) });
                members.filter(|member| member.score >= threshold || member.row.0 == centre).collect()
            };
            centres.iter().zip(products.chunks_exact(block.len())).map(of_centre).collect()
        })
        .collect();
    (0..centres.len())
        .map(|centre| blocks.iter().flat_map(|block| &block[centre]).copied().collect())
        .collect()
}

fn centre_first(centre: u32, mut members: Vec<Scored>) -> Community {
    for member in &mut members {
        if member.row.0 == centre {
            member.score = 1.0;
        }
    }
    members.sort_by_key(|scored| (scored.row.0 != centre, Reverse(*scored)));
    members
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analysis::samples::{clustered, naive_dot, uniform};
    use crate::vectors::UnitVectors;

    /// The definition, evaluated over the matrix of all scores.
    fn naive(vectors: &UnitVectors, options: CommunityOptions) -> Vec<Vec<u32>> {
        let count = vectors.len() as u32;
        let near = |a: u32, b: u32| {
            a == b || naive_dot(vectors.row(a as usize), vectors.row(b as usize)) >= options.threshold
        };
        let mut candidates: Vec<(u32, Vec<u32>)> =
            (0..count).map(|row| (row, (0..count).filter(|&other| near(row, other)).collect())).collect();
        candidates.sort_by_key(|(_, members)| Reverse(members.len()));
        let mut used = vec![false; vectors.len()];
        let mut communities = Vec::new();
        for (centre, members) in candidates {
            let left: Vec<u32> = members.into_iter().filter(|&member| !used[member as usize]).collect();
            if !used[centre as usize] && left.len() >= options.minimum_size {
                for &member in &left {
                    used[member as usize] = true;
                }
                communities.push(left);
            }
        }
        communities.sort_by_key(|members| Reverse(members.len()));
        communities
    }

    fn members(communities: &[Community]) -> Vec<Vec<u32>> {
        let of = |community: &Community| {
            let mut rows: Vec<u32> = community.iter().map(|member| member.row.0).collect();
            rows.sort_unstable();
            rows
        };
        communities.iter().map(of).collect()
    }

    proptest! {
        #[test]
        fn communities_match_the_definition(
            count in 0usize..120,
            centres in 1usize..12,
            seed in any::<u64>(),
            threshold in 0.2f32..0.99,
            minimum_size in 1usize..6,
        ) {
            let vectors = clustered(count, 6, centres, seed);
            let options = CommunityOptions { threshold, minimum_size };
            let found = find_communities(Rows::from(&vectors), options);
            prop_assert_eq!(members(&found), naive(&vectors, options));
            for community in &found {
                prop_assert_eq!(community[0].score, 1.0);
                prop_assert!(community[1..].is_sorted_by(|a, b| a.score >= b.score));
            }
        }
    }

    #[test]
    fn communities_of_several_blocks_match_the_definition() {
        let vectors = clustered(1300, 12, 60, 9);
        let options = CommunityOptions { threshold: 0.9, minimum_size: 4 };
        let found = members(&find_communities(Rows::from(&vectors), options));
        assert!(found.len() > 30, "{}", found.len());
        assert_eq!(found, naive(&vectors, options));
    }

    #[test]
    fn isolated_equal_and_absent_rows() {
        let find = |vectors: &UnitVectors, threshold, minimum_size| {
            members(&find_communities(Rows::from(vectors), CommunityOptions { threshold, minimum_size }))
        };
        let one = uniform(1, 5, 1);
        assert_eq!(find(&one, 0.8, 1), [[0]]);
        assert_eq!(find(&one, 0.8, 2), Vec::<Vec<u32>>::new());
        assert_eq!(find(&uniform(0, 5, 1), 0.8, 0), Vec::<Vec<u32>>::new());
        assert_eq!(find(&uniform(3, 5, 1), f32::NAN, 1), [[0], [1], [2]]);
        let mut equal = UnitVectors::new(one.dimension());
        (0..50).for_each(|_| equal.push_unit(one.row(0)));
        assert_eq!(find(&equal, 0.999, 10), [(0..50).collect::<Vec<u32>>()]);
    }
}

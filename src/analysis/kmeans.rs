//! Spherical k-means: groups rows into clusters by direction.

use rayon::prelude::*;

use crate::analysis::pairwise::vectors;
use crate::analysis::random::SplitMix64;
use crate::scan::Rows;
use crate::simd::InstructionSet;
use crate::topk::Scored;
use crate::vectors::{RowId, UnitVectors};

/// Rows that are compared with all centres at once.
const ROWS_OF_A_BLOCK: usize = 256;

/// The limit of rounds. Most runs converge much earlier; rows that still move then lie between nearly equal centres.
const MAXIMUM_ROUNDS: usize = 100;

/// The largest `1 - score` of equal rows, due to rounding.
const ROUNDING: f32 = 1e-6;

/// A partition of rows into clusters.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering {
    /// The direction of the mean of each cluster: clusters x dimension.
    pub centres: UnitVectors,
    /// The cluster of each row.
    pub assignments: Vec<Assignment>,
}

/// The cluster of a row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Assignment {
    /// The cluster with the nearest centre; the first of equally near ones.
    pub cluster: u32,
    /// The score with that centre.
    pub score: f32,
    /// The score with the second nearest centre; minus infinity if there is only one cluster.
    pub runner_up: f32,
}

impl Clustering {
    /// The rows of each cluster, nearest to the centre first.
    #[must_use]
    pub fn members(&self) -> Vec<Vec<Scored>> {
        let mut members = vec![Vec::new(); self.centres.len()];
        for (row, assignment) in (0..).zip(&self.assignments) {
            members[assignment.cluster as usize].push(Scored { score: assignment.score, row: RowId(row) });
        }
        for rows in &mut members {
            rows.sort_by(|a, b| b.cmp(a));
        }
        members
    }

    /// The sum of the scores of all rows with their centres, which k-means maximizes.
    fn cohesion(&self) -> f64 {
        self.assignments.iter().map(|assignment| f64::from(assignment.score)).sum()
    }

    /// The simplified silhouette, from -1 to 1: the mean over rows of `(b - a) / max(a, b)`, where `a` and `b` are the
    /// cosine distances to the nearest and the second nearest centre. A row alone in its cluster counts 0, and so does every
    /// row if there is only one cluster.
    ///
    /// Hruschka, de Castro and Campello, Evolutionary algorithms for clustering gene-expression data, 2004.
    #[must_use]
    pub fn silhouette(&self) -> f64 {
        if self.centres.len() < 2 {
            return 0.0;
        }
        let mut sizes = vec![0u32; self.centres.len()];
        self.assignments.iter().for_each(|assignment| sizes[assignment.cluster as usize] += 1);
        let width = |assignment: &Assignment| {
            let own = f64::from(1.0 - assignment.score).max(0.0);
            let next = f64::from(1.0 - assignment.runner_up).max(0.0);
            if next == 0.0 || sizes[assignment.cluster as usize] == 1 { 0.0 } else { (next - own) / next }
        };
        self.assignments.iter().map(width).sum::<f64>() / self.assignments.len() as f64
    }
}

/// Groups `rows` into `count` clusters: the best of `runs` runs by the sum of the scores of all rows with their centres.
///
/// Centres start on rows drawn by k-means++ (Arthur and Vassilvitskii, 2007) with the cosine distance, which is half the
/// squared Euclidean distance of unit vectors. Then each row moves to its nearest centre and each centre to the mean
/// direction of its rows, until no row moves (Dhillon and Modha, 2001), at most 100 times. The result has fewer than
/// `count` clusters if fewer rows are distinct. Clusters are ordered by size, the largest first, then by their first rows.
///
/// Deterministic for the same rows, count, runs and seed, with any number of threads.
#[must_use]
pub fn k_means(rows: Rows<'_>, count: usize, runs: usize, seed: u64) -> Clustering {
    let mut random = SplitMix64::new(seed);
    let mut best = single_run(rows, count, &mut random);
    for _ in 1..runs {
        let other = single_run(rows, count, &mut random);
        if other.cohesion() > best.cohesion() {
            best = other;
        }
    }
    by_size(best)
}

/// The largest number of clusters that [`choose_count`] tries.
const LARGEST_CHOICE: usize = 20;

/// Chooses a number of clusters from 2 to 20, and at most the square root of the number of rows: the one with the
/// highest [`Clustering::silhouette`] in one run each, the lowest of equally good ones. Returns 1 if there are fewer than
/// four rows or all are equal.
#[must_use]
pub fn choose_count(rows: Rows<'_>, seed: u64) -> usize {
    let mut best = (1, 0.0);
    for count in 2..=LARGEST_CHOICE.min(rows.len().isqrt()) {
        let silhouette = single_run(rows, count, &mut SplitMix64::new(seed)).silhouette();
        if silhouette > best.1 {
            best = (count, silhouette);
        }
    }
    best.0
}

fn single_run(rows: Rows<'_>, count: usize, random: &mut SplitMix64) -> Clustering {
    let mut centres = first_centres(rows, count, random);
    let mut assignments = nearest(rows, &centres);
    for _ in 0..MAXIMUM_ROUNDS {
        centres = means(rows, &assignments, &centres);
        let reassigned = nearest(rows, &centres);
        let converged = reassigned.iter().zip(&assignments).all(|(new, old)| new.cluster == old.cluster);
        assignments = reassigned;
        if converged {
            break;
        }
    }
    Clustering { centres, assignments }
}

/// Draws at most `count` distinct rows, each with a probability proportional to its distance to the nearest row drawn before.
fn first_centres(rows: Rows<'_>, count: usize, random: &mut SplitMix64) -> UnitVectors {
    let kernel = InstructionSet::best();
    let width = rows.dimension().get();
    let mut centres = UnitVectors::new(rows.dimension());
    let mut distances = vec![1.0; rows.len()];
    while centres.len() < count {
        let Some(drawn) = random.weighted(&distances) else { break };
        let centre = rows.row(RowId(drawn as u32));
        centres.push_unit(centre);
        let first = centres.len() == 1;
        let update = |(distance, row): (&mut f64, &[f32])| {
            let new = 1.0 - kernel.dot(centre, row);
            let new = if new > ROUNDING { f64::from(new) } else { 0.0 };
            *distance = if first { new } else { distance.min(new) };
        };
        distances.par_iter_mut().zip(rows.values().par_chunks_exact(width)).for_each(update);
    }
    centres
}

/// Assigns each row to the nearest of `centres`.
fn nearest(rows: Rows<'_>, centres: &UnitVectors) -> Vec<Assignment> {
    if centres.is_empty() {
        return Vec::new();
    }
    let kernel = InstructionSet::best();
    let centres = vectors(Rows::from(centres), &(0..centres.len()));
    let blocks = (0..rows.len()).into_par_iter().step_by(ROWS_OF_A_BLOCK).map(|start| {
        let block = start..rows.len().min(start + ROWS_OF_A_BLOCK);
        let mut scores = vec![0.0; block.len() * centres.len()];
        kernel.dots_many(vectors(rows, &block), centres, &mut scores);
        scores.chunks_exact(centres.len()).map(assignment).collect::<Vec<Assignment>>()
    });
    blocks.flatten_iter().collect()
}

fn assignment(scores: &[f32]) -> Assignment {
    let mut best = Assignment { cluster: 0, score: f32::NEG_INFINITY, runner_up: f32::NEG_INFINITY };
    for (cluster, &score) in (0..).zip(scores) {
        if score > best.score {
            best = Assignment { cluster, score, runner_up: best.score };
        } else if score > best.runner_up {
            best.runner_up = score;
        }
    }
    best
}

/// The mean direction of each cluster. A cluster without rows, or whose rows cancel out, keeps its centre.
fn means(rows: Rows<'_>, assignments: &[Assignment], centres: &UnitVectors) -> UnitVectors {
    let mut members = vec![Vec::new(); centres.len()];
    for (row, assignment) in (0..).zip(assignments) {
        members[assignment.cluster as usize].push(RowId(row));
    }
    let sums: Vec<Vec<f32>> = members.par_iter().map(|members| sum(rows, members)).collect();
    let mut means = UnitVectors::new(centres.dimension());
    for (sum, before) in sums.iter().zip(centres.rows()) {
        if means.push(sum).is_err() {
            means.push_unit(before);
        }
    }
    means
}

/// Sums in float64 and in row order, so that the result does not depend on the number of threads.
fn sum(rows: Rows<'_>, members: &[RowId]) -> Vec<f32> {
    let mut sum = vec![0.0; rows.dimension().get()];
    for &row in members {
        for (sum, &value) in sum.iter_mut().zip(rows.row(row)) {
            *sum += f64::from(value);
        }
    }
    sum.into_iter().map(|sum| sum as f32).collect()
}

/// Drops empty clusters and puts the largest first.
fn by_size(clustering: Clustering) -> Clustering {
    let Clustering { centres, mut assignments } = clustering;
    let mut sizes = vec![(0usize, usize::MAX); centres.len()];
    for (row, assignment) in assignments.iter().enumerate() {
        let (size, first) = &mut sizes[assignment.cluster as usize];
        *size += 1;
        *first = row.min(*first);
    }
    let mut order: Vec<usize> = (0..centres.len()).filter(|&cluster| sizes[cluster].0 > 0).collect();
    order.sort_by_key(|&cluster| (std::cmp::Reverse(sizes[cluster].0), sizes[cluster].1));
    let mut ordered = UnitVectors::new(centres.dimension());
    let mut new_numbers = vec![0; centres.len()];
    for (new, &old) in (0..).zip(&order) {
        ordered.push_unit(centres.row(old));
        new_numbers[old] = new;
    }
    for assignment in &mut assignments {
        assignment.cluster = new_numbers[assignment.cluster as usize];
    }
    Clustering { centres: ordered, assignments }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::samples::{clustered, naive_dot, uniform};

    #[test]
    fn distant_clusters_are_separated() {
        let vectors = clustered(300, 24, 5, 3);
        let clustering = k_means(Rows::from(&vectors), 5, 4, 0);
        assert_eq!(clustering.centres.len(), 5);
        for (row, assignment) in clustering.assignments.iter().enumerate() {
            assert_eq!(
                assignment.cluster as usize,
                row % 5,
                "clusters of equal size are ordered by first rows"
            );
        }
        assert_eq!(choose_count(Rows::from(&vectors), 0), 5);
    }

    #[test]
    fn rows_have_the_nearest_centre_and_centres_the_mean_of_their_rows() {
        let vectors = uniform(700, 8, 5);
        let clustering = k_means(Rows::from(&vectors), 9, 1, 1);
        assert_eq!(clustering.assignments.len(), 700);
        for (row, assignment) in vectors.rows().zip(&clustering.assignments) {
            let mut scores: Vec<f32> =
                clustering.centres.rows().map(|centre| naive_dot(row, centre)).collect();
            assert_eq!(scores[assignment.cluster as usize], assignment.score);
            scores.sort_unstable_by(|a, b| b.total_cmp(a));
            assert_eq!(scores[..2], [assignment.score, assignment.runner_up]);
        }
        let again = means(Rows::from(&vectors), &clustering.assignments, &clustering.centres);
        assert_eq!(again, clustering.centres, "the run has converged");
    }

    #[test]
    fn clusters_depend_on_the_seed_only() {
        let vectors = uniform(600, 8, 2);
        let find = |seed| k_means(Rows::from(&vectors), 7, 2, seed);
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread starts");
        assert_eq!(find(4), alone.install(|| find(4)));
        assert_ne!(find(4), find(5));
    }

    #[test]
    fn there_are_no_more_clusters_than_distinct_rows() {
        let distinct = uniform(3, 8, 2);
        let mut copies = UnitVectors::new(distinct.dimension());
        (0..9).for_each(|row| copies.push_unit(distinct.row(row % 3)));
        assert_eq!(k_means(Rows::from(&copies), 50, 3, 0).centres.len(), 3);
        let equal = uniform(1, 8, 2);
        assert_eq!(k_means(Rows::from(&equal), 5, 3, 0).centres.len(), 1);
        assert_eq!(choose_count(Rows::from(&equal), 0), 1);
        let none = UnitVectors::new(equal.dimension());
        assert_eq!(k_means(Rows::from(&none), 5, 3, 0).assignments, []);
    }

    #[test]
    fn the_silhouette_matches_the_definition() {
        let assignment = |score, runner_up| Assignment { cluster: 0, score, runner_up };
        let centres = uniform(2, 8, 1);
        let clustering = Clustering {
            centres,
            assignments: vec![assignment(0.75, 0.5), assignment(1.0, 0.0), assignment(1.0, 1.0)],
        };
        assert!((clustering.silhouette() - (0.5 + 1.0 + 0.0) / 3.0).abs() < 1e-12);
        let mut alone = clustering;
        alone.assignments[1].cluster = 1;
        assert!((alone.silhouette() - 0.5 / 3.0).abs() < 1e-12);
    }
}

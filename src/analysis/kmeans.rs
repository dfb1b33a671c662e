//! Spherical k-means: rows parted into clusters of similar direction.

use rayon::prelude::*;

use super::pairwise::vectors;
use super::random::SplitMix64;
use crate::scan::Rows;
use crate::simd::Kernel;
use crate::topk::Scored;
use crate::vectors::{RowId, UnitVectors};

/// Rows that are compared with all centres at a time.
const ROWS_OF_A_BLOCK: usize = 256;

/// Most runs settle far earlier; where rows keep moving then, it is few of them between centres that hardly differ.
const ROUNDS: usize = 100;

/// What `1 - score` of equal rows may be by rounding.
const EQUAL: f32 = 1e-6;

/// Every row in a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering {
    /// The direction of the mean of each cluster: clusters x dimension.
    pub centres: UnitVectors,
    /// For each row its cluster and how near it is.
    pub places: Vec<Place>,
}

/// Where a row is among the clusters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    /// The cluster whose centre is nearest; of equally near ones the first.
    pub cluster: u32,
    /// The score with that centre.
    pub score: f32,
    /// The score with the next nearest centre; minus infinity where there is one cluster.
    pub runner_up: f32,
}

impl Clustering {
    /// The rows of each cluster, the one nearest the centre first.
    #[must_use]
    pub fn members(&self) -> Vec<Vec<Scored>> {
        let mut members = vec![Vec::new(); self.centres.len()];
        for (row, place) in (0..).zip(&self.places) {
            members[place.cluster as usize].push(Scored { score: place.score, row: RowId(row) });
        }
        for rows in &mut members {
            rows.sort_by(|a, b| b.cmp(a));
        }
        members
    }

    /// The sum of all rows' scores with their centres, which k-means maximizes.
    #[must_use]
    pub fn cohesion(&self) -> f64 {
        self.places.iter().map(|place| f64::from(place.score)).sum()
    }

    /// The simplified silhouette, from -1 to 1: the mean over rows of `(b - a) / max(a, b)`, `a` and `b` being the
    /// cosine distances to the own centre and to the next. A row alone in its cluster counts 0, and so does every row
    /// of an only cluster.
    ///
    /// Hruschka, de Castro and Campello, Evolutionary algorithms for clustering gene-expression data, 2004.
    #[must_use]
    pub fn silhouette(&self) -> f64 {
        if self.centres.len() < 2 {
            return 0.0;
        }
        let mut sizes = vec![0u32; self.centres.len()];
        self.places.iter().for_each(|place| sizes[place.cluster as usize] += 1);
        let width = |place: &Place| {
            let own = f64::from(1.0 - place.score).max(0.0);
            let next = f64::from(1.0 - place.runner_up).max(0.0);
            if next == 0.0 || sizes[place.cluster as usize] == 1 { 0.0 } else { (next - own) / next }
        };
        self.places.iter().map(width).sum::<f64>() / self.places.len() as f64
    }
}

/// Parts `rows` into `count` clusters: the best of `runs` runs by [`Clustering::cohesion`].
///
/// Centres start on rows drawn by k-means++ (Arthur and Vassilvitskii, 2007) with the cosine distance, which is half the
/// squared Euclidean distance of unit vectors. Then rows go to the nearest centre and centres to the direction of their
/// rows' mean, in turn, until no row moves (Dhillon and Modha, 2001), at most 100 times. There are fewer clusters than
/// `count` where fewer rows differ. Clusters are ordered by size, the largest first, then by their first rows.
///
/// The same rows, count, runs and seed give the same clusters, whatever the number of threads.
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
pub const LARGEST_CHOICE: usize = 20;

/// The number of clusters from 2 to 20, and to the square root of the number of rows, whose
/// [`Clustering::silhouette`] is highest in one run each; of equally good ones the lowest. It is 1 where there are
/// fewer than four rows or all are equal.
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
    let mut places = nearest(rows, &centres);
    for _ in 0..ROUNDS {
        centres = means(rows, &places, &centres);
        let moved = nearest(rows, &centres);
        let settled = moved.iter().zip(&places).all(|(new, old)| new.cluster == old.cluster);
        places = moved;
        if settled {
            break;
        }
    }
    Clustering { centres, places }
}

/// At most `count` rows that differ, each drawn with the chance of its distance to the nearest one before it.
fn first_centres(rows: Rows<'_>, count: usize, random: &mut SplitMix64) -> UnitVectors {
    let kernel = Kernel::best();
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
            let new = if new > EQUAL { f64::from(new) } else { 0.0 };
            *distance = if first { new } else { distance.min(new) };
        };
        distances.par_iter_mut().zip(rows.values().par_chunks_exact(width)).for_each(update);
    }
    centres
}

/// The nearest of `centres` for each row.
fn nearest(rows: Rows<'_>, centres: &UnitVectors) -> Vec<Place> {
    if centres.is_empty() {
        return Vec::new();
    }
    let kernel = Kernel::best();
    let centres = vectors(Rows::from(centres), &(0..centres.len()));
    let blocks = (0..rows.len()).into_par_iter().step_by(ROWS_OF_A_BLOCK).map(|start| {
        let block = start..rows.len().min(start + ROWS_OF_A_BLOCK);
        let mut scores = vec![0.0; block.len() * centres.len()];
        kernel.dots_many(vectors(rows, &block), centres, &mut scores);
        scores.chunks_exact(centres.len()).map(place).collect::<Vec<Place>>()
    });
    blocks.flatten_iter().collect()
}

fn place(scores: &[f32]) -> Place {
    let mut place = Place { cluster: 0, score: f32::NEG_INFINITY, runner_up: f32::NEG_INFINITY };
    for (cluster, &score) in (0..).zip(scores) {
        if score > place.score {
            place = Place { cluster, score, runner_up: place.score };
        } else if score > place.runner_up {
            place.runner_up = score;
        }
    }
    place
}

/// The direction of the mean of each cluster; that of before where no row is left or rows cancel out.
fn means(rows: Rows<'_>, places: &[Place], centres: &UnitVectors) -> UnitVectors {
    let mut members = vec![Vec::new(); centres.len()];
    for (row, place) in (0..).zip(places) {
        members[place.cluster as usize].push(RowId(row));
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

/// Sums in float64 and in the order of rows, so that the digits do not depend on the threads.
fn sum(rows: Rows<'_>, members: &[RowId]) -> Vec<f32> {
    let mut sum = vec![0.0; rows.dimension().get()];
    for &row in members {
        for (sum, &value) in sum.iter_mut().zip(rows.row(row)) {
            *sum += f64::from(value);
        }
    }
    sum.into_iter().map(|sum| sum as f32).collect()
}

/// The clusters that have rows, the largest first.
fn by_size(clustering: Clustering) -> Clustering {
    let Clustering { centres, mut places } = clustering;
    let mut sizes = vec![(0usize, usize::MAX); centres.len()];
    for (row, place) in places.iter().enumerate() {
        let (size, first) = &mut sizes[place.cluster as usize];
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
    for place in &mut places {
        place.cluster = new_numbers[place.cluster as usize];
    }
    Clustering { centres: ordered, places }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{clustered, naive_dot, uniform};
    use super::*;

    #[test]
    fn rows_around_directions_far_apart_are_told_apart() {
        let vectors = clustered(300, 24, 5, 3);
        let clustering = k_means(Rows::from(&vectors), 5, 4, 0);
        assert_eq!(clustering.centres.len(), 5);
        for (row, place) in clustering.places.iter().enumerate() {
            assert_eq!(place.cluster as usize, row % 5, "clusters of equal size are ordered by first rows");
        }
        assert_eq!(choose_count(Rows::from(&vectors), 0), 5);
    }

    #[test]
    fn every_row_is_with_its_nearest_centre_and_every_centre_amid_its_rows() {
        let vectors = uniform(700, 8, 5);
        let clustering = k_means(Rows::from(&vectors), 9, 1, 1);
        assert_eq!(clustering.places.len(), 700);
        for (row, place) in vectors.rows().zip(&clustering.places) {
            let mut scores: Vec<f32> =
                clustering.centres.rows().map(|centre| naive_dot(row, centre)).collect();
            assert_eq!(scores[place.cluster as usize], place.score);
            scores.sort_unstable_by(|a, b| b.total_cmp(a));
            assert_eq!(scores[..2], [place.score, place.runner_up]);
        }
        let again = means(Rows::from(&vectors), &clustering.places, &clustering.centres);
        assert_eq!(again, clustering.centres, "the run has settled");
    }

    #[test]
    fn clusters_depend_on_the_seed_alone() {
        let vectors = uniform(600, 8, 2);
        let find = |seed| k_means(Rows::from(&vectors), 7, 2, seed);
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread starts");
        assert_eq!(find(4), alone.install(|| find(4)));
        assert_ne!(find(4), find(5));
    }

    #[test]
    fn there_are_no_more_clusters_than_rows_that_differ() {
        let distinct = uniform(3, 8, 2);
        let mut copies = UnitVectors::new(distinct.dimension());
        (0..9).for_each(|row| copies.push_unit(distinct.row(row % 3)));
        assert_eq!(k_means(Rows::from(&copies), 50, 3, 0).centres.len(), 3);
        let equal = uniform(1, 8, 2);
        assert_eq!(k_means(Rows::from(&equal), 5, 3, 0).centres.len(), 1);
        assert_eq!(choose_count(Rows::from(&equal), 0), 1);
        let none = UnitVectors::new(equal.dimension());
        assert_eq!(k_means(Rows::from(&none), 5, 3, 0).places, []);
    }

    #[test]
    fn the_silhouette_is_that_of_the_definition() {
        let place = |score, runner_up| Place { cluster: 0, score, runner_up };
        let centres = uniform(2, 8, 1);
        let clustering =
            Clustering { centres, places: vec![place(0.75, 0.5), place(1.0, 0.0), place(1.0, 1.0)] };
        assert!((clustering.silhouette() - (0.5 + 1.0 + 0.0) / 3.0).abs() < 1e-12);
        let mut alone = clustering;
        alone.places[1].cluster = 1;
        assert!((alone.silhouette() - 0.5 / 3.0).abs() < 1e-12);
    }
}

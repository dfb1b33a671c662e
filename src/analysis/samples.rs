//! Rows for tests, the same for the same seed.

use crate::analysis::random::SplitMix64;
use crate::vectors::{Dimension, UnitVectors};

/// `count` random directions.
pub(super) fn uniform(count: usize, dimension: usize, seed: u64) -> UnitVectors {
    let mut random = SplitMix64::new(seed);
    let mut vectors = UnitVectors::new(Dimension::new(dimension).expect("a small dimension"));
    for _ in 0..count {
        vectors.push(&any_row(&mut random, dimension)).expect("a row of random numbers has a direction");
    }
    vectors
}

/// `count` rows around `centres` random directions, round-robin.
pub(super) fn clustered(count: usize, dimension: usize, centres: usize, seed: u64) -> UnitVectors {
    let centres = uniform(centres, dimension, seed);
    let mut random = SplitMix64::new(!seed);
    let mut vectors = UnitVectors::new(centres.dimension());
    for index in 0..count {
        let spread = 0.6 * random.fraction() as f32 / (dimension as f32).sqrt();
        let noise = any_row(&mut random, dimension);
        let centre = centres.row(index % centres.len());
        let row: Vec<f32> = centre.iter().zip(noise).map(|(value, noise)| value + spread * noise).collect();
        vectors.push(&row).expect("the noise is smaller than the centre");
    }
    vectors
}

/// The dot product of the scalar kernel, in the summation order that all kernels guarantee.
pub(super) fn naive_dot(a: &[f32], b: &[f32]) -> f32 {
    crate::simd::InstructionSet::SCALAR.dot(a, b)
}

fn any_row(random: &mut SplitMix64, dimension: usize) -> Vec<f32> {
    (0..dimension).map(|_| 2.0 * random.fraction() as f32 - 1.0).collect()
}

//! Rows for the tests of the scan.

use proptest::prelude::*;

use crate::vectors::{Dimension, UnitVectors, normalize};

/// Pseudorandom rows of length 1, the same on every run.
pub(super) fn random_rows(count: usize, dimension: usize, seed: u64) -> UnitVectors {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    let mut rows = UnitVectors::new(Dimension::new(dimension).expect("a small dimension"));
    for _ in 0..count {
        let row: Vec<f32> = (0..dimension).map(|_| next()).collect();
        rows.push(&row).expect("the values are not all zero");
    }
    rows
}

/// Rows of many kinds, most of length 1, that are hard for codes or for the order of scores.
pub(super) fn any_row(dimension: usize) -> impl Strategy<Value = Vec<f32>> {
    let unit = move |mut row: Vec<f32>| {
        if normalize(&mut row).is_err() {
            row[0] = 1.0;
        }
        row
    };
    let random = prop::collection::vec(-1f32..1.0, dimension).prop_map(unit);
    let one_hot = (0..dimension, any::<bool>()).prop_map(move |(position, negative)| {
        let mut row = vec![0.0; dimension];
        row[position] = if negative { -1.0 } else { 1.0 };
        row
    });
    let nearly_equal = (0..dimension, -3i32..3).prop_map(move |(position, steps)| {
        let mut row = vec![1.0; dimension];
        row[position] += steps as f32 * f32::EPSILON;
        unit(row)
    });
    let alternating = prop::bool::ANY.prop_map(move |odd| {
        unit((0..dimension).map(|index| if (index % 2 == 0) == odd { 1.0 } else { -1.0 }).collect())
    });
    let subnormal = prop::collection::vec(-1e-39f32..1e-39, dimension);
    let wild = prop::collection::vec(prop_oneof![4 => -1f32..1.0, 1 => any::<f32>()], dimension);
    prop_oneof![8 => random, 2 => one_hot, 4 => nearly_equal, 2 => alternating, 1 => subnormal, 1 => wild]
}

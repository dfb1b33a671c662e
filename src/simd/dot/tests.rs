//! Every instruction set against the exact dot product, and all of them against one another.

use proptest::prelude::*;

use super::factors::{LANES, Vectors};
use crate::simd::InstructionSet;

/// The dot product in float64, whose products of float32 values are exact, and the sum of their magnitudes.
fn exact(a: &[f32], b: &[f32]) -> (f64, f64) {
    let products = || a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b));
    (products().sum(), products().map(f64::abs).sum())
}

/// The tolerance that [`InstructionSet::dot`] guarantees.
fn tolerance(length: usize, magnitude: f64) -> f64 {
    let roundings = length.div_ceil(LANES) + 6;
    roundings as f64 * 2f64.powi(-24) * magnitude + length as f64 * 2f64.powi(-149)
}

/// `count` values that look random, the same on every run.
fn noise(count: usize, seed: u64) -> Vec<f32> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1u32 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

fn same_bits(a: f32, b: f32) -> bool {
    a.to_bits() == b.to_bits() || a.is_nan() && b.is_nan()
}

#[test]
fn every_instruction_set_is_close_to_the_exact_product_at_every_length_and_alignment() {
    let (a, b) = (noise(3 * LANES + 8, 1), noise(3 * LANES + 8, 2));
    for set in InstructionSet::available() {
        for length in 0..=3 * LANES + 1 {
            for (a_start, b_start) in [(0, 0), (1, 0), (3, 7)] {
                let (a, b) = (&a[a_start..][..length], &b[b_start..][..length]);
                let (score, magnitude) = exact(a, b);
                let error = (f64::from(set.dot(a, b)) - score).abs();
                assert!(error <= tolerance(length, magnitude), "{set}, {length} components: off by {error}");
            }
        }
    }
}

#[test]
fn infinities_and_undefined_components_reach_the_score() {
    for set in InstructionSet::available() {
        for length in 1..=3 * LANES + 1 {
            for position in [0, length / 2, length - 1] {
                let ones = vec![1.0; length];
                let mut other = ones.clone();
                other[position] = f32::INFINITY;
                assert!(same_bits(set.dot(&ones, &other), f32::INFINITY), "{set}, {length}");
                other[position] = f32::NAN;
                assert!(set.dot(&ones, &other).is_nan(), "{set}, {length}");
            }
        }
    }
}

#[test]
fn vectors_without_components_score_zero() {
    for set in InstructionSet::available() {
        let mut scores = [1.0; 3];
        set.dots(&[], &[], &mut scores);
        assert!(scores.into_iter().all(|score| same_bits(score, 0.0)));
        assert!(same_bits(set.dot(&[], &[]), 0.0));
    }
}

#[test]
#[should_panic(expected = "the same length")]
fn factors_of_different_lengths_are_refused() {
    let _ = InstructionSet::best().dot(&[1.0, 2.0], &[1.0]);
}

#[test]
#[should_panic(expected = "one score for each row")]
fn a_missing_row_is_refused() {
    InstructionSet::best().dots(&[1.0, 2.0], &[1.0, 2.0, 3.0], &mut [0.0; 2]);
}

#[test]
#[should_panic(expected = "out of range")]
fn a_number_without_a_row_is_refused() {
    let vectors = Vectors::new(&[1.0, 2.0], 2);
    InstructionSet::best().dots_many(vectors, vectors.at(&[1]), &mut [0.0; 1]);
}

#[test]
#[should_panic(expected = "whole vectors")]
fn a_matrix_with_part_of_a_vector_is_refused() {
    let _ = Vectors::new(&[1.0, 2.0, 3.0], 2);
}

/// Any float32: ordinary, subnormal, infinite, not a number.
fn any_value() -> impl Strategy<Value = f32> {
    prop_oneof![8 => -1.0f32..1.0, 1 => any::<f32>()]
}

/// Width, queries and rows.
fn matrices() -> impl Strategy<Value = (usize, Vec<f32>, Vec<f32>)> {
    (1usize..70, 1usize..10, 0usize..30).prop_flat_map(|(width, queries, rows)| {
        let values = |count| prop::collection::vec(any_value(), count * width);
        (Just(width), values(queries), values(rows))
    })
}

proptest! {
    #[test]
    fn the_score_of_a_pair_is_the_same_bits_for_every_instruction_set_and_call((width, queries, rows) in matrices()) {
        let row_count = rows.len() / width;
        for set in InstructionSet::available() {
            let mut many = vec![0.0; queries.len() / width * row_count];
            set.dots_many(Vectors::new(&queries, width), Vectors::new(&rows, width), &mut many);
            for (query_index, query) in queries.chunks_exact(width).enumerate() {
                let mut scores = vec![0.0; row_count];
                set.dots(query, &rows, &mut scores);
                let numbers: Vec<u32> = (0..row_count as u32).rev().chain(0..row_count as u32).collect();
                let mut scores_at = vec![0.0; numbers.len()];
                set.dots_many(Vectors::one(query), Vectors::new(&rows, width).at(&numbers), &mut scores_at);
                for (&number, &score) in numbers.iter().zip(&scores_at) {
                    prop_assert!(same_bits(score, scores[number as usize]), "{} at numbers", set);
                }
                for (row_index, row) in rows.chunks_exact(width).enumerate() {
                    let expected = InstructionSet::SCALAR.dot(query, row);
                    prop_assert!(same_bits(expected, set.dot(query, row)), "{} dot", set);
                    prop_assert!(same_bits(expected, scores[row_index]), "{} dots", set);
                    let pair = many[query_index * row_count + row_index];
                    prop_assert!(same_bits(expected, pair), "{} dots_many", set);
                }
            }
        }
    }
}

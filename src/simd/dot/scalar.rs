//! Dot products in plain Rust: the definition for every instruction set.

use super::factors::{Block, Factors, LANES, padded_rest, whole_blocks};

pub(super) fn multiply(factors: Factors<'_>, scores: &mut [f32]) {
    factors.multiply_in_tiles(scores, |[query], [row]| [[dot(query, row)]]);
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0; LANES];
    accumulate(&mut lanes, whole_blocks(a), whole_blocks(b));
    if !a.len().is_multiple_of(LANES) {
        accumulate(&mut lanes, &padded_rest(a), &padded_rest(b));
    }
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

fn accumulate(lanes: &mut Block, a: &[Block], b: &[Block]) {
    for (a, b) in a.iter().zip(b) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane = a.mul_add(*b, *lane);
        }
    }
}

//! Dot products with NEON: the sixteen lanes are four registers.

use std::arch::aarch64::{
    float32x4_t, vadd_f32, vaddq_f32, vdupq_n_f32, vfmaq_f32, vget_high_f32, vget_lane_f32, vget_low_f32,
    vld1q_f32,
};

use super::factors::{Block, Factors, LANES, padded_rest, whole_blocks};

/// One query takes four rows at a time, which are sixteen sums: as many multiply-adds as four units with a
/// latency of four cycles have under way. Several queries take tiles of 2 x 3: their 24 sums, two blocks of
/// queries and one of a row fill 27 of the 32 registers.
#[target_feature(enable = "neon")]
pub(super) fn multiply(factors: Factors<'_>, scores: &mut [f32]) {
    if factors.queries.len() == 1 {
        factors.multiply_in_tiles(scores, |queries, rows| tile::<1, 4>(queries, rows));
    } else {
        factors.multiply_in_tiles(scores, |queries, rows| tile::<2, 3>(queries, rows));
    }
}

/// The dot products of queries and rows that all have the same length.
#[target_feature(enable = "neon")]
fn tile<const QUERIES: usize, const ROWS: usize>(
    queries: [&[f32]; QUERIES],
    rows: [&[f32]; ROWS],
) -> [[f32; ROWS]; QUERIES] {
    let mut sums = [[[vdupq_n_f32(0.0); 4]; ROWS]; QUERIES];
    accumulate(&mut sums, queries.map(whole_blocks), rows.map(whole_blocks));
    if !queries[0].len().is_multiple_of(LANES) {
        let (queries, rows) = (queries.map(padded_rest), rows.map(padded_rest));
        accumulate(
            &mut sums,
            queries.each_ref().map(<[_; 1]>::as_slice),
            rows.each_ref().map(<[_; 1]>::as_slice),
        );
    }
    let mut scores = [[0.0; ROWS]; QUERIES];
    for (scores, sums) in scores.iter_mut().zip(sums) {
        for (score, sum) in scores.iter_mut().zip(sums) {
            *score = sum_lanes(sum);
        }
    }
    scores
}

/// Adds to `sums` the products of all pairs of queries and rows, which have the same number of blocks.
#[target_feature(enable = "neon")]
#[inline]
fn accumulate<const QUERIES: usize, const ROWS: usize>(
    sums: &mut [[[float32x4_t; 4]; ROWS]; QUERIES],
    queries: [&[Block]; QUERIES],
    rows: [&[Block]; ROWS],
) {
    for block in 0..queries[0].len() {
        for quarter in 0..4 {
            let mut query_quarters = [vdupq_n_f32(0.0); QUERIES];
            for (loaded, query) in query_quarters.iter_mut().zip(queries) {
                *loaded = load(&query[block], quarter);
            }
            for (row_index, row) in rows.iter().enumerate() {
                let row_quarter = load(&row[block], quarter);
                for (sums, query_quarter) in sums.iter_mut().zip(query_quarters) {
                    let sum = &mut sums[row_index][quarter];
                    *sum = vfmaq_f32(*sum, query_quarter, row_quarter);
                }
            }
        }
    }
}

/// Components `4 * quarter` to `4 * quarter + 3` of `block`.
#[target_feature(enable = "neon")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load(block: &Block, quarter: usize) -> float32x4_t {
    let four = &block.as_chunks::<4>().0[quarter];
    // SAFETY: `four` is four readable float32 values, and the load asks for no more than their alignment.
    unsafe { vld1q_f32(four.as_ptr()) }
}

/// The sum of all lanes: halves onto halves, down to one.
#[target_feature(enable = "neon")]
#[inline]
fn sum_lanes([first, second, third, fourth]: [float32x4_t; 4]) -> f32 {
    let four = vaddq_f32(vaddq_f32(first, third), vaddq_f32(second, fourth));
    let two = vadd_f32(vget_low_f32(four), vget_high_f32(four));
    vget_lane_f32::<0>(two) + vget_lane_f32::<1>(two)
}

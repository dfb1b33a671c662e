//! Dot products with AVX2 and FMA: the sixteen lanes are two registers.

use std::arch::x86_64::{
    __m256, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehdup_ps, _mm_movehl_ps, _mm256_add_ps,
    _mm256_castps256_ps128, _mm256_extractf128_ps, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_setzero_ps,
};

use super::factors::{Block, Factors, LANES, padded_rest, whole_blocks};

/// One query takes four rows at a time, which are eight sums: as many multiply-adds as two units with a latency
/// of four cycles have in flight. Several queries take tiles of 2 x 3: their twelve sums, two blocks of queries
/// and one of a row fill 15 of the 16 registers.
#[target_feature(enable = "avx2,fma")]
pub(super) fn multiply(factors: Factors<'_>, scores: &mut [f32]) {
    if factors.queries.len() == 1 {
        factors.multiply_in_tiles(scores, |queries, rows| tile::<1, 4>(queries, rows));
    } else {
        factors.multiply_in_tiles(scores, |queries, rows| tile::<2, 3>(queries, rows));
    }
}

/// The dot products of queries and rows that all have the same length.
#[target_feature(enable = "avx2,fma")]
fn tile<const QUERIES: usize, const ROWS: usize>(
    queries: [&[f32]; QUERIES],
    rows: [&[f32]; ROWS],
) -> [[f32; ROWS]; QUERIES] {
    let mut sums = [[[_mm256_setzero_ps(); 2]; ROWS]; QUERIES];
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
#[target_feature(enable = "avx2,fma")]
#[inline]
fn accumulate<const QUERIES: usize, const ROWS: usize>(
    sums: &mut [[[__m256; 2]; ROWS]; QUERIES],
    queries: [&[Block]; QUERIES],
    rows: [&[Block]; ROWS],
) {
    for block in 0..queries[0].len() {
        for half in 0..2 {
            let mut query_halves = [_mm256_setzero_ps(); QUERIES];
            for (loaded, query) in query_halves.iter_mut().zip(queries) {
                *loaded = load(&query[block], half);
            }
            for (row_index, row) in rows.iter().enumerate() {
                let row_half = load(&row[block], half);
                for (sums, query_half) in sums.iter_mut().zip(query_halves) {
                    let sum = &mut sums[row_index][half];
                    *sum = _mm256_fmadd_ps(query_half, row_half, *sum);
                }
            }
        }
    }
}

/// The lower (0) or the upper (1) half of `block`.
#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load(block: &Block, half: usize) -> __m256 {
    let eight = &block.as_chunks::<8>().0[half];
    // SAFETY: `eight` is eight readable float32 values, and the load asks for no alignment.
    unsafe { _mm256_loadu_ps(eight.as_ptr()) }
}

/// The sum of all lanes: halves onto halves, down to one.
#[target_feature(enable = "avx2")]
#[inline]
fn sum_lanes([lower, upper]: [__m256; 2]) -> f32 {
    let eight = _mm256_add_ps(lower, upper);
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

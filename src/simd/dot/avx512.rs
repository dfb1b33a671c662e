//! Dot products with AVX-512: the sixteen lanes are one register.

use std::arch::x86_64::{
    __m512, _mm_add_ps, _mm_add_ss, _mm_cvtss_f32, _mm_movehdup_ps, _mm_movehl_ps, _mm256_add_ps,
    _mm256_castpd_ps, _mm256_castps256_ps128, _mm256_extractf128_ps, _mm512_castps_pd,
    _mm512_castps512_ps256, _mm512_extractf64x4_pd, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_setzero_ps,
};

use super::factors::{Block, Factors, LANES, padded_rest, whole_blocks};

/// One query takes eight rows at a time: as many multiply-adds as two units with a latency of four cycles have
/// in flight. Several queries take tiles of 4 x 6: their 24 sums, four blocks of queries and one of a row fill
/// 29 of the 32 registers, and ten loads feed 24 multiply-adds.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
pub(super) fn multiply(factors: Factors<'_>, scores: &mut [f32]) {
    if factors.queries.len() == 1 {
        factors.multiply_in_tiles(scores, |queries, rows| tile::<1, 8>(queries, rows));
    } else {
        factors.multiply_in_tiles(scores, |queries, rows| tile::<4, 6>(queries, rows));
    }
}

/// The dot products of queries and rows that all have the same length.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
fn tile<const QUERIES: usize, const ROWS: usize>(
    queries: [&[f32]; QUERIES],
    rows: [&[f32]; ROWS],
) -> [[f32; ROWS]; QUERIES] {
    let mut sums = [[_mm512_setzero_ps(); ROWS]; QUERIES];
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
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
fn accumulate<const QUERIES: usize, const ROWS: usize>(
    sums: &mut [[__m512; ROWS]; QUERIES],
    queries: [&[Block]; QUERIES],
    rows: [&[Block]; ROWS],
) {
    for block in 0..queries[0].len() {
        let mut query_blocks = [_mm512_setzero_ps(); QUERIES];
        for (loaded, query) in query_blocks.iter_mut().zip(queries) {
            *loaded = load(&query[block]);
        }
        for (row_index, row) in rows.iter().enumerate() {
            let row_block = load(&row[block]);
            for (sums, query_block) in sums.iter_mut().zip(query_blocks) {
                sums[row_index] = _mm512_fmadd_ps(query_block, row_block, sums[row_index]);
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load(block: &Block) -> __m512 {
    // SAFETY: `block` is sixteen readable float32 values, and the load asks for no alignment.
    unsafe { _mm512_loadu_ps(block.as_ptr()) }
}

/// The sum of all lanes: halves onto halves, down to one.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
fn sum_lanes(lanes: __m512) -> f32 {
    let upper = _mm256_castpd_ps(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(lanes)));
    let eight = _mm256_add_ps(_mm512_castps512_ps256(lanes), upper);
    let four = _mm_add_ps(_mm256_castps256_ps128(eight), _mm256_extractf128_ps::<1>(eight));
    let two = _mm_add_ps(four, _mm_movehl_ps(four, four));
    _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)))
}

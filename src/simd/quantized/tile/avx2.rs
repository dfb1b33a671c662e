//! AVX2: bytes are widened to 16 bits, since its own product of bytes saturates.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm_set1_epi32, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_cvtepu8_epi16,
    _mm256_hadd_epi32, _mm256_madd_epi16, _mm256_permute4x64_epi64, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use super::byte_tile::{ByteTile, PANEL_OUTPUTS, TileSums};

/// Rows at a time: two sums each, and two vectors of weights, fill the registers.
const ROWS: usize = 4;

/// Outputs at a time: two vectors of 16 bits, four inputs each.
const OUTPUTS: usize = 8;

#[target_feature(enable = "avx2")]
pub(super) fn byte_products(tile: ByteTile<'_>, sums: &mut TileSums) {
    for first in (0..PANEL_OUTPUTS).step_by(OUTPUTS) {
        let mut row = 0;
        while row + ROWS <= tile.rows {
            rows_of_outputs::<ROWS>(tile, row, first, sums);
            row += ROWS;
        }
        for row in row..tile.rows {
            rows_of_outputs::<1>(tile, row, first, sums);
        }
    }
}

/// The sums of `ROWS` rows from `row` on and of eight outputs from `first` on.
#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads and stores go through pointers")]
fn rows_of_outputs<const ROWS: usize>(tile: ByteTile<'_>, row: usize, first: usize, sums: &mut TileSums) {
    let rows: [&[[u8; 4]]; ROWS] =
        std::array::from_fn(|index| &tile.left[(row + index) * tile.stride..][..tile.panel.len()]);
    // Two sums for each output: of its first and third inputs' pairs.
    let mut pairs = [[_mm256_setzero_si256(); 2]; ROWS];
    for (index, step) in tile.panel.iter().enumerate() {
        let weights = step.0[first..first + OUTPUTS].as_flattened().as_ptr();
        // SAFETY: the slice has 32 bytes, and the loads ask for no alignment.
        let (lower, upper) =
            unsafe { (_mm_loadu_si128(weights.cast()), _mm_loadu_si128(weights.add(16).cast())) };
        let weights = [_mm256_cvtepi8_epi16(lower), _mm256_cvtepi8_epi16(upper)];
        for (pairs, row) in pairs.iter_mut().zip(rows) {
            let bytes = _mm256_cvtepu8_epi16(_mm_set1_epi32(i32::from_le_bytes(row[index])));
            for (sum, weights) in pairs.iter_mut().zip(weights) {
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(bytes, weights));
            }
        }
    }
    for (index, pairs) in pairs.into_iter().enumerate() {
        let target = sums.0[row + index][first..first + OUTPUTS].as_mut_ptr();
        // SAFETY: the slice has eight numbers, and the store asks for no alignment.
        unsafe { _mm256_storeu_si256(target.cast(), add_pairs(pairs)) }
    }
}

/// The sums of neighbours, in order.
#[target_feature(enable = "avx2")]
#[inline]
fn add_pairs([lower, upper]: [__m256i; 2]) -> __m256i {
    // 64-bit quarters 0 and 2 are of `lower`.
    _mm256_permute4x64_epi64::<0b11_01_10_00>(_mm256_hadd_epi32(lower, upper))
}

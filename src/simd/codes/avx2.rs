//! Sums with AVX2: products of unsigned and signed bytes, added up in 16-bit integers. These hold four products of a part
//! of a code and a byte of a wide query, and two of a whole code and a narrow query within
//! [`InstructionSet::largest_narrow`](crate::simd::InstructionSet::largest_narrow).

use std::arch::x86_64::{
    __m128i, __m256i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_and_si256, _mm256_broadcastsi128_si256, _mm256_castsi256_si128,
    _mm256_extracti128_si256, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_or_si256,
    _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setr_epi32, _mm256_setzero_si256,
    _mm256_slli_epi16, _mm256_slli_epi32, _mm256_srli_epi16, _mm256_srlv_epi32, _mm256_storeu_si256,
};

use super::layout::{BLOCK, COARSE_BYTES, FINE_BYTES, GROUP};
use super::narrow_queries::{Group, NarrowQueries, Tile, narrow_sums_in_tiles};
use super::parts::{CoarseRows, FineRows, unpack_blocks};
use super::row_tiles::wide_sums;
use super::wide_query::WideQuery;

/// Rows that are multiplied with a wide query at a time: their four sums leave registers for intermediate values.
const ROWS: usize = 2;

#[target_feature(enable = "avx2")]
pub(super) fn coarse_sums(query: &WideQuery, rows: CoarseRows<'_>, sums: &mut [i32]) {
    wide_sums(rows, sums, |rows| wide_tile(query, rows, |part| coarse(part)));
}

#[target_feature(enable = "avx2")]
pub(super) fn fine_sums(query: &WideQuery, rows: FineRows<'_>, sums: &mut [i32]) {
    wide_sums(rows, sums, |rows| wide_tile(query, rows, |part| fine(part)));
}

#[target_feature(enable = "avx2")]
#[inline]
fn wide_tile<const BYTES: usize>(
    query: &WideQuery,
    rows: [&[[u8; BYTES]]; ROWS],
    part: impl Fn(&[u8; BYTES]) -> [__m256i; 2],
) -> [i32; ROWS] {
    let mut sums = [[_mm256_setzero_si256(); 2]; ROWS];
    for (block, planes) in query.planes.iter().enumerate() {
        for (sums, row) in sums.iter_mut().zip(rows) {
            let codes = part(&row[block]);
            for (sum, plane) in sums.iter_mut().zip(planes) {
                *sum = _mm256_add_epi32(*sum, products(codes, load_bytes(plane)));
            }
        }
    }
    sums.map(|[high, low]| sum_lanes(_mm256_add_epi32(_mm256_slli_epi32::<8>(high), low)))
}

/// The products of a part of the codes of a block, at most 63 each, with a plane, added up by eights.
#[target_feature(enable = "avx2")]
#[inline]
fn products([lower_codes, upper_codes]: [__m256i; 2], [lower, upper]: [__m256i; 2]) -> __m256i {
    let pairs = [_mm256_maddubs_epi16(lower_codes, lower), _mm256_maddubs_epi16(upper_codes, upper)];
    _mm256_madd_epi16(_mm256_add_epi16(pairs[0], pairs[1]), _mm256_set1_epi16(1))
}

#[target_feature(enable = "avx2")]
pub(super) fn unpack(coarse_rows: CoarseRows<'_>, fine_rows: FineRows<'_>, codes: &mut [[u8; BLOCK]]) {
    unpack_blocks(coarse_rows, fine_rows, codes, |coarse_part, fine_part, codes| {
        let (coarse, fine) = (coarse(coarse_part), fine(fine_part));
        let half = |half: usize| _mm256_or_si256(_mm256_slli_epi16::<2>(coarse[half]), fine[half]);
        store_bytes(codes, [half(0), half(1)]);
    });
}

/// The upper six bits of each code.
#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn coarse(part: &[u8; COARSE_BYTES]) -> [__m256i; 2] {
    let start = part.as_ptr();
    // SAFETY: `part` is 32 readable bytes and then 16, and the loads ask for no alignment.
    let (nibbles, pairs) =
        unsafe { (_mm256_loadu_si256(start.cast()), _mm_loadu_si128(start.add(BLOCK / 2).cast())) };
    let mask = _mm256_set1_epi8(0b1111);
    let nibbles = [_mm256_and_si256(nibbles, mask), _mm256_and_si256(_mm256_srli_epi16::<4>(nibbles), mask)];
    let [lower, upper] = pairs_of(pairs);
    let lower = _mm256_or_si256(_mm256_slli_epi16::<4>(lower), nibbles[0]);
    [lower, _mm256_or_si256(_mm256_slli_epi16::<4>(upper), nibbles[1])]
}

/// The lower two bits of each code.
#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn fine(part: &[u8; FINE_BYTES]) -> [__m256i; 2] {
    // SAFETY: `part` is 16 readable bytes, and the load asks for no alignment.
    pairs_of(unsafe { _mm_loadu_si128(part.as_ptr().cast()) })
}

/// The pairs of bits in sixteen bytes: the lowest of each, then the next.
#[target_feature(enable = "avx2")]
#[inline]
fn pairs_of(bytes: __m128i) -> [__m256i; 2] {
    let twice = _mm256_broadcastsi128_si256(bytes);
    let lower = _mm256_srlv_epi32(twice, _mm256_setr_epi32(0, 0, 0, 0, 2, 2, 2, 2));
    let upper = _mm256_srlv_epi32(twice, _mm256_setr_epi32(4, 4, 4, 4, 6, 6, 6, 6));
    let mask = _mm256_set1_epi8(0b11);
    [_mm256_and_si256(lower, mask), _mm256_and_si256(upper, mask)]
}

/// Tiles of 4 rows x 8 queries, half a group: two of them take eight sums, two blocks of queries and two more of the
/// sixteen registers.
#[target_feature(enable = "avx2")]
pub(super) fn narrow_sums(queries: &NarrowQueries, rows: &[[u8; BLOCK]], sums: &mut [[i32; GROUP]]) {
    for group in 0..queries.group_count() {
        narrow_sums_in_tiles(queries, group, rows, sums, |queries, start, rows| {
            narrow_tile(queries, start, rows)
        });
    }
}

/// Rows that are multiplied with a group of narrow queries at a time.
const NARROW_ROWS: usize = 4;

#[target_feature(enable = "avx2")]
fn narrow_tile(
    [group]: [&Group; 1],
    [start]: [[i32; GROUP]; 1],
    rows: [&[[u8; 4]]; NARROW_ROWS],
) -> Tile<1, NARROW_ROWS> {
    let ones = _mm256_set1_epi16(1);
    let mut sums = [load_sums(&start); NARROW_ROWS];
    for (step, queries) in group.iter().enumerate() {
        let [lower, upper] = load_bytes(queries);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let codes = _mm256_set1_epi32(i32::from_le_bytes(row[step]));
            let pairs = [_mm256_maddubs_epi16(codes, lower), _mm256_maddubs_epi16(codes, upper)];
            sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(pairs[0], ones));
            sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(pairs[1], ones));
        }
    }
    let mut totals = [[[0; GROUP]]; NARROW_ROWS];
    for ([total], sums) in totals.iter_mut().zip(sums) {
        store_sums(total, sums);
    }
    totals
}

#[target_feature(enable = "avx2")]
#[inline]
fn sum_lanes(lanes: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b01>(two)))
}

#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load_bytes(bytes: &[u8; BLOCK]) -> [__m256i; 2] {
    let start: *const __m256i = bytes.as_ptr().cast();
    // SAFETY: `bytes` is two times 32 readable bytes, and the loads ask for no alignment.
    unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
}

#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "stores go through pointers")]
fn store_bytes(bytes: &mut [u8; BLOCK], [lower, upper]: [__m256i; 2]) {
    let start: *mut __m256i = bytes.as_mut_ptr().cast();
    // SAFETY: `bytes` is two times 32 writable bytes, and the stores ask for no alignment.
    unsafe {
        _mm256_storeu_si256(start, lower);
        _mm256_storeu_si256(start.add(1), upper);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load_sums(sums: &[i32; GROUP]) -> [__m256i; 2] {
    let start: *const __m256i = sums.as_ptr().cast();
    // SAFETY: `sums` is two times 32 readable bytes, and the loads ask for no alignment.
    unsafe { [_mm256_loadu_si256(start), _mm256_loadu_si256(start.add(1))] }
}

#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "stores go through pointers")]
fn store_sums(sums: &mut [i32; GROUP], [lower, upper]: [__m256i; 2]) {
    let start: *mut __m256i = sums.as_mut_ptr().cast();
    // SAFETY: `sums` is two times 32 writable bytes, and the stores ask for no alignment.
    unsafe {
        _mm256_storeu_si256(start, lower);
        _mm256_storeu_si256(start.add(1), upper);
    }
}

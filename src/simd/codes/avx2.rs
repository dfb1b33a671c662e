//! Sums with AVX2: wide queries in products of 16-bit integers, narrow ones in products of bytes, two of which fit
//! 16 bits because the queries keep to [`Kernel::largest_narrow`](super::Kernel::largest_narrow).

use std::arch::x86_64::{
    __m256i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi32,
    _mm256_castsi256_si128, _mm256_cvtepu8_epi16, _mm256_extracti128_si256, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_storeu_si256,
};

use super::{
    BLOCK, ByteRows, GROUP, Group, NarrowQueries, Tile, WideQuery, narrow_sums_in_tiles, padded_rest,
    prefetch, whole,
};

/// The sixteen-bit integers of a register.
const HALF: usize = 16;

/// Rows that are multiplied with a wide query at a time, for eight chains of additions.
const ROWS: usize = 2;

#[target_feature(enable = "avx2")]
pub(super) fn wide_sums(query: &WideQuery, rows: ByteRows<'_>, sums: &mut [i32]) {
    for (tile, sums) in sums.chunks_mut(ROWS).enumerate() {
        let tile = rows.tile(tile * ROWS);
        if rows.are_a_run() {
            prefetch::ahead_of(tile);
        }
        let tile = wide_tile(query, tile);
        sums.copy_from_slice(&tile[..sums.len()]);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn wide_tile(query: &WideQuery, rows: [&[u8]; ROWS]) -> [i32; ROWS] {
    let mut sums = [[_mm256_setzero_si256(); BLOCK / HALF]; ROWS];
    let whole = rows.map(whole);
    let (whole_blocks, rest_blocks) = query.values.split_at(whole[0].len());
    accumulate_wide(&mut sums, whole_blocks, whole);
    if !rest_blocks.is_empty() {
        let rests = rows.map(padded_rest);
        accumulate_wide(&mut sums, rest_blocks, rests.each_ref().map(<[_; 1]>::as_slice));
    }
    let mut totals = [0; ROWS];
    for (total, [first, second, third, fourth]) in totals.iter_mut().zip(sums) {
        let lanes = _mm256_add_epi32(_mm256_add_epi32(first, second), _mm256_add_epi32(third, fourth));
        *total = sum_lanes(lanes).wrapping_sub(query.raised);
    }
    totals
}

/// Adds to `sums` the products of each row with the query.
#[target_feature(enable = "avx2")]
#[inline]
fn accumulate_wide(
    sums: &mut [[__m256i; BLOCK / HALF]; ROWS],
    query: &[[i16; BLOCK]],
    rows: [&[[u8; BLOCK]]; ROWS],
) {
    for (block, query) in query.iter().enumerate() {
        for (part, query) in query.as_chunks().0.iter().enumerate() {
            let query = load_words(query);
            for (sums, row) in sums.iter_mut().zip(rows) {
                let words = widen(&row[block].as_chunks().0[part]);
                sums[part] = _mm256_add_epi32(sums[part], _mm256_madd_epi16(words, query));
            }
        }
    }
}

/// Tiles of 4 x 8 queries, half a group: two of them take the eight sums, two blocks of queries and two more
/// registers that the sixteen have room for.
#[target_feature(enable = "avx2")]
pub(super) fn narrow_sums(queries: &NarrowQueries, rows: ByteRows<'_>, sums: &mut [[i32; GROUP]]) {
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
    rows: [&[u8]; NARROW_ROWS],
) -> Tile<1, NARROW_ROWS> {
    let mut sums = [load_sums(&start); NARROW_ROWS];
    let whole = rows.map(whole);
    let (whole_steps, rest_step) = group.split_at(whole[0].len());
    accumulate_narrow(&mut sums, whole_steps, whole);
    if !rest_step.is_empty() {
        let rests = rows.map(padded_rest);
        accumulate_narrow(&mut sums, rest_step, rests.each_ref().map(<[_; 1]>::as_slice));
    }
    let mut totals = [[[0; GROUP]]; NARROW_ROWS];
    for ([total], sums) in totals.iter_mut().zip(sums) {
        store_sums(total, sums);
    }
    totals
}

/// Adds to `sums` the products of each row with the group, which have the same number of steps of four.
#[target_feature(enable = "avx2")]
#[inline]
fn accumulate_narrow(
    sums: &mut [[__m256i; 2]; NARROW_ROWS],
    group: &[[u8; BLOCK]],
    rows: [&[[u8; 4]]; NARROW_ROWS],
) {
    let ones = _mm256_set1_epi16(1);
    for (step, queries) in group.iter().enumerate() {
        let [lower, upper] = load_bytes(queries);
        for (sums, row) in sums.iter_mut().zip(rows) {
            let bytes = _mm256_set1_epi32(i32::from_le_bytes(row[step]));
            let pairs = [_mm256_maddubs_epi16(bytes, lower), _mm256_maddubs_epi16(bytes, upper)];
            sums[0] = _mm256_add_epi32(sums[0], _mm256_madd_epi16(pairs[0], ones));
            sums[1] = _mm256_add_epi32(sums[1], _mm256_madd_epi16(pairs[1], ones));
        }
    }
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
fn load_words(words: &[i16; HALF]) -> __m256i {
    // SAFETY: `words` is 32 readable bytes, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
}

/// The bytes as integers of 16 bits.
#[target_feature(enable = "avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn widen(bytes: &[u8; HALF]) -> __m256i {
    // SAFETY: `bytes` is sixteen readable bytes, and the load asks for no alignment.
    _mm256_cvtepu8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
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

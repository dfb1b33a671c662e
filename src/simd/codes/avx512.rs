//! Sums with AVX-512 VNNI, which multiplies 64 bytes without a sign by 64 with one and adds them by fours.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_reduce_add_epi32,
    _mm512_set1_epi32, _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_si512,
};

use super::{
    BLOCK, ByteRows, GROUP, Group, NarrowQueries, Tile, WideQuery, narrow_sums_in_tiles, padded_rest,
    prefetch, whole,
};

/// Rows that are multiplied with a wide query at a time, for eight chains of additions.
const ROWS: usize = 4;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
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

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
fn wide_tile(query: &WideQuery, rows: [&[u8]; ROWS]) -> [i32; ROWS] {
    let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
    let whole = rows.map(whole);
    let (whole_planes, rest_planes) = query.planes.split_at(whole[0].len());
    accumulate_wide(&mut sums, whole_planes, whole);
    if !rest_planes.is_empty() {
        let rests = rows.map(padded_rest);
        accumulate_wide(&mut sums, rest_planes, rests.each_ref().map(<[_; 1]>::as_slice));
    }
    let mut totals = [0; ROWS];
    for (total, [high, low]) in totals.iter_mut().zip(sums) {
        let lanes = _mm512_add_epi32(_mm512_slli_epi32::<8>(high), low);
        *total = _mm512_reduce_add_epi32(lanes).wrapping_sub(query.raised);
    }
    totals
}

/// Adds to `sums` the products of each row with both planes.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
fn accumulate_wide(
    sums: &mut [[__m512i; 2]; ROWS],
    planes: &[[[u8; BLOCK]; 2]],
    rows: [&[[u8; BLOCK]]; ROWS],
) {
    for (block, [high, low]) in planes.iter().enumerate() {
        let (high, low) = (load(high), load(low));
        for (sums, row) in sums.iter_mut().zip(rows) {
            let bytes = load(&row[block]);
            sums[0] = _mm512_dpbusd_epi32(sums[0], bytes, high);
            sums[1] = _mm512_dpbusd_epi32(sums[1], bytes, low);
        }
    }
}

/// Tiles of 6 x 4: their 24 sums, four blocks of queries and one of a row fill 29 of the 32 registers. Where
/// fewer than four groups are left, twelve rows keep as many additions under way as two units can take.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
pub(super) fn narrow_sums(queries: &NarrowQueries, rows: ByteRows<'_>, sums: &mut [[i32; GROUP]]) {
    let mut group = 0;
    while group + 4 <= queries.group_count() {
        narrow_sums_in_tiles(queries, group, rows, sums, |queries, start, rows| {
            narrow_tile::<4, 6>(queries, start, rows)
        });
        group += 4;
    }
    for group in group..queries.group_count() {
        narrow_sums_in_tiles(queries, group, rows, sums, |queries, start, rows| {
            narrow_tile::<1, 12>(queries, start, rows)
        });
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
fn narrow_tile<const GROUPS: usize, const ROWS: usize>(
    queries: [&Group; GROUPS],
    start: [[i32; GROUP]; GROUPS],
    rows: [&[u8]; ROWS],
) -> Tile<GROUPS, ROWS> {
    let mut sums = [[_mm512_setzero_si512(); GROUPS]; ROWS];
    for sums in &mut sums {
        for (sum, start) in sums.iter_mut().zip(&start) {
            *sum = load_sums(start);
        }
    }
    let whole = rows.map(whole);
    accumulate_narrow(&mut sums, queries, 0, whole);
    if !rows[0].len().is_multiple_of(4) {
        let rests = rows.map(padded_rest);
        accumulate_narrow(&mut sums, queries, whole[0].len(), rests.each_ref().map(<[_; 1]>::as_slice));
    }
    let mut totals = [[[0; GROUP]; GROUPS]; ROWS];
    for (totals, sums) in totals.iter_mut().zip(sums) {
        for (total, sum) in totals.iter_mut().zip(sums) {
            store_sums(total, sum);
        }
    }
    totals
}

/// Adds to `sums` the products of the components of each row, in steps of four, with those of each group from
/// `first_step` on.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
fn accumulate_narrow<const GROUPS: usize, const ROWS: usize>(
    sums: &mut [[__m512i; GROUPS]; ROWS],
    queries: [&Group; GROUPS],
    first_step: usize,
    rows: [&[[u8; 4]]; ROWS],
) {
    for step in 0..rows[0].len() {
        let mut loaded = [_mm512_setzero_si512(); GROUPS];
        for (loaded, queries) in loaded.iter_mut().zip(queries) {
            *loaded = load(&queries[first_step + step]);
        }
        for (sums, row) in sums.iter_mut().zip(rows) {
            let bytes = _mm512_set1_epi32(i32::from_le_bytes(row[step]));
            for (sum, queries) in sums.iter_mut().zip(loaded) {
                *sum = _mm512_dpbusd_epi32(*sum, bytes, queries);
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load(bytes: &[u8; BLOCK]) -> __m512i {
    // SAFETY: `bytes` is 64 readable bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn load_sums(sums: &[i32; GROUP]) -> __m512i {
    // SAFETY: `sums` is 64 readable bytes, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
#[expect(unsafe_code, reason = "stores go through pointers")]
fn store_sums(sums: &mut [i32; GROUP], lanes: __m512i) {
    // SAFETY: `sums` is 64 writable bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(sums.as_mut_ptr().cast(), lanes) }
}

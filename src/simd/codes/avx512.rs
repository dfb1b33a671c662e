//! Sums with AVX-512 VNNI, which multiplies 64 unsigned bytes by 64 signed ones and adds the products by fours.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm256_loadu_si256, _mm512_add_epi32, _mm512_and_si512,
    _mm512_broadcast_i32x4, _mm512_broadcast_i64x4, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_or_si512,
    _mm512_reduce_add_epi32, _mm512_rolv_epi32, _mm512_set1_epi8, _mm512_set1_epi32, _mm512_setr_epi32,
    _mm512_setr_epi64, _mm512_setzero_si512, _mm512_slli_epi16, _mm512_slli_epi32, _mm512_srlv_epi64,
    _mm512_storeu_si512, _mm512_ternarylogic_epi32,
};

use super::layout::{BLOCK, COARSE_BYTES, FINE_BYTES, GROUP};
use super::narrow_queries::{Group, NarrowQueries, Tile, narrow_sums_in_tiles};
use super::parts::{CoarseRows, FineRows, unpack_blocks};
use super::row_tiles::wide_sums;
use super::wide_query::WideQuery;

/// Rows that are multiplied with a wide query at a time, for eight chains of additions.
const ROWS: usize = 4;

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
pub(super) fn coarse_sums(query: &WideQuery, rows: CoarseRows<'_>, sums: &mut [i32]) {
    wide_sums(rows, sums, |rows| wide_tile(query, rows, |part| coarse(part)));
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
pub(super) fn fine_sums(query: &WideQuery, rows: FineRows<'_>, sums: &mut [i32]) {
    wide_sums(rows, sums, |rows| wide_tile(query, rows, |part| fine(part)));
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
fn wide_tile<const BYTES: usize>(
    query: &WideQuery,
    rows: [&[[u8; BYTES]]; ROWS],
    part: impl Fn(&[u8; BYTES]) -> __m512i,
) -> [i32; ROWS] {
    let mut sums = [[_mm512_setzero_si512(); 2]; ROWS];
    for (block, [high, low]) in query.planes.iter().enumerate() {
        let (high, low) = (load(high), load(low));
        for (sums, row) in sums.iter_mut().zip(rows) {
            let codes = part(&row[block]);
            sums[0] = _mm512_dpbusd_epi32(sums[0], codes, high);
            sums[1] = _mm512_dpbusd_epi32(sums[1], codes, low);
        }
    }
    sums.map(|[high, low]| _mm512_reduce_add_epi32(_mm512_add_epi32(_mm512_slli_epi32::<8>(high), low)))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
pub(super) fn unpack(coarse_rows: CoarseRows<'_>, fine_rows: FineRows<'_>, codes: &mut [[u8; BLOCK]]) {
    unpack_blocks(coarse_rows, fine_rows, codes, |coarse_part, fine_part, codes| {
        store(codes, _mm512_or_si512(_mm512_slli_epi16::<2>(coarse(coarse_part)), fine(fine_part)));
    });
}

/// The upper six bits of each code.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn coarse(part: &[u8; COARSE_BYTES]) -> __m512i {
    let start = part.as_ptr();
    // SAFETY: `part` is 32 readable bytes and then 16, and the loads ask for no alignment.
    let (nibbles, pairs) =
        unsafe { (_mm256_loadu_si256(start.cast()), _mm_loadu_si128(start.add(BLOCK / 2).cast())) };
    let shifts = _mm512_setr_epi64(0, 0, 0, 0, 4, 4, 4, 4);
    let lower = _mm512_srlv_epi64(_mm512_broadcast_i64x4(nibbles), shifts);
    let upper = turned(pairs, [4, 2, 0, -2]);
    // Bits of `lower` where the mask has ones, and of `upper` elsewhere.
    let both = _mm512_ternarylogic_epi32::<0xca>(_mm512_set1_epi8(0b1111), lower, upper);
    _mm512_and_si512(both, _mm512_set1_epi8(0b11_1111))
}

/// The lower two bits of each code.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
#[expect(unsafe_code, reason = "loads go through pointers")]
fn fine(part: &[u8; FINE_BYTES]) -> __m512i {
    // SAFETY: `part` is 16 readable bytes, and the load asks for no alignment.
    let pairs = unsafe { _mm_loadu_si128(part.as_ptr().cast()) };
    _mm512_and_si512(turned(pairs, [0, -2, -4, -6]), _mm512_set1_epi8(0b11))
}

/// `pairs` four times, their 32-bit integers rotated left by so many bits each time.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
#[inline]
fn turned(pairs: __m128i, [a, b, c, d]: [i32; 4]) -> __m512i {
    let turns = _mm512_setr_epi32(a, a, a, a, b, b, b, b, c, c, c, c, d, d, d, d);
    _mm512_rolv_epi32(_mm512_broadcast_i32x4(pairs), turns)
}

/// Tiles of 6 x 4: their 24 sums, four blocks of queries and one of a row fill 29 of the 32 registers. Where
/// fewer than four groups are left, twelve rows keep as many additions in flight as two units can take.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni,avx2")]
pub(super) fn narrow_sums(queries: &NarrowQueries, rows: &[[u8; BLOCK]], sums: &mut [[i32; GROUP]]) {
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
    rows: [&[[u8; 4]]; ROWS],
) -> Tile<GROUPS, ROWS> {
    let mut sums = [[_mm512_setzero_si512(); GROUPS]; ROWS];
    for sums in &mut sums {
        for (sum, start) in sums.iter_mut().zip(&start) {
            *sum = load_sums(start);
        }
    }
    for step in 0..rows[0].len() {
        let mut loaded = [_mm512_setzero_si512(); GROUPS];
        for (loaded, queries) in loaded.iter_mut().zip(queries) {
            *loaded = load(&queries[step]);
        }
        for (sums, row) in sums.iter_mut().zip(rows) {
            let codes = _mm512_set1_epi32(i32::from_le_bytes(row[step]));
            for (sum, queries) in sums.iter_mut().zip(loaded) {
                *sum = _mm512_dpbusd_epi32(*sum, codes, queries);
            }
        }
    }
    let mut totals = [[[0; GROUP]; GROUPS]; ROWS];
    for (totals, sums) in totals.iter_mut().zip(sums) {
        for (total, sum) in totals.iter_mut().zip(sums) {
            store_sums(total, sum);
        }
    }
    totals
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
#[expect(unsafe_code, reason = "stores go through pointers")]
fn store(bytes: &mut [u8; BLOCK], codes: __m512i) {
    // SAFETY: `bytes` is 64 writable bytes, and the store asks for no alignment.
    unsafe { _mm512_storeu_si512(bytes.as_mut_ptr().cast(), codes) }
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

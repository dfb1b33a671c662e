//! Sums in plain Rust, in loops that compilers vectorize on every CPU.

use super::layout::{BLOCK, COARSE_BYTES, FINE_BYTES, GROUP};
use super::narrow_queries::{Group, NarrowQueries, narrow_sums_in_tiles};
use super::parts::{CoarseRows, FineRows, PartRows, unpack_blocks};
use super::wide_query::WideQuery;

pub(super) fn coarse_sums(query: &WideQuery, rows: CoarseRows<'_>, sums: &mut [i32]) {
    wide_sums(query, rows, sums, coarse);
}

pub(super) fn fine_sums(query: &WideQuery, rows: FineRows<'_>, sums: &mut [i32]) {
    wide_sums(query, rows, sums, fine);
}

#[inline(always)]
fn wide_sums<const BYTES: usize>(
    query: &WideQuery,
    rows: PartRows<'_, BYTES>,
    sums: &mut [i32],
    part: impl Fn(&[u8; BYTES]) -> [u8; BLOCK],
) {
    for (index, sum) in sums.iter_mut().enumerate() {
        let [row] = rows.tile(index);
        *sum = row.iter().zip(&query.values).map(|(row, query)| product(&part(row), query)).sum();
    }
}

fn product(part: &[u8; BLOCK], query: &[i16; BLOCK]) -> i32 {
    part.iter().zip(query).map(|(&code, &value)| i32::from(code) * i32::from(value)).sum()
}

pub(super) fn unpack(coarse_rows: CoarseRows<'_>, fine_rows: FineRows<'_>, codes: &mut [[u8; BLOCK]]) {
    unpack_blocks(coarse_rows, fine_rows, codes, |coarse_part, fine_part, codes| {
        let parts = coarse(coarse_part).into_iter().zip(fine(fine_part));
        codes.iter_mut().zip(parts).for_each(|(code, (coarse, fine))| *code = coarse << 2 | fine);
    });
}

/// The upper six bits of each code.
#[inline(always)]
fn coarse(part: &[u8; COARSE_BYTES]) -> [u8; BLOCK] {
    let (nibbles, pairs) = part.split_at(BLOCK / 2);
    let mut codes = pairs_of(pairs);
    for (half, codes) in codes.chunks_exact_mut(BLOCK / 2).enumerate() {
        for (code, byte) in codes.iter_mut().zip(nibbles) {
            *code = *code << 4 | (byte >> (4 * half) & 0b1111);
        }
    }
    codes
}

/// The lower two bits of each code.
#[inline(always)]
fn fine(part: &[u8; FINE_BYTES]) -> [u8; BLOCK] {
    pairs_of(part)
}

/// The pairs of bits in sixteen bytes: the lowest of each, then the next.
#[inline(always)]
fn pairs_of(bytes: &[u8]) -> [u8; BLOCK] {
    let mut pairs = [0; BLOCK];
    for (quarter, pairs) in pairs.chunks_exact_mut(BLOCK / 4).enumerate() {
        pairs.iter_mut().zip(bytes).for_each(|(pair, byte)| *pair = byte >> (2 * quarter) & 0b11);
    }
    pairs
}

pub(super) fn narrow_sums(queries: &NarrowQueries, rows: &[[u8; BLOCK]], sums: &mut [[i32; GROUP]]) {
    for group in 0..queries.group_count() {
        narrow_sums_in_tiles(queries, group, rows, sums, |[group], [start], [row]| {
            [[sum_group(group, start, row)]]
        });
    }
}

fn sum_group(group: &Group, mut sums: [i32; GROUP], row: &[[u8; 4]]) -> [i32; GROUP] {
    for (bytes, queries) in row.iter().zip(group) {
        for (sum, query) in sums.iter_mut().zip(queries.as_chunks::<4>().0) {
            let values = query.map(|value| i32::from(value.cast_signed()));
            let products = bytes.iter().zip(values).map(|(&byte, value)| i32::from(byte) * value);
            *sum = sum.wrapping_add(products.sum());
        }
    }
    sums
}

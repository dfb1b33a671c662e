//! Sums in plain Rust, in loops that compilers turn into the vector instructions that every CPU has.

use super::{BLOCK, ByteRows, GROUP, Group, NarrowQueries, WideQuery, narrow_sums_in_tiles};

pub(super) fn wide_sums(query: &WideQuery, rows: ByteRows<'_>, sums: &mut [i32]) {
    for (index, sum) in sums.iter_mut().enumerate() {
        let [row] = rows.tile(index);
        let blocks = row.chunks(BLOCK).zip(&query.values);
        *sum = blocks
            .fold(query.raised.wrapping_neg(), |sum, (row, query)| sum.wrapping_add(product(row, query)));
    }
}

/// The sum over one block, which is far from wrapping around.
fn product(row: &[u8], query: &[i16; BLOCK]) -> i32 {
    row.iter().zip(query).map(|(&byte, &value)| i32::from(byte) * i32::from(value)).sum()
}

pub(super) fn narrow_sums(queries: &NarrowQueries, rows: ByteRows<'_>, sums: &mut [[i32; GROUP]]) {
    for group in 0..queries.group_count() {
        narrow_sums_in_tiles(queries, group, rows, sums, |[group], [start], [row]| {
            [[sum_group(group, start, row)]]
        });
    }
}

fn sum_group(group: &Group, mut sums: [i32; GROUP], row: &[u8]) -> [i32; GROUP] {
    for (bytes, queries) in row.chunks(4).zip(group) {
        for (sum, query) in sums.iter_mut().zip(queries.as_chunks::<4>().0) {
            let values = query.map(|value| i32::from(value.cast_signed()));
            let products = bytes.iter().zip(values).map(|(&byte, value)| i32::from(byte) * value);
            *sum = sum.wrapping_add(products.sum());
        }
    }
    sums
}

//! Plain Rust.

use super::byte_tile::{ByteTile, TileSums};

pub(super) fn byte_products(tile: ByteTile<'_>, sums: &mut TileSums) {
    for (row, sums) in sums.0[..tile.rows].iter_mut().enumerate() {
        *sums = [0; _];
        for (bytes, step) in tile.left[row * tile.stride..].iter().zip(tile.panel.as_chunks::<2>().0) {
            for (sum, weights) in sums.iter_mut().zip(step.iter().flat_map(|half| &half.0)) {
                *sum += bytes.iter().zip(weights).map(|(x, w)| i32::from(*x) * i32::from(*w)).sum::<i32>();
            }
        }
    }
}

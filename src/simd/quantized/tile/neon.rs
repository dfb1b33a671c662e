//! Tiles of signed bytes on NEON: a few rows and eight outputs at a time.

use super::byte_tile::{ByteTile, HALF_PANEL, PANEL_OUTPUTS, TileSums};
use crate::simd::product::tiles;
use crate::simd::vector::{ByteProducts, MOST_ROWS, Tile, for_rows};

/// The vectors across a tile.
const VECTORS: usize = 2;

/// The outputs of a tile.
const OUTPUTS: usize = 4 * VECTORS;

/// What was taken from each byte of a row.
const RAISED_BY: i32 = 128;

/// The rows of a tile.
const fn most_rows<P: ByteProducts>() -> usize {
    P::SUMS / VECTORS
}

/// The rows for which [`byte_products`] is fastest: whole tiles.
pub(super) const fn rows<P: ByteProducts>() -> usize {
    MOST_ROWS / most_rows::<P>() * most_rows::<P>()
}

#[expect(unsafe_code, reason = "a tile reads through pointers")]
pub(super) fn byte_products<P: ByteProducts>(products: P, tile: ByteTile<'_>, sums: &mut TileSums) {
    for first in (0..PANEL_OUTPUTS).step_by(OUTPUTS) {
        let half_panel = first / HALF_PANEL * tile.steps() * HALF_PANEL;
        for (row, rows) in tiles(tile.rows, most_rows::<P>()) {
            let pointers = Tile {
                left: tile.left[row * tile.stride..].as_ptr(),
                left_stride: tile.stride,
                right: tile.panel.as_ptr().cast::<[i8; 4]>().wrapping_add(half_panel + first % HALF_PANEL),
                right_stride: HALF_PANEL,
                depth: tile.steps(),
            };
            let write = |index: usize, lanes: [[i32; 4]; VECTORS]| {
                sums.0[row + index][first..first + OUTPUTS].copy_from_slice(lanes.as_flattened());
            };
            // SAFETY: the caller checked the rows; half a panel has 16 outputs for each step, eight of them from `first` on.
            unsafe { for_rows::<P, false, VECTORS>(products, pointers, rows, write) }
        }
    }
    for sums in &mut sums.0[..tile.rows] {
        for (sum, weights) in sums.iter_mut().zip(tile.weight_sums) {
            *sum += RAISED_BY * *weights as i32;
        }
    }
}

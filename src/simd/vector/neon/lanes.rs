//! The loop of a product tile, for instructions that multiply a vector by one lane of another.

use std::arch::aarch64::{uint32x4_t, vdupq_n_u32, vld1q_dup_u32, vld1q_u8, vreinterpretq_u32_u8};

use crate::simd::vector::Tile;

/// The sums of a tile, in vectors: with a vector of each row and the vectors of a step on the right, as many as the 32
/// registers hold.
pub(super) const SUMS: usize = 18;

/// A multiply-add on lanes of four bytes: one float32, or four bytes.
pub(super) trait LaneProducts: Copy {
    /// In each lane, `sum` plus the product of `right` and lane `LANE` of `row`.
    fn multiply_add<const LANE: i32>(self, sum: uint32x4_t, right: uint32x4_t, row: uint32x4_t)
    -> uint32x4_t;

    /// What stands for `row`, once for all its products.
    #[inline(always)]
    fn prepare(self, row: uint32x4_t) -> uint32x4_t {
        row
    }
}

/// The sums of `ROWS` rows of `VECTORS` vectors. A row is loaded once for four steps, and each of its lanes is a factor:
/// nothing is broadcast.
///
/// # Safety
///
/// As of [`Simd::tile_sums`](crate::simd::vector::Simd::tile_sums); a value of either matrix is four bytes.
#[inline(always)]
#[expect(unsafe_code, reason = "loads go through pointers")]
#[expect(clippy::needless_pass_by_value, reason = "as of all kernels")]
pub(super) unsafe fn tile_sums<P: LaneProducts, L, R, const ROWS: usize, const VECTORS: usize>(
    products: P,
    tile: Tile<L, R>,
) -> [[uint32x4_t; VECTORS]; ROWS] {
    const { assert!(size_of::<L>() == 4 && size_of::<R>() == 4, "a value has four bytes") }
    // SAFETY: a value of `P` proves NEON; the caller's promise for the pointers, which need no alignment.
    unsafe {
        let mut sums = [[vdupq_n_u32(0); VECTORS]; ROWS];
        let mut rows = [vdupq_n_u32(0); ROWS];
        let mut right = tile.right.cast::<u8>();
        for four in 0..tile.depth / 4 {
            for (index, row) in rows.iter_mut().enumerate() {
                let start = tile.left.wrapping_add(index * tile.left_stride + 4 * four);
                *row = products.prepare(vreinterpretq_u32_u8(vld1q_u8(start.cast())));
            }
            add_step::<P, 0, ROWS, VECTORS>(products, &mut sums, &rows, right);
            add_step::<P, 1, ROWS, VECTORS>(
                products,
                &mut sums,
                &rows,
                right.wrapping_add(4 * tile.right_stride),
            );
            add_step::<P, 2, ROWS, VECTORS>(
                products,
                &mut sums,
                &rows,
                right.wrapping_add(8 * tile.right_stride),
            );
            add_step::<P, 3, ROWS, VECTORS>(
                products,
                &mut sums,
                &rows,
                right.wrapping_add(12 * tile.right_stride),
            );
            right = right.wrapping_add(16 * tile.right_stride);
        }
        for step in tile.depth - tile.depth % 4..tile.depth {
            for (index, row) in rows.iter_mut().enumerate() {
                let start = tile.left.wrapping_add(index * tile.left_stride + step);
                *row = products.prepare(vld1q_dup_u32(start.cast()));
            }
            add_step::<P, 0, ROWS, VECTORS>(products, &mut sums, &rows, right);
            right = right.wrapping_add(4 * tile.right_stride);
        }
        sums
    }
}

/// Adds to `sums` the products of lane `LANE` of each row with the vectors at `right`.
///
/// # Safety
///
/// `right` is valid for reading `VECTORS` vectors.
#[inline(always)]
#[expect(unsafe_code, reason = "loads go through a pointer")]
unsafe fn add_step<P: LaneProducts, const LANE: i32, const ROWS: usize, const VECTORS: usize>(
    products: P,
    sums: &mut [[uint32x4_t; VECTORS]; ROWS],
    rows: &[uint32x4_t; ROWS],
    right: *const u8,
) {
    // SAFETY: as of `tile_sums`.
    unsafe {
        let mut across = [vdupq_n_u32(0); VECTORS];
        for (vector, across) in across.iter_mut().enumerate() {
            *across = vreinterpretq_u32_u8(vld1q_u8(right.wrapping_add(16 * vector)));
        }
        for (sums, row) in sums.iter_mut().zip(rows) {
            for (sum, across) in sums.iter_mut().zip(across) {
                *sum = products.multiply_add::<LANE>(*sum, across, *row);
            }
        }
    }
}

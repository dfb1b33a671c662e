//! Tiles of products of bytes, whichever instructions the CPU has for them.

use std::arch::aarch64::{
    int32x4_t, uint32x4_t, vdupq_n_u32, veorq_u32, vld1q_u8, vreinterpretq_u32_u8, vst1q_s32,
};

use crate::simd::vector::Tile;

/// Instructions that multiply bytes and add fours of products to 32 bits.
pub(crate) trait ByteProducts: Copy {
    /// The most sums of a tile, in vectors.
    const SUMS: usize;

    /// The sums of a tile of `ROWS` rows, each `VECTORS` vectors wide. Bytes of rows are signed; with `RAISED`, they are
    /// unsigned and 128 is taken from each.
    ///
    /// # Safety
    ///
    /// As of [`Simd::tile_sums`](crate::simd::vector::Simd::tile_sums).
    #[expect(unsafe_code, reason = "reads through pointers")]
    unsafe fn tile_sums<const RAISED: bool, const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile<[u8; 4], [i8; 4]>,
    ) -> [[int32x4_t; VECTORS]; ROWS];
}

/// Hands the sums of each of `rows` rows to `take`, with the index of the row.
///
/// # Safety
///
/// As of [`ByteProducts::tile_sums`].
///
/// # Panics
///
/// If there are no rows, or more than [`ByteProducts::SUMS`] allow.
#[inline(always)]
#[expect(unsafe_code, reason = "reads through pointers")]
pub(crate) unsafe fn for_rows<P: ByteProducts, const RAISED: bool, const VECTORS: usize>(
    products: P,
    tile: Tile<[u8; 4], [i8; 4]>,
    rows: usize,
    mut take: impl FnMut(usize, [[i32; 4]; VECTORS]),
) {
    macro_rules! by_rows {
        ($($count:literal)*) => {
            match rows {
                $($count if $count * VECTORS <= P::SUMS => {
                    // SAFETY: the caller's promise for so many rows.
                    let sums = unsafe { products.tile_sums::<RAISED, $count, VECTORS>(tile) };
                    for (row, sums) in sums.into_iter().enumerate() {
                        take(row, sums.map(lanes_of));
                    }
                })*
                _ => unreachable!("more rows than a tile has"),
            }
        };
    }
    by_rows!(1 2 3 4 5 6 7 8 9);
}

#[inline(always)]
#[expect(unsafe_code, reason = "stores a vector")]
fn lanes_of(vector: int32x4_t) -> [i32; 4] {
    let mut lanes = [0; 4];
    // SAFETY: every CPU that makes such a vector has NEON; the array is a whole vector.
    unsafe { vst1q_s32(lanes.as_mut_ptr(), vector) }
    lanes
}

/// The bytes of `row` less 128, if they are raised.
#[inline(always)]
#[expect(unsafe_code, reason = "calls intrinsics")]
pub(super) fn lowered<const RAISED: bool>(row: uint32x4_t) -> uint32x4_t {
    // SAFETY: the vector shows that this CPU has NEON.
    if RAISED { unsafe { veorq_u32(row, vdupq_n_u32(0x8080_8080)) } } else { row }
}

/// The place of a step of a row.
#[inline(always)]
pub(super) fn left_at(tile: Tile<[u8; 4], [i8; 4]>, row: usize, step: usize) -> *const [u8; 4] {
    tile.left.wrapping_add(row * tile.left_stride + step)
}

/// # Safety
///
/// The tile has that step, of `VECTORS` vectors.
#[inline(always)]
#[expect(unsafe_code, reason = "loads go through pointers")]
pub(super) unsafe fn right_at<const VECTORS: usize>(
    tile: Tile<[u8; 4], [i8; 4]>,
    step: usize,
) -> [uint32x4_t; VECTORS] {
    let start = tile.right.wrapping_add(step * tile.right_stride).cast::<u8>();
    // SAFETY: the caller's promise; the loads need no alignment.
    std::array::from_fn(|vector| unsafe { vreinterpretq_u32_u8(vld1q_u8(start.wrapping_add(16 * vector))) })
}

//! Products of bytes with NEON alone, which widens them to 16 bits.

use std::arch::aarch64::{
    int8x16_t, int32x4_t, uint32x4_t, vdupq_n_s32, vdupq_n_u32, vget_low_s8, vld1q_dup_u32, vmlal_high_s8,
    vmlal_s8, vmull_high_s8, vmull_s8, vpadalq_s16, vpaddq_s32, vreinterpretq_s8_u32,
};

use super::bytes::{ByteProducts, left_at, lowered, right_at};
use super::float::Neon;
use crate::simd::vector::Tile;

/// `smull` and `smlal` add two products in 16 bits, which hold them: 2 x 128 x 127. `sadalp` adds pairs of these to 32 bits.
impl ByteProducts for Neon {
    /// Each takes two registers.
    const SUMS: usize = 6;

    #[inline(always)]
    #[expect(unsafe_code, reason = "reads through pointers")]
    unsafe fn tile_sums<const RAISED: bool, const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile<[u8; 4], [i8; 4]>,
    ) -> [[int32x4_t; VECTORS]; ROWS] {
        // SAFETY: the caller's promise; `self` proves NEON.
        unsafe {
            let mut sums = [[[vdupq_n_s32(0); 2]; VECTORS]; ROWS];
            let left = |row, step| {
                let four = vld1q_dup_u32(left_at(tile, row, step).cast());
                vreinterpretq_s8_u32(lowered::<RAISED>(four))
            };
            for step in (0..tile.depth - tile.depth % 2).step_by(2) {
                let right = [right_at(tile, step), right_at(tile, step + 1)];
                add_two_steps(&mut sums, |row| [left(row, step), left(row, step + 1)], right);
            }
            if let Some(step) = tile.depth.checked_sub(1).filter(|step| step.is_multiple_of(2)) {
                let right = [right_at(tile, step), [vdupq_n_u32(0); VECTORS]];
                add_two_steps(&mut sums, |row| [left(row, step); 2], right);
            }
            sums.map(|row| row.map(|[low, high]| vpaddq_s32(low, high)))
        }
    }
}

/// Adds two steps, a register of sums for each half of a vector on the right.
#[inline(always)]
#[expect(unsafe_code, reason = "calls intrinsics")]
fn add_two_steps<const ROWS: usize, const VECTORS: usize>(
    sums: &mut [[[int32x4_t; 2]; VECTORS]; ROWS],
    left: impl Fn(usize) -> [int8x16_t; 2],
    [first, second]: [[uint32x4_t; VECTORS]; 2],
) {
    for (row, sums) in sums.iter_mut().enumerate() {
        let left = left(row);
        for (([low, high], first), second) in sums.iter_mut().zip(first).zip(second) {
            // SAFETY: the vectors show that this CPU has NEON.
            unsafe {
                let right = [vreinterpretq_s8_u32(first), vreinterpretq_s8_u32(second)];
                let pairs = vmull_s8(vget_low_s8(right[0]), vget_low_s8(left[0]));
                let pairs = vmlal_s8(pairs, vget_low_s8(right[1]), vget_low_s8(left[1]));
                *low = vpadalq_s16(*low, pairs);
                let pairs = vmlal_high_s8(vmull_high_s8(right[0], left[0]), right[1], left[1]);
                *high = vpadalq_s16(*high, pairs);
            }
        }
    }
}

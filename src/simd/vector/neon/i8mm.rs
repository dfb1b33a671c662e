//! Products of matrices of bytes (i8mm): two rows and two columns at a time.

use std::arch::aarch64::{
    int32x4_t, uint32x4_t, vdupq_n_s32, vdupq_n_u32, vld1q_dup_u32, vld1q_u8, vreinterpretq_s32_u64,
    vreinterpretq_u32_u8, vreinterpretq_u32_u64, vreinterpretq_u64_s32, vreinterpretq_u64_u32, vzip1q_u32,
    vzip1q_u64, vzip2q_u32, vzip2q_u64,
};
use std::arch::{asm, is_aarch64_feature_detected};

use super::bytes::{ByteProducts, left_at, lowered, right_at};
use super::dot_product::DotProduct;
use crate::simd::vector::Tile;

/// A CPU that multiplies 2 x 8 by 8 x 2 signed bytes and adds the products to 2 x 2 sums: `smmla`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct I8mm(DotProduct);

impl I8mm {
    /// The proof, if this CPU has the instruction and those of [`DotProduct`].
    pub(crate) fn detect() -> Option<Self> {
        let dot_product = DotProduct::detect()?;
        is_aarch64_feature_detected!("i8mm").then_some(Self(dot_product))
    }

    /// The proof of the rest.
    pub(crate) const fn dot_product(self) -> DotProduct {
        self.0
    }

    /// Adds the products of two rows of eight bytes with two columns of eight bytes. The intrinsic is not stable.
    #[inline(always)]
    #[expect(unsafe_code, reason = "assembly")]
    #[expect(clippy::unused_self, reason = "holding it proves the feature")]
    fn multiply_add(self, sums: int32x4_t, rows: uint32x4_t, columns: uint32x4_t) -> int32x4_t {
        let mut sums = sums;
        // SAFETY: `self` proves the feature; the instruction only changes its register.
        unsafe {
            asm!(
                ".arch_extension i8mm",
                "smmla {sums:v}.4s, {rows:v}.16b, {columns:v}.16b",
                sums = inlateout(vreg) sums,
                rows = in(vreg) rows,
                columns = in(vreg) columns,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }

    /// Adds two steps, whose vectors on the right are `first` and `second`.
    #[inline(always)]
    #[expect(unsafe_code, reason = "calls intrinsics")]
    fn add_steps<const ROWS: usize, const VECTORS: usize>(
        self,
        sums: &mut [[[int32x4_t; 2]; VECTORS]; ROWS],
        pairs: impl Fn(usize) -> uint32x4_t,
        [first, second]: [[uint32x4_t; VECTORS]; 2],
    ) {
        for (vector, (first, second)) in first.into_iter().zip(second).enumerate() {
            // SAFETY: `self` proves NEON.
            let columns = unsafe { [vzip1q_u32(first, second), vzip2q_u32(first, second)] };
            for (pair, sums) in sums[..ROWS.div_ceil(2)].iter_mut().enumerate() {
                for (sums, columns) in sums[vector].iter_mut().zip(columns) {
                    *sums = self.multiply_add(*sums, pairs(pair), columns);
                }
            }
        }
    }
}

impl ByteProducts for I8mm {
    /// Beside the sums, the registers hold a vector of each row and the columns of two steps.
    const SUMS: usize = 12;

    #[inline(always)]
    #[expect(unsafe_code, reason = "reads through pointers")]
    unsafe fn tile_sums<const RAISED: bool, const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile<[u8; 4], [i8; 4]>,
    ) -> [[int32x4_t; VECTORS]; ROWS] {
        // SAFETY: the caller's promise; `self` proves NEON.
        unsafe {
            // Those of two rows; the last half stays unused.
            let mut sums = [[[vdupq_n_s32(0); 2]; VECTORS]; ROWS];
            let mut pairs = [[vdupq_n_u32(0); 2]; ROWS];
            for step in (0..tile.depth - tile.depth % 4).step_by(4) {
                for (pair, halves) in pairs[..ROWS.div_ceil(2)].iter_mut().enumerate() {
                    *halves = pair_of::<RAISED, ROWS>(pair, |row| {
                        vreinterpretq_u32_u8(vld1q_u8(left_at(tile, row, step).cast()))
                    });
                }
                #[expect(clippy::needless_range_loop, reason = "it is the half of every pair")]
                for half in 0..2 {
                    let right = [0, 1].map(|index| right_at(tile, step + 2 * half + index));
                    self.add_steps(&mut sums, |pair| pairs[pair][half], right);
                }
            }
            for step in tile.depth - tile.depth % 4..tile.depth {
                let right = [right_at(tile, step), [vdupq_n_u32(0); VECTORS]];
                let pair = |pair| {
                    pair_of::<RAISED, ROWS>(pair, |row| vld1q_dup_u32(left_at(tile, row, step).cast()))
                };
                self.add_steps(&mut sums, |index| pair(index)[0], right);
            }
            std::array::from_fn(|row| sums[row / 2].map(|sums| row_of_pair(sums, row % 2)))
        }
    }
}

/// The lower halves of the two rows of a pair, and the upper ones. The last row may be both.
#[inline(always)]
#[expect(unsafe_code, reason = "calls intrinsics")]
fn pair_of<const RAISED: bool, const ROWS: usize>(
    pair: usize,
    load: impl Fn(usize) -> uint32x4_t,
) -> [uint32x4_t; 2] {
    let load = |row: usize| lowered::<RAISED>(load(row.min(ROWS - 1)));
    let (first, second) = (load(2 * pair), load(2 * pair + 1));
    // SAFETY: the vectors show that this CPU has NEON.
    unsafe {
        let (first, second) = (vreinterpretq_u64_u32(first), vreinterpretq_u64_u32(second));
        [vreinterpretq_u32_u64(vzip1q_u64(first, second)), vreinterpretq_u32_u64(vzip2q_u64(first, second))]
    }
}

/// One of two rows of sums, which lie in one half of both vectors.
#[inline(always)]
#[expect(unsafe_code, reason = "calls intrinsics")]
fn row_of_pair([first, second]: [int32x4_t; 2], half: usize) -> int32x4_t {
    // SAFETY: the vectors show that this CPU has NEON.
    unsafe {
        let (first, second) = (vreinterpretq_u64_s32(first), vreinterpretq_u64_s32(second));
        vreinterpretq_s32_u64(if half == 0 { vzip1q_u64(first, second) } else { vzip2q_u64(first, second) })
    }
}

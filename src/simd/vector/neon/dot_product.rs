//! Products of fours of bytes (dotprod).

use std::arch::aarch64::{int8x16_t, int32x4_t, uint32x4_t, vreinterpretq_s32_u32};
use std::arch::{asm, is_aarch64_feature_detected};

use super::bytes::{ByteProducts, lowered};
use super::float::Neon;
use super::lanes::{self, LaneProducts, SUMS};
use crate::simd::vector::Tile;

/// A CPU that adds the products of four signed bytes to 32 bits: `sdot`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct DotProduct(Neon);

impl DotProduct {
    /// The proof, if this CPU has the instruction.
    pub(crate) fn detect() -> Option<Self> {
        let neon = Neon::detect()?;
        is_aarch64_feature_detected!("dotprod").then_some(Self(neon))
    }

    /// The proof of the rest.
    pub(crate) const fn neon(self) -> Neon {
        self.0
    }

    /// Adds to each lane the products of four signed bytes. The intrinsic is not stable.
    #[inline(always)]
    #[expect(unsafe_code, reason = "assembly")]
    #[expect(clippy::unused_self, reason = "holding it proves the feature")]
    pub(crate) fn add_products(self, sums: int32x4_t, left: int8x16_t, right: int8x16_t) -> int32x4_t {
        let mut sums = sums;
        // SAFETY: `self` proves the feature; the instruction only changes its register.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {sums:v}.4s, {left:v}.16b, {right:v}.16b",
                sums = inlateout(vreg) sums,
                left = in(vreg) left,
                right = in(vreg) right,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }
}

/// Fours of a row times fours on the right, with `sdot`.
#[derive(Clone, Copy)]
struct Fours<const RAISED: bool>(DotProduct);

impl<const RAISED: bool> LaneProducts for Fours<RAISED> {
    #[inline(always)]
    #[expect(unsafe_code, reason = "assembly")]
    fn multiply_add<const LANE: i32>(
        self,
        sum: uint32x4_t,
        right: uint32x4_t,
        row: uint32x4_t,
    ) -> uint32x4_t {
        let mut sum = sum;
        // SAFETY: the proof in `self`; the instruction only changes its register.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {sum:v}.4s, {right:v}.16b, {row:v}.4b[{lane}]",
                sum = inlateout(vreg) sum,
                right = in(vreg) right,
                row = in(vreg) row,
                lane = const LANE,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sum
    }

    #[inline(always)]
    fn prepare(self, row: uint32x4_t) -> uint32x4_t {
        lowered::<RAISED>(row)
    }
}

impl ByteProducts for DotProduct {
    const SUMS: usize = SUMS;

    #[inline(always)]
    #[expect(unsafe_code, reason = "reads through pointers")]
    unsafe fn tile_sums<const RAISED: bool, const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile<[u8; 4], [i8; 4]>,
    ) -> [[int32x4_t; VECTORS]; ROWS] {
        // SAFETY: the caller's promise; `self` proves NEON.
        unsafe {
            let sums = lanes::tile_sums::<_, _, _, ROWS, VECTORS>(Fours::<RAISED>(self), tile);
            sums.map(|row| row.map(|sum| vreinterpretq_s32_u32(sum)))
        }
    }
}

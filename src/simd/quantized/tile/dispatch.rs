//! The choice of the instructions for products of bytes.

use super::byte_tile::{ByteTile, TileSums};
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::simd::instruction_set::{InstructionSet, Instructions};
use crate::simd::vector::MOST_ROWS;

impl InstructionSet {
    /// Writes the sum of the products of every row and output; they are the same on every CPU.
    ///
    /// # Panics
    ///
    /// If there are no rows, or more than a tile has, or their bytes end too early.
    pub(crate) fn byte_products(self, tile: ByteTile<'_>, sums: &mut TileSums) {
        assert!((1..=MOST_ROWS).contains(&tile.rows), "as many rows as a tile can have");
        assert!(tile.left.len() >= (tile.rows - 1) * tile.stride + tile.panel.len(), "whole rows");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512(_) => unsafe { avx512::byte_products(tile, sums) },
            // SAFETY: both are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::Avx2(_) => unsafe {
                avx2::byte_products(tile, sums);
            },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => portable::byte_products(tile, sums),
            Instructions::Scalar => portable::byte_products(tile, sums),
        }
    }
}

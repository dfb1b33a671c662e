//! The choice of the instructions for products of bytes.

use super::byte_tile::{ByteTile, PANEL_OUTPUTS, StepLayout, TileSums};
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::portable;
#[cfg(target_arch = "x86_64")]
use super::{avx512, ymm};
use crate::simd::instruction_set::{InstructionSet, Instructions};
#[cfg(target_arch = "x86_64")]
use crate::simd::vector::ByteDot;
use crate::simd::vector::MOST_ROWS;
#[cfg(target_arch = "aarch64")]
use crate::simd::vector::{DotProduct, I8mm, Neon};

impl InstructionSet {
    /// The layout of the rows and panels of [`InstructionSet::byte_products`].
    pub(crate) const fn step_layout(self) -> StepLayout {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512WithoutVnni(_) | Instructions::Avx2(_) => StepLayout::WordsOfHalves,
            #[cfg(target_arch = "x86_64")]
            Instructions::AvxVnni(..) => StepLayout::BytesOfHalves,
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(_) | Instructions::DotProduct(_) | Instructions::Neon(_) => {
                StepLayout::SignedBytesOfHalves
            }
            _ => StepLayout::Bytes,
        }
    }

    /// The rows for which [`InstructionSet::byte_products`] is fastest.
    pub(crate) const fn byte_rows(self) -> usize {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => {
                2 * ymm::ROWS
            }
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(_) => neon::rows::<I8mm>(),
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProduct(_) => neon::rows::<DotProduct>(),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(_) => neon::rows::<Neon>(),
            _ => MOST_ROWS,
        }
    }

    /// Writes the sum of the products of every row and output; they are the same on every CPU.
    ///
    /// # Panics
    ///
    /// If there are no rows, or more than a tile has, or their bytes end too early.
    pub(crate) fn byte_products(self, tile: ByteTile<'_>, sums: &mut TileSums) {
        assert!((1..=MOST_ROWS).contains(&tile.rows), "as many rows as a tile can have");
        assert!(tile.left.len() >= (tile.rows - 1) * tile.stride + tile.steps(), "whole rows");
        assert_eq!(tile.weight_sums.len(), PANEL_OUTPUTS, "one sum for each output");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512(_) => unsafe { avx512::byte_products(tile, sums) },
            // SAFETY: both are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::Avx2(_) => unsafe {
                ymm::multiply_words(tile, sums);
            },
            // SAFETY: holding a `ByteDot` proves its encoding, and it is held only beside a proof of AVX2.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::AvxVnni(_, byte_dot) => unsafe {
                match byte_dot {
                    ByteDot::Vex(_) => ymm::multiply_bytes_vex(tile, sums),
                    ByteDot::Evex(_) => ymm::multiply_bytes_evex(tile, sums),
                }
            },
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(i8mm) => neon::byte_products(i8mm, tile, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProduct(dot_product) => neon::byte_products(dot_product, tile, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(neon) => neon::byte_products(neon, tile, sums),
            Instructions::Scalar => portable::byte_products(tile, sums),
        }
    }
}

//! The innermost product: a few rows of unsigned bytes times a panel of signed ones.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;

use crate::simd::kernel::{Instructions, Kernel};
use crate::simd::vector::MOST_ROWS;

/// The outputs of a panel, on every CPU.
pub(crate) const PANEL_OUTPUTS: usize = 32;

/// What a panel has for four inputs: four weights for each output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct PanelStep(pub [[i8; 4]; PANEL_OUTPUTS]);

/// The sums of a tile: whole numbers, one for each row and output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct TileSums(pub [[i32; PANEL_OUTPUTS]; MOST_ROWS]);

/// Some rows of bytes and a panel. Both go on by four inputs a step.
#[derive(Clone, Copy)]
pub(crate) struct ByteTile<'a> {
    /// The bytes of the rows, `stride` steps apart.
    pub left: &'a [[u8; 4]],
    pub stride: usize,
    /// At most [`MOST_ROWS`].
    pub rows: usize,
    pub panel: &'a [PanelStep],
}

impl Kernel {
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
            Instructions::Avx512 => unsafe { avx512::byte_products(tile, sums) },
            // SAFETY: `Instructions::Avx2` is made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx2 => unsafe { avx2::byte_products(tile, sums) },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => portable::byte_products(tile, sums),
            Instructions::Scalar => portable::byte_products(tile, sums),
        }
    }
}

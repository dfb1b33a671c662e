//! Rows and panels of bytes.

use crate::simd::vector::MOST_ROWS;

/// The outputs of a panel, on every CPU.
pub(crate) const PANEL_OUTPUTS: usize = 32;

/// Half of them.
pub(crate) const HALF_PANEL: usize = PANEL_OUTPUTS / 2;

/// The integers of a step of a product: of each row, and of each output of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepLayout {
    /// Four inputs, one byte each.
    Bytes,
    /// As `Bytes`, in a panel whose outputs are split in halves: all steps of the first half come first.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for AVX-VNNI"))]
    BytesOfHalves,
    /// As `BytesOfHalves`; 128 is taken from the bytes of rows, which are signed then.
    #[cfg_attr(not(target_arch = "aarch64"), expect(dead_code, reason = "for NEON"))]
    SignedBytesOfHalves,
    /// Two inputs, each widened to a little-endian integer of 16 bits; a panel is split in halves.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "for AVX2"))]
    WordsOfHalves,
}

impl StepLayout {
    /// The inputs of a step.
    pub(crate) const fn inputs(self) -> usize {
        match self {
            Self::Bytes | Self::BytesOfHalves | Self::SignedBytesOfHalves => 4,
            Self::WordsOfHalves => 2,
        }
    }

    /// The byte of zero in a row whose zero point is 0.
    pub(crate) const fn zero(self) -> u8 {
        if matches!(self, Self::SignedBytesOfHalves) { 128 } else { 0 }
    }

    /// Which of the half steps of a panel of `steps` steps hold the weights of `output`: the first, and the distance from
    /// one to the next.
    pub(crate) const fn half_steps(self, steps: usize, output: usize) -> (usize, usize) {
        let half = output / HALF_PANEL;
        match self {
            Self::Bytes => (half, 2),
            Self::BytesOfHalves | Self::SignedBytesOfHalves | Self::WordsOfHalves => (half * steps, 1),
        }
    }
}

/// The weights of half a panel for one step: four bytes for each output, none of them -128.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct HalfStep(pub [[i8; 4]; HALF_PANEL]);

/// The sums of a tile: whole numbers, one for each row and output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct TileSums(pub [[i32; PANEL_OUTPUTS]; MOST_ROWS]);

/// Some rows of unsigned bytes and a panel of signed ones, in the [`StepLayout`] of the instruction set.
#[derive(Clone, Copy)]
pub(crate) struct ByteTile<'a> {
    /// The steps of the rows, `stride` apart.
    pub left: &'a [[u8; 4]],
    pub stride: usize,
    /// At most [`MOST_ROWS`].
    pub rows: usize,
    /// Two for each step.
    pub panel: &'a [HalfStep],
    /// The sum of the weights of each output: whole numbers.
    pub weight_sums: &'a [f32],
}

impl ByteTile<'_> {
    pub(super) const fn steps(&self) -> usize {
        self.panel.len() / 2
    }
}

//! Rows and panels of bytes.

use crate::simd::vector::MOST_ROWS;

/// The outputs of a panel, on every CPU.
pub(crate) const PANEL_OUTPUTS: usize = 32;

/// The integers of a step of a product: of each row, and of each output of a panel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepLayout {
    /// Four inputs, one byte each.
    Bytes,
    /// Two inputs, each widened to a little-endian integer of 16 bits.
    Words,
}

impl StepLayout {
    /// The inputs of a step.
    pub(crate) const fn inputs(self) -> usize {
        match self {
            Self::Bytes => 4,
            Self::Words => 2,
        }
    }
}

/// The weights of a panel for one step: four bytes for each output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct PanelStep(pub [[i8; 4]; PANEL_OUTPUTS]);

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
    pub panel: &'a [PanelStep],
}

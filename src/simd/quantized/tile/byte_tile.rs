//! Rows and panels of bytes.

use crate::simd::vector::MOST_ROWS;

/// The outputs of a panel, on every CPU.
pub(crate) const PANEL_OUTPUTS: usize = 32;

/// The weights of a panel for four inputs: four for each output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct PanelStep(pub [[i8; 4]; PANEL_OUTPUTS]);

/// The sums of a tile: whole numbers, one for each row and output.
#[derive(Debug, Clone, PartialEq, Eq)]
#[repr(C, align(64))]
pub(crate) struct TileSums(pub [[i32; PANEL_OUTPUTS]; MOST_ROWS]);

/// Some rows of bytes and a panel. Both advance by four inputs per step.
#[derive(Clone, Copy)]
pub(crate) struct ByteTile<'a> {
    /// The bytes of the rows, `stride` steps apart.
    pub left: &'a [[u8; 4]],
    pub stride: usize,
    /// At most [`MOST_ROWS`].
    pub rows: usize,
    pub panel: &'a [PanelStep],
}

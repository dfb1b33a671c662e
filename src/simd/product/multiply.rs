//! A matrix times a run of panels.

use std::marker::PhantomData;
use std::ops::Range;

use super::linear::Store;
use super::panels::PANEL_VECTORS;
use super::tile::{Finish, Target, tiles};
use crate::simd::matrix::Matrix;
use crate::simd::vector::{Operation, Simd, Tile};

/// An output whose columns several threads may write, each its own.
pub(crate) struct OutputPointer<'a> {
    values: *mut f32,
    len: usize,
    stride: usize,
    borrow: PhantomData<&'a mut Matrix>,
}

// SAFETY: the pointer is used through `OutputPointer::tile` only, for the columns of one panel; `for_each_step` gives
// every panel to one thread.
#[expect(unsafe_code, reason = "threads write different columns of one matrix")]
unsafe impl Sync for OutputPointer<'_> {}

impl<'a> OutputPointer<'a> {
    pub(crate) fn new(output: &'a mut Matrix) -> Self {
        let stride = output.stride();
        let values = output.values_mut();
        Self { values: values.as_mut_ptr(), len: values.len(), stride, borrow: PhantomData }
    }

    /// The tile of `rows` rows from `row` on and `width` columns from `column` on, which may go beyond the last into the
    /// room at the end of a row.
    ///
    /// # Panics
    ///
    /// If the output has no such tile.
    #[expect(unsafe_code, reason = "a pointer into the output")]
    pub(crate) fn tile(&self, row: usize, rows: usize, column: usize, width: usize) -> Target {
        let stride = self.stride;
        assert!(column + width <= stride && (row + rows) * stride <= self.len, "a tile of the output");
        // SAFETY: the assertion above.
        Target { values: unsafe { self.values.add(row * stride + column) }, stride }
    }
}

/// Multiplies all rows of `input` by `panels`, whose weights follow one another in `weights`.
pub(crate) struct MultiplyPanels<'a> {
    pub input: &'a Matrix,
    pub weights: &'a [f32],
    pub bias: &'a [f32],
    pub panels: Range<usize>,
    pub output: &'a OutputPointer<'a>,
    pub store: Store,
}

impl Operation for MultiplyPanels<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        // A block of rows stays in the first-level cache while all panels pass.
        for (row, rows) in tiles(self.input.rows(), S::TILE_ROWS) {
            for panel in self.panels.clone() {
                self.multiply_tile(simd, row, rows, panel);
            }
        }
    }
}

impl MultiplyPanels<'_> {
    #[inline(always)]
    #[expect(unsafe_code, reason = "the tile reads and writes through pointers")]
    fn multiply_tile<S: Simd>(&self, simd: S, row: usize, rows: usize, panel: usize) {
        let width = PANEL_VECTORS * S::LANES;
        let (depth, column) = (self.input.columns(), panel * width);
        let left = &self.input.values()[row * self.input.stride()..(row + rows) * self.input.stride()];
        let right = &self.weights[(panel - self.panels.start) * depth * width..][..depth * width];
        let bias = &self.bias[column..column + width];
        let tile = Tile {
            left: left.as_ptr(),
            left_stride: self.input.stride(),
            right: right.as_ptr(),
            right_stride: width,
            depth,
        };
        let target = self.output.tile(row, rows, column, width);
        // SAFETY: the slices hold `rows` rows of `depth` inputs and a whole panel; no other thread has the target.
        unsafe {
            if self.store == Store::Add {
                tile.multiply::<S, PANEL_VECTORS>(simd, rows, &AddBiased { target, bias });
            } else {
                tile.multiply::<S, PANEL_VECTORS>(simd, rows, &Biased { target, bias });
            }
            if let Store::Activate(activation) = self.store {
                target.activate(simd, rows, PANEL_VECTORS, activation);
            }
        }
    }
}

/// Writes sums + bias.
struct Biased<'a> {
    target: Target,
    bias: &'a [f32],
}

/// Adds sums + bias.
struct AddBiased<'a> {
    target: Target,
    bias: &'a [f32],
}

impl<S: Simd> Finish<S> for Biased<'_> {
    #[inline(always)]
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn finish(&self, simd: S, row: usize, vector: usize, sums: S::Vector) {
        let biased = simd.add(sums, simd.load(&self.bias[vector * S::LANES..]));
        // SAFETY: the caller's promise.
        unsafe { simd.store_to(biased, self.target.at::<S>(row, vector)) }
    }
}

impl<S: Simd> Finish<S> for AddBiased<'_> {
    #[inline(always)]
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn finish(&self, simd: S, row: usize, vector: usize, sums: S::Vector) {
        let biased = simd.add(sums, simd.load(&self.bias[vector * S::LANES..]));
        // SAFETY: the caller's promise.
        unsafe {
            let target = self.target.at::<S>(row, vector);
            simd.store_to(simd.add(simd.load_from(target), biased), target);
        }
    }
}

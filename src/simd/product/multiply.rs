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

// SAFETY: the pointer is used by `MultiplyPanels` only, and only for the columns of its panels; `Linear::apply`, the
// only maker, gives every panel to one thread.
#[expect(unsafe_code, reason = "threads write different columns of one matrix")]
unsafe impl Sync for OutputPointer<'_> {}

impl<'a> OutputPointer<'a> {
    pub(crate) fn new(output: &'a mut Matrix) -> Self {
        let stride = output.stride();
        let values = output.values_mut();
        Self { values: values.as_mut_ptr(), len: values.len(), stride, borrow: PhantomData }
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
        let stride = self.output.stride;
        assert!(column + width <= stride && (row + rows) * stride <= self.output.len, "a tile of the output");
        let tile = Tile {
            left: left.as_ptr(),
            left_stride: self.input.stride(),
            right: right.as_ptr(),
            right_stride: width,
            depth,
        };
        // SAFETY: the assertion above; no other thread has this panel.
        let target = Target { values: unsafe { self.output.values.add(row * stride + column) }, stride };
        // SAFETY: the slices hold `rows` rows of `depth` inputs and a whole panel; the target, as above.
        unsafe {
            if self.store == Store::Add {
                tile.multiply::<S, PANEL_VECTORS>(simd, rows, &AddBiased { target, bias });
            } else {
                tile.multiply::<S, PANEL_VECTORS>(simd, rows, &Biased { target, bias });
            }
            if let Store::Activate(activation) = self.store {
                // In a second pass, which finds the constants of the function in registers.
                for row in 0..rows {
                    for vector in 0..PANEL_VECTORS {
                        let target = target.at::<S>(row, vector);
                        simd.store_to(activation.apply(simd, simd.load_from(target)), target);
                    }
                }
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

//! A matrix times a run of panels.

use std::ops::Range;

use super::output_pointer::OutputPointer;
use super::panels::PANEL_VECTORS;
use super::store::Store;
use super::tile::{Finish, Target, tiles};
use crate::simd::matrix::Matrix;
use crate::simd::vector::{Operation, Simd, Tile};

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

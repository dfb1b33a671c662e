//! Quantized activations times a run of panels of quantized weights.

use std::ops::Range;

use super::activations::{Activations, Reading};
use super::tile::{ByteTile, PANEL_OUTPUTS, TileSums};
use super::weights::{Panel, QuantizedWeights};
use crate::simd::instruction_set::InstructionSet;
use crate::simd::product::{OutputPointer, Store, tiles};
use crate::simd::vector::{MOST_ROWS, Operation, Simd};

/// Multiplies all rows of `input` by `panels`.
pub(super) struct MultiplyBytes<'a> {
    pub set: InstructionSet,
    pub input: &'a Activations,
    pub weights: &'a QuantizedWeights,
    pub bias: &'a [f32],
    pub panels: Range<usize>,
    pub output: &'a OutputPointer<'a>,
    pub store: Store,
}

impl Operation for MultiplyBytes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let mut sums = TileSums([[0; PANEL_OUTPUTS]; MOST_ROWS]);
        // A block of rows stays in the first-level cache while all panels pass.
        for (row, rows) in tiles(self.input.rows(), self.set.byte_rows()) {
            for panel in self.panels.clone() {
                let (left, stride) = (self.input.rows_from(row), self.input.stride());
                let Panel { steps, sums: weight_sums, .. } = self.weights.panel(panel);
                let tile = ByteTile { left, stride, rows, panel: steps, weight_sums };
                self.set.byte_products(tile, &mut sums);
                self.finish(simd, row, rows, panel, &sums);
            }
        }
    }
}

impl MultiplyBytes<'_> {
    /// From whole numbers to the output.
    #[inline(always)]
    #[expect(unsafe_code, reason = "the tile is written through a pointer")]
    fn finish<S: Simd>(&self, simd: S, row: usize, rows: usize, panel: usize, sums: &TileSums) {
        let vectors = PANEL_OUTPUTS / S::LANES;
        let column = panel * PANEL_OUTPUTS;
        let target = self.output.tile(row, rows, column, PANEL_OUTPUTS);
        let (panel, bias) = (self.weights.panel(panel), &self.bias[column..column + PANEL_OUTPUTS]);
        for (index, sums) in sums.0[..rows].iter().enumerate() {
            let reading = self.input.reading(row + index);
            for vector in 0..vectors {
                let first = vector * S::LANES;
                let scaled = dequantize(simd, reading, panel, first, &sums[first..]);
                let values = simd.add(scaled, simd.load(&bias[first..]));
                // SAFETY: the target has so many rows and vectors, and no other thread has it.
                unsafe { write(simd, self.store, values, target.at::<S>(index, vector)) }
            }
        }
        if let Store::Activate(activation) = self.store {
            // SAFETY: as above.
            unsafe { target.activate(simd, rows, vectors, activation) }
        }
    }
}

/// The float32 values of `sums` of the outputs from `first` on.
#[inline(always)]
fn dequantize<S: Simd>(simd: S, reading: Reading, panel: Panel<'_>, first: usize, sums: &[i32]) -> S::Vector {
    let raised = simd.multiply(simd.splat(reading.zero), simd.load(&panel.sums[first..]));
    let scale = simd.multiply(simd.splat(reading.scale), simd.load(&panel.scales[first..]));
    simd.multiply(simd.subtract(simd.load_integers(sums), raised), scale)
}

/// # Safety
///
/// `target` is valid for reading and writing a vector.
#[inline(always)]
#[expect(unsafe_code, reason = "writes through a pointer")]
unsafe fn write<S: Simd>(simd: S, store: Store, values: S::Vector, target: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe {
        match store {
            Store::Add => simd.store_to(simd.add(simd.load_from(target), values), target),
            Store::Replace | Store::Activate(_) => simd.store_to(values, target),
        }
    }
}

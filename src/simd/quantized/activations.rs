//! Activations as unsigned bytes, or as the same numbers less 128 or widened to 16 bits.

use rayon::prelude::*;

use super::tile::StepLayout;
use crate::simd::instruction_set::InstructionSet;
use crate::simd::matrix::Matrix;
use crate::simd::product::Threads;
use crate::simd::vector::{Operation, Simd};

/// The largest byte.
const LARGEST: f32 = 255.0;

/// Added to every row, in steps: with rows a power of two apart, many would share one set of the first-level cache.
const ROW_GAP: usize = 16;

/// The rows that one thread quantizes at a time when threads share the work.
const SHARED_ROWS: usize = 32;

/// How the bytes of a row are read: `(byte - zero) * scale`.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Reading {
    pub scale: f32,
    /// A whole number from 0 to 255.
    pub zero: f32,
}

/// A matrix whose rows are quantized, each by its own range.
#[derive(Debug, Default)]
pub(super) struct Activations {
    steps: Vec<[u8; 4]>,
    readings: Vec<Reading>,
    stride: usize,
}

impl Activations {
    /// Replaces these by the quantized rows of `matrix`.
    pub(super) fn quantize(&mut self, set: InstructionSet, matrix: &Matrix, threads: Threads) {
        let (columns, layout) = (matrix.columns(), set.step_layout());
        let stride = columns.div_ceil(layout.inputs()) + ROW_GAP;
        let size = columns * size_of::<[u8; 4]>() / layout.inputs();
        self.stride = stride;
        self.steps.resize(matrix.rows() * stride, [0; 4]);
        self.readings.resize(matrix.rows(), Reading::default());
        let quantize = |row: usize, steps: &mut [[u8; 4]], reading: &mut Reading| {
            let target = &mut steps.as_flattened_mut()[..size];
            *reading = set.run(QuantizeRow { values: matrix.row(row), target, layout });
        };
        match threads {
            Threads::One => {
                let rows = self.steps.chunks_exact_mut(stride).zip(&mut self.readings);
                rows.enumerate().for_each(|(row, (steps, reading))| quantize(row, steps, reading));
            }
            Threads::All => {
                let rows = self.steps.par_chunks_exact_mut(stride).zip(&mut self.readings);
                let rows = rows.enumerate().with_min_len(SHARED_ROWS);
                rows.for_each(|(row, (steps, reading))| quantize(row, steps, reading));
            }
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.readings.len()
    }

    /// The rows from `row` on, [`Activations::stride`] steps apart.
    pub(super) fn rows_from(&self, row: usize) -> &[[u8; 4]] {
        &self.steps[row * self.stride..]
    }

    pub(super) const fn stride(&self) -> usize {
        self.stride
    }

    pub(super) fn reading(&self, row: usize) -> Reading {
        self.readings[row]
    }
}

struct QuantizeRow<'a> {
    values: &'a [f32],
    /// One byte for each value, or two.
    target: &'a mut [u8],
    layout: StepLayout,
}

impl Operation for QuantizeRow<'_> {
    type Output = Reading;

    /// Every instruction here rounds identically on every CPU.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> Reading {
        let (least, greatest) = range(simd, self.values);
        let range = greatest - least;
        if range == 0.0 {
            self.target.fill(self.layout.zero());
            return Reading::default();
        }
        let per_unit = LARGEST / range;
        let zero = (-least * per_unit).round_ties_even();
        let size = size_of::<[u8; 4]>() / self.layout.inputs();
        let mut values = self.values.chunks_exact(S::LANES);
        let mut targets = self.target.chunks_exact_mut(S::LANES * size);
        for (values, target) in (&mut values).zip(&mut targets) {
            write(simd, self.layout, bytes_of(simd, simd.load(values), per_unit, zero), target);
        }
        let rest = bytes_of(simd, simd.load_partial(values.remainder(), 0.0), per_unit, zero);
        write(simd, self.layout, rest, targets.into_remainder());
        Reading { scale: range / LARGEST, zero }
    }
}

#[inline(always)]
fn write<S: Simd>(simd: S, layout: StepLayout, vector: S::Vector, target: &mut [u8]) {
    match layout {
        StepLayout::Bytes | StepLayout::BytesOfHalves => simd.store_as_bytes(vector, target),
        StepLayout::SignedBytesOfHalves => {
            simd.store_as_bytes(simd.subtract(simd.round(vector), simd.splat(128.0)), target);
        }
        StepLayout::WordsOfHalves => simd.store_as_words(vector, target),
    }
}

#[inline(always)]
fn bytes_of<S: Simd>(simd: S, values: S::Vector, per_unit: f32, zero: f32) -> S::Vector {
    let shifted = simd.add(simd.multiply(values, simd.splat(per_unit)), simd.splat(zero));
    simd.minimum(simd.maximum(shifted, simd.splat(0.0)), simd.splat(LARGEST))
}

/// The least and the greatest of `values` and 0, which is then exact.
#[inline(always)]
fn range<S: Simd>(simd: S, values: &[f32]) -> (f32, f32) {
    let vectors = values.chunks_exact(S::LANES);
    let rest = simd.load_partial(vectors.remainder(), 0.0);
    let zeros = simd.splat(0.0);
    let (mut least, mut greatest) = (simd.minimum(rest, zeros), simd.maximum(rest, zeros));
    for vector in vectors {
        let values = simd.load(vector);
        (least, greatest) = (simd.minimum(least, values), simd.maximum(greatest, values));
    }
    (-simd.greatest_lane(simd.subtract(zeros, least)), simd.greatest_lane(greatest))
}

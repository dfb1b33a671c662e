//! Layer normalization (Ba et al., arXiv 1607.06450).

use super::aligned::AlignedValues;
use super::instruction_set::InstructionSet;
use super::stored::StoredMatrix;
use super::vector::{Operation, Simd};

/// Scales every row to mean 0 and variance 1, then by a learned weight and bias for each column.
#[derive(Debug)]
pub struct LayerNorm {
    set: InstructionSet,
    weight: AlignedValues,
    bias: AlignedValues,
    columns: usize,
    epsilon: f32,
}

impl LayerNorm {
    /// Creates a normalization from a weight and a bias of 1 x columns; `None` if the shapes do not fit. `epsilon` is
    /// added to the variance.
    #[must_use]
    pub fn new(
        set: InstructionSet,
        weight: &StoredMatrix,
        bias: &StoredMatrix,
        epsilon: f32,
    ) -> Option<Self> {
        let columns = weight.columns();
        if weight.rows() != 1 || bias.rows() != 1 || bias.columns() != columns || columns == 0 {
            return None;
        }
        let read = |stored: &StoredMatrix| {
            let mut values = AlignedValues::zeroed(columns);
            values.iter_mut().zip(stored.row(0)).for_each(|(target, value)| *target = value);
            values
        };
        Some(Self { set, weight: read(weight), bias: read(bias), columns, epsilon })
    }

    /// Normalizes rows of one value for each column, `stride` apart, in place.
    ///
    /// # Panics
    ///
    /// If `stride` is less than a row.
    pub fn apply(&self, rows: &mut [f32], stride: usize) {
        assert!(stride >= self.columns, "room for a row");
        self.set.run(Normalize { norm: self, rows, stride });
    }
}

struct Normalize<'a> {
    norm: &'a LayerNorm,
    rows: &'a mut [f32],
    stride: usize,
}

impl Operation for Normalize<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for row in self.rows.chunks_exact_mut(self.stride) {
            normalize_row(simd, self.norm, &mut row[..self.norm.columns]);
        }
    }
}

#[inline(always)]
fn normalize_row<S: Simd>(simd: S, norm: &LayerNorm, row: &mut [f32]) {
    let count = row.len() as f32;
    let mean = simd.splat(sum(simd, row) / count);
    let variance = sum_of_squares(simd, row, mean) / count;
    let scale = simd.splat(1.0 / (variance + norm.epsilon).sqrt());
    let mut weights = norm.weight.chunks_exact(S::LANES);
    let mut biases = norm.bias.chunks_exact(S::LANES);
    let mut vectors = row.chunks_exact_mut(S::LANES);
    for ((vector, weight), bias) in (&mut vectors).zip(&mut weights).zip(&mut biases) {
        let scaled = simd.multiply(simd.subtract(simd.load(vector), mean), scale);
        simd.store(simd.multiply_add(scaled, simd.load(weight), simd.load(bias)), vector);
    }
    let rest = vectors.into_remainder();
    if !rest.is_empty() {
        let scaled = simd.multiply(simd.subtract(simd.load_partial(rest, 0.0), mean), scale);
        let weight = simd.load_partial(weights.remainder(), 0.0);
        let bias = simd.load_partial(biases.remainder(), 0.0);
        simd.store_partial(simd.multiply_add(scaled, weight, bias), rest);
    }
}

#[inline(always)]
fn sum<S: Simd>(simd: S, row: &[f32]) -> f32 {
    let vectors = row.chunks_exact(S::LANES);
    let rest = vectors.remainder();
    let mut sums = if rest.is_empty() { simd.splat(0.0) } else { simd.load_partial(rest, 0.0) };
    for vector in vectors {
        sums = simd.add(sums, simd.load(vector));
    }
    simd.sum_of_lanes(sums)
}

/// The sum of the squared distances from `mean`.
#[inline(always)]
fn sum_of_squares<S: Simd>(simd: S, row: &[f32], mean: S::Vector) -> f32 {
    let vectors = row.chunks_exact(S::LANES);
    let rest = vectors.remainder();
    let mut sums = simd.splat(0.0);
    for vector in vectors {
        let distance = simd.subtract(simd.load(vector), mean);
        sums = simd.multiply_add(distance, distance, sums);
    }
    if !rest.is_empty() {
        let distance = simd.subtract(simd.load_partial(rest, 0.0), mean);
        let kept = simd.keep_first(distance, rest.len(), 0.0);
        sums = simd.multiply_add(kept, kept, sums);
    }
    simd.sum_of_lanes(sums)
}

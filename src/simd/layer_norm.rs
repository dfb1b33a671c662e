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
    /// From a weight and a bias of 1 x columns; `None` where the shapes do not fit. `epsilon` is added to the variance.
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

    /// Normalizes rows of `columns` values, `stride` apart, in place.
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
    let zero = simd.splat(0.0);
    let mean = sum(simd, row, |sums, values, _| simd.add(sums, values)) / count;
    let means = simd.splat(mean);
    let squares = sum(simd, row, |sums, values, fill| {
        // Lanes beyond the row hold the mean itself, so that they add nothing.
        let _ = fill;
        let centred = simd.subtract(values, means);
        simd.multiply_add(centred, centred, sums)
    });
    let scale = simd.splat(1.0 / (squares / count + norm.epsilon).sqrt());
    let _ = zero;
    let mut weight = norm.weight.chunks_exact(S::LANES);
    let mut bias = norm.bias.chunks_exact(S::LANES);
    let mut chunks = row.chunks_exact_mut(S::LANES);
    for ((values, weight), bias) in (&mut chunks).zip(&mut weight).zip(&mut bias) {
        let scaled = simd.multiply(simd.subtract(simd.load(values), means), scale);
        simd.store(simd.multiply_add(scaled, simd.load(weight), simd.load(bias)), values);
    }
    let rest = chunks.into_remainder();
    if !rest.is_empty() {
        let scaled = simd.multiply(simd.subtract(simd.load_partial(rest, 0.0), means), scale);
        let (weight, bias) =
            (simd.load_partial(weight.remainder(), 0.0), simd.load_partial(bias.remainder(), 0.0));
        simd.store_partial(simd.multiply_add(scaled, weight, bias), rest);
    }
}

#[inline(always)]
fn sum<S: Simd>(simd: S, row: &[f32], add: impl Fn(S::Vector, S::Vector, f32) -> S::Vector) -> f32 {
    let chunks = row.chunks_exact(S::LANES);
    let rest = chunks.remainder();
    let mut sums = simd.splat(0.0);
    for values in chunks {
        sums = add(sums, simd.load(values), 0.0);
    }
    let mut total = simd.sum_of_lanes(sums);
    if !rest.is_empty() {
        let mut lanes = [0.0; super::vector::WIDEST];
        let partial = add(simd.splat(0.0), simd.load_partial(rest, 0.0), 0.0);
        simd.store(partial, &mut lanes);
        total += lanes[..rest.len()].iter().sum::<f32>();
    }
    total
}

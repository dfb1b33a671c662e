//! Weights in the order in which a product reads them.
//!
//! A file stores one row of inputs for each output. A product reads panels: for each input in turn, the weights of as
//! many outputs as a tile is wide, next to each other.

use crate::simd::stored::{Element, StoredMatrix};
use crate::simd::vector::{Operation, Simd, WIDEST};

/// The vectors across a panel.
pub(crate) const PANEL_VECTORS: usize = 2;

/// Writes one panel: inputs x (two vectors of outputs), zeros for outputs beyond the last.
pub(crate) struct WidenPanel<'a> {
    /// Matrices of outputs x inputs, one below another.
    pub sources: &'a [StoredMatrix],
    /// The index of the panel.
    pub index: usize,
    /// Inputs x panel width.
    pub target: &'a mut [f32],
}

impl Operation for WidenPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let width = PANEL_VECTORS * S::LANES;
        let inputs = self.sources[0].columns();
        assert_eq!(self.target.len(), inputs * width, "room for a panel");
        for vector in 0..PANEL_VECTORS {
            let first = self.index * width + vector * S::LANES;
            let rows: [&[u8]; WIDEST] = std::array::from_fn(|lane| source_row(self.sources, first + lane));
            let target = &mut self.target[vector * S::LANES..];
            match self.sources[0].element() {
                Element::Float16 => {
                    transpose_rows::<S, 2>(simd, &rows, inputs, target, |bytes| simd.widen(bytes));
                }
                Element::Float32 => {
                    transpose_rows::<S, 4>(simd, &rows, inputs, target, |bytes| simd.load_bytes(bytes));
                }
            }
        }
    }
}

/// The bytes of the row at `index`, counted through all `sources`; none beyond the last.
#[inline(always)]
pub(crate) fn source_row(sources: &[StoredMatrix], mut index: usize) -> &[u8] {
    for source in sources {
        if index < source.rows() {
            return source.row_bytes(index);
        }
        index -= source.rows();
    }
    &[]
}

#[inline(always)]
fn transpose_rows<S: Simd, const BYTES: usize>(
    simd: S,
    rows: &[&[u8]; WIDEST],
    inputs: usize,
    target: &mut [f32],
    load: impl Fn(&[u8]) -> S::Vector,
) {
    let width = PANEL_VECTORS * S::LANES;
    let whole = inputs - inputs % S::LANES;
    if rows[..S::LANES].iter().all(|row| row.len() == inputs * BYTES) {
        for input in (0..whole).step_by(S::LANES) {
            let row = |lane: usize| load(&rows[lane][input * BYTES..]);
            simd.transpose(row, &mut target[input * width..], width, S::LANES);
        }
    } else {
        for input in (0..whole).step_by(S::LANES) {
            let row = |lane: usize| load_padded::<S, BYTES>(&load, rows[lane], input);
            simd.transpose(row, &mut target[input * width..], width, S::LANES);
        }
    }
    if whole < inputs {
        let row = |lane: usize| load_padded::<S, BYTES>(&load, rows[lane], whole);
        simd.transpose(row, &mut target[whole * width..], width, inputs - whole);
    }
}

/// The values of `row` from `start` on, at most a vector of them, and zeros beyond.
#[inline(always)]
fn load_padded<S: Simd, const BYTES: usize>(
    load: impl Fn(&[u8]) -> S::Vector,
    row: &[u8],
    start: usize,
) -> S::Vector {
    let mut bytes = [0; WIDEST * size_of::<f32>()];
    let rest = row.get(start * BYTES..).unwrap_or_default();
    let count = rest.len().min(S::LANES * BYTES);
    bytes[..count].copy_from_slice(&rest[..count]);
    load(&bytes)
}

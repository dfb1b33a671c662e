//! A linear layer: weights, bias, and the two forms of its weights.

use std::ops::Range;
use std::sync::OnceLock;

use super::multiply::MultiplyPanels;
use super::output_pointer::OutputPointer;
use super::panels::{PANEL_VECTORS, WidenPanel};
use super::steps::{Threads, for_each_step};
use super::store::Store;
use crate::simd::aligned::{AlignedValues, with_scratch};
use crate::simd::instruction_set::InstructionSet;
use crate::simd::matrix::Matrix;
use crate::simd::stored::StoredMatrix;

/// A linear layer, `input x weights^T + bias`.
///
/// The weights are read from the file and widened panel by panel, or from a copy in panel order that [`Linear::pack`]
/// creates once. Both give the same bits.
#[derive(Debug)]
pub struct Linear {
    set: InstructionSet,
    sources: Vec<StoredMatrix>,
    /// One value per output, then zeros to whole panels.
    bias: AlignedValues,
    inputs: usize,
    outputs: usize,
    packed: OnceLock<AlignedValues>,
}

impl Linear {
    /// Stacks layers that read the same input: `(weights, bias)` of each, weights of outputs x inputs, bias of
    /// 1 x outputs. `None` where the shapes do not fit.
    #[must_use]
    pub fn new(set: InstructionSet, layers: Vec<(StoredMatrix, StoredMatrix)>) -> Option<Self> {
        let first = layers.first()?.0.clone();
        let fits = layers.iter().all(|(weights, bias)| {
            weights.columns() == first.columns()
                && weights.element() == first.element()
                && bias.rows() == 1
                && bias.columns() == weights.rows()
        });
        if !fits || first.columns() == 0 {
            return None;
        }
        let outputs = layers.iter().map(|(weights, _)| weights.rows()).sum::<usize>();
        let width = PANEL_VECTORS * set.lanes();
        let mut bias = AlignedValues::zeroed(outputs.next_multiple_of(width));
        let values = layers.iter().flat_map(|(_, bias)| bias.row(0));
        bias.iter_mut().zip(values).for_each(|(target, value)| *target = value);
        let sources = layers.into_iter().map(|(weights, _)| weights).collect();
        Some(Self { set, sources, bias, inputs: first.columns(), outputs, packed: OnceLock::new() })
    }

    /// The width of the input.
    #[must_use]
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// The width of the output.
    #[must_use]
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// Stores the weights in panel order as float32 for all further products: `4 x inputs x outputs` bytes, for faster
    /// products.
    ///
    /// Invariant: packing runs only on the calling thread. A rayon worker that waits for others within the cell could
    /// start another job that packs this layer, and deadlock.
    pub fn pack(&self) {
        self.packed.get_or_init(|| {
            let mut packed = AlignedValues::zeroed(self.panels() * self.panel_len());
            for (index, panel) in packed.chunks_exact_mut(self.panel_len()).enumerate() {
                self.set.run(WidenPanel { sources: &self.sources, index, target: panel });
            }
            packed
        });
    }

    /// Computes `input x weights^T + bias` into `output`, which gets a row for each of `input`.
    ///
    /// # Panics
    ///
    /// If the columns do not fit, or for [`Store::Add`] the rows.
    pub fn apply(&self, input: &Matrix, output: &mut Matrix, store: Store, threads: Threads) {
        assert_eq!(input.columns(), self.inputs, "one column per input");
        assert_eq!(output.columns(), self.outputs, "one column per output");
        if store != Store::Add {
            output.reset_rows(input.rows());
        }
        assert_eq!(input.rows(), output.rows(), "one output row per input row");
        let pointer = OutputPointer::new(output);
        for_each_step(self.panels(), size_of::<f32>() * self.panel_len(), threads, |range| {
            self.with_panels(range.clone(), |weights| {
                self.set.run(MultiplyPanels {
                    input,
                    weights,
                    bias: &self.bias,
                    panels: range,
                    output: &pointer,
                    store,
                });
            });
        });
    }

    fn with_panels(&self, range: Range<usize>, work: impl FnOnce(&[f32])) {
        let len = self.panel_len();
        if let Some(packed) = self.packed.get() {
            return work(&packed[range.start * len..range.end * len]);
        }
        with_scratch(range.len() * len, |scratch| {
            for (index, panel) in range.zip(scratch.chunks_exact_mut(len)) {
                self.set.run(WidenPanel { sources: &self.sources, index, target: panel });
            }
            work(scratch);
        });
    }

    fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL_VECTORS * self.set.lanes())
    }

    fn panel_len(&self) -> usize {
        self.inputs * PANEL_VECTORS * self.set.lanes()
    }
}

//! A linear layer in 8-bit integers.

use std::cell::Cell;
use std::ops::Range;
use std::sync::OnceLock;

use super::activations::Activations;
use super::multiply::MultiplyBytes;
use super::tile::{HalfStep, PANEL_OUTPUTS};
use super::weights::QuantizedWeights;
use crate::simd::aligned::AlignedValues;
use crate::simd::instruction_set::InstructionSet;
use crate::simd::matrix::Matrix;
use crate::simd::product::{OutputPointer, Store, Threads, for_each_step};
use crate::simd::stored::StoredMatrix;

/// A linear layer, `input x weights^T + bias`, of quantized weights and input.
///
/// The weights are read from the file and quantized panel by panel, or from a copy that [`QuantizedLinear::pack`]
/// creates once. Both give the same bits.
#[derive(Debug)]
pub struct QuantizedLinear {
    set: InstructionSet,
    sources: Vec<StoredMatrix>,
    /// One value per output, then zeros to whole panels.
    bias: AlignedValues,
    inputs: usize,
    outputs: usize,
    packed: OnceLock<QuantizedWeights>,
}

thread_local! {
    /// The memory of quantized inputs, reused from product to product.
    static INPUT: Cell<Activations> = Cell::default();
}

impl QuantizedLinear {
    /// Stacks layers that read the same input: `(weights, bias)` of each, weights of outputs x inputs, bias of
    /// 1 x outputs. `None` where the shapes do not fit.
    #[must_use]
    pub fn new(set: InstructionSet, layers: Vec<(StoredMatrix, StoredMatrix)>) -> Option<Self> {
        let (inputs, element) = layers.first().map(|(weights, _)| (weights.columns(), weights.element()))?;
        let fits = layers.iter().all(|(weights, bias)| {
            weights.columns() == inputs
                && weights.element() == element
                && [bias.rows(), bias.columns()] == [1, weights.rows()]
        });
        if !fits || inputs == 0 {
            return None;
        }
        let outputs = layers.iter().map(|(weights, _)| weights.rows()).sum::<usize>();
        let mut bias = AlignedValues::zeroed(outputs.next_multiple_of(PANEL_OUTPUTS));
        let values = layers.iter().flat_map(|(_, bias)| bias.row(0));
        bias.iter_mut().zip(values).for_each(|(target, value)| *target = value);
        let sources = layers.into_iter().map(|(weights, _)| weights).collect();
        Some(Self { set, sources, bias, inputs, outputs, packed: OnceLock::new() })
    }

    /// Stores quantized weights for all further products: `inputs x outputs` integers, each of one byte or, on AVX2, two,
    /// for faster products.
    ///
    /// Invariant: packing runs only on the calling thread, as in [`Linear::pack`](crate::simd::Linear::pack).
    pub fn pack(&self) {
        self.packed.get_or_init(|| QuantizedWeights::new(self.set, &self.sources, 0..self.panels()));
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
        // Taken, not borrowed: a thread that waits for others may meanwhile start another product.
        let mut activations = INPUT.take();
        activations.quantize(self.set, input, threads);
        let pointer = OutputPointer::new(output);
        let panel_bytes = self.inputs.div_ceil(self.set.step_layout().inputs()) * 2 * size_of::<HalfStep>();
        for_each_step(self.panels(), panel_bytes, threads, |panels| {
            self.with_panels(panels.clone(), |weights| {
                self.set.run(MultiplyBytes {
                    set: self.set,
                    input: &activations,
                    weights,
                    bias: &self.bias,
                    panels,
                    output: &pointer,
                    store,
                });
            });
        });
        INPUT.set(activations);
    }

    fn with_panels(&self, panels: Range<usize>, work: impl FnOnce(&QuantizedWeights)) {
        match self.packed.get() {
            Some(weights) => work(weights),
            None => work(&QuantizedWeights::new(self.set, &self.sources, panels)),
        }
    }

    fn panels(&self) -> usize {
        self.outputs.div_ceil(PANEL_OUTPUTS)
    }
}

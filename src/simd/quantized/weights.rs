//! Weights as signed bytes, in the order in which a product reads them.

use super::tile::{PANEL_OUTPUTS, PanelStep};
use crate::simd::aligned::AlignedValues;
use crate::simd::instruction_set::InstructionSet;
use crate::simd::product::source_row;
use crate::simd::stored::{Element, StoredMatrix};
use crate::simd::vector::{Operation, Simd, WIDEST};

/// The largest byte; the least is its opposite, so that no weight is favoured by its sign.
const LARGEST: f32 = 127.0;

/// Matrices of outputs x inputs, one below another, each output with a scale of its own.
#[derive(Debug)]
pub(super) struct QuantizedWeights {
    /// For each panel of outputs, all inputs by fours; zeros beyond the last output and input.
    steps: Vec<PanelStep>,
    steps_per_panel: usize,
    /// One for each output: what a byte of 1 stands for.
    pub scales: AlignedValues,
    /// One for each output: the sum of its bytes.
    pub sums: AlignedValues,
}

impl QuantizedWeights {
    pub(super) fn new(set: InstructionSet, sources: &[StoredMatrix]) -> Self {
        let outputs: usize = sources.iter().map(StoredMatrix::rows).sum();
        let steps_per_panel = sources[0].columns().div_ceil(4);
        let panels = outputs.div_ceil(PANEL_OUTPUTS);
        let mut weights = Self {
            steps: vec![PanelStep([[0; 4]; PANEL_OUTPUTS]); panels * steps_per_panel],
            steps_per_panel,
            scales: AlignedValues::zeroed(panels * PANEL_OUTPUTS),
            sums: AlignedValues::zeroed(panels * PANEL_OUTPUTS),
        };
        for (panel, steps) in weights.steps.chunks_exact_mut(steps_per_panel).enumerate() {
            for lane in 0..PANEL_OUTPUTS.min(outputs - panel * PANEL_OUTPUTS) {
                let output = panel * PANEL_OUTPUTS + lane;
                let (row, element) = (source_row(sources, output), sources[0].element());
                let scale = set.run(QuantizeOutput { row, element, steps: &mut *steps, lane });
                weights.scales[output] = scale;
                weights.sums[output] = sum_of_bytes(steps, lane) as f32;
            }
        }
        weights
    }

    pub(super) fn panels(&self) -> usize {
        self.scales.len() / PANEL_OUTPUTS
    }

    pub(super) const fn panel_bytes(&self) -> usize {
        self.steps_per_panel * size_of::<PanelStep>()
    }

    pub(super) fn panel(&self, index: usize) -> &[PanelStep] {
        &self.steps[index * self.steps_per_panel..][..self.steps_per_panel]
    }
}

fn sum_of_bytes(steps: &[PanelStep], lane: usize) -> i32 {
    steps.iter().flat_map(|step| step.0[lane]).map(i32::from).sum()
}

/// Writes the bytes of one output and returns their scale.
struct QuantizeOutput<'a> {
    row: &'a [u8],
    element: Element,
    steps: &'a mut [PanelStep],
    lane: usize,
}

impl Operation for QuantizeOutput<'_> {
    type Output = f32;

    /// No instruction here rounds otherwise on another CPU.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> f32 {
        let size = S::LANES * self.element.bytes();
        let mut greatest = simd.splat(0.0);
        for bytes in self.row.chunks(size) {
            let values = load(simd, self.element, bytes);
            let opposite = simd.subtract(simd.splat(0.0), values);
            greatest = simd.maximum(greatest, simd.maximum(values, opposite));
        }
        let greatest = simd.greatest_lane(greatest);
        let per_unit = simd.splat(if greatest > 0.0 { LARGEST / greatest } else { 0.0 });
        for (bytes, steps) in self.row.chunks(size).zip(self.steps.chunks_mut(S::LANES / 4)) {
            let mut quantized = [0; WIDEST];
            let scaled = simd.multiply(load(simd, self.element, bytes), per_unit);
            simd.store_as_bytes(scaled, &mut quantized[..S::LANES]);
            for (step, four) in steps.iter_mut().zip(quantized.as_chunks().0) {
                step.0[self.lane] = four.map(u8::cast_signed);
            }
        }
        greatest / LARGEST
    }
}

/// A vector of the numbers in `bytes`, zeros beyond the last.
#[inline(always)]
fn load<S: Simd>(simd: S, element: Element, bytes: &[u8]) -> S::Vector {
    let mut padded = [0; WIDEST * size_of::<f32>()];
    let bytes = if bytes.len() == S::LANES * element.bytes() {
        bytes
    } else {
        padded[..bytes.len()].copy_from_slice(bytes);
        &padded
    };
    match element {
        Element::Float16 => simd.widen(bytes),
        Element::Float32 => simd.load_bytes(bytes),
    }
}

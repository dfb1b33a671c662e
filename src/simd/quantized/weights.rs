//! Weights as signed bytes, or the same numbers widened to 16 bits, in the order in which a product reads them.

use std::ops::Range;

use super::tile::{PANEL_OUTPUTS, PanelStep, StepLayout};
use crate::simd::aligned::AlignedValues;
use crate::simd::instruction_set::InstructionSet;
use crate::simd::product::source_row;
use crate::simd::stored::{Element, StoredMatrix};
use crate::simd::vector::{Operation, Simd, WIDEST};

/// The largest byte; the least is its opposite, so that both signs have the same range.
const LARGEST: f32 = 127.0;

/// A run of panels of matrices of outputs x inputs, one below another; each output has a scale of its own.
#[derive(Debug)]
pub(super) struct QuantizedWeights {
    /// For each panel of outputs, the steps of all inputs; zeros beyond the last output and input.
    steps: Vec<PanelStep>,
    layout: StepLayout,
    steps_per_panel: usize,
    /// The numbers of these panels.
    panels: Range<usize>,
    /// One for each output: the value of a byte of 1.
    scales: AlignedValues,
    /// One for each output: the sum of its bytes.
    sums: AlignedValues,
}

impl QuantizedWeights {
    /// Quantizes `panels`.
    pub(super) fn new(set: InstructionSet, sources: &[StoredMatrix], panels: Range<usize>) -> Self {
        let layout = set.step_layout();
        let steps_per_panel = sources[0].columns().div_ceil(layout.inputs());
        let mut weights = Self {
            layout,
            steps: Vec::with_capacity(panels.len() * steps_per_panel),
            steps_per_panel,
            scales: AlignedValues::zeroed(panels.len() * PANEL_OUTPUTS),
            sums: AlignedValues::zeroed(panels.len() * PANEL_OUTPUTS),
            panels,
        };
        weights.fill(set, sources);
        weights
    }

    fn fill(&mut self, set: InstructionSet, sources: &[StoredMatrix]) {
        let rows = sources.iter().map(StoredMatrix::rows).sum();
        let element = sources[0].element();
        for (index, panel) in self.panels.clone().enumerate() {
            let start = self.steps.len();
            self.steps.resize(start + self.steps_per_panel, PanelStep([[0; 4]; PANEL_OUTPUTS]));
            let first = panel * PANEL_OUTPUTS;
            for (lane, output) in (first..(first + PANEL_OUTPUTS).min(rows)).enumerate() {
                let (row, steps) = (source_row(sources, output), &mut self.steps[start..]);
                let (scale, sum) = set.run(QuantizeOutput { row, element, steps, layout: self.layout, lane });
                self.scales[index * PANEL_OUTPUTS + lane] = scale;
                self.sums[index * PANEL_OUTPUTS + lane] = sum;
            }
        }
    }

    /// The panel at `index`, counted through all outputs.
    pub(super) fn panel(&self, index: usize) -> Panel<'_> {
        let index = index - self.panels.start;
        let outputs = index * PANEL_OUTPUTS..(index + 1) * PANEL_OUTPUTS;
        Panel {
            steps: &self.steps[index * self.steps_per_panel..][..self.steps_per_panel],
            scales: &self.scales[outputs.clone()],
            sums: &self.sums[outputs],
        }
    }
}

/// The weights of [`PANEL_OUTPUTS`] outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Panel<'a> {
    pub steps: &'a [PanelStep],
    pub scales: &'a [f32],
    pub sums: &'a [f32],
}

/// Writes the bytes of one output and returns their scale and their sum.
struct QuantizeOutput<'a> {
    row: &'a [u8],
    element: Element,
    steps: &'a mut [PanelStep],
    layout: StepLayout,
    lane: usize,
}

impl Operation for QuantizeOutput<'_> {
    type Output = (f32, f32);

    /// Every instruction here rounds identically on every CPU.
    #[inline(always)]
    fn run<S: Simd>(self, simd: S) -> (f32, f32) {
        let size = S::LANES * self.element.bytes();
        let mut greatest = simd.splat(0.0);
        for bytes in self.row.chunks(size) {
            let values = load(simd, self.element, bytes);
            let opposite = simd.subtract(simd.splat(0.0), values);
            greatest = simd.maximum(greatest, simd.maximum(values, opposite));
        }
        let greatest = simd.greatest_lane(greatest);
        let per_unit = simd.splat(if greatest > 0.0 { LARGEST / greatest } else { 0.0 });
        let mut sum = simd.splat(0.0);
        for (bytes, steps) in
            self.row.chunks(size).zip(self.steps.chunks_mut(S::LANES / self.layout.inputs()))
        {
            let mut quantized = [0; 2 * WIDEST];
            let whole = simd.round(simd.multiply(load(simd, self.element, bytes), per_unit));
            sum = simd.add(sum, whole);
            match self.layout {
                StepLayout::Bytes => simd.store_as_bytes(whole, &mut quantized[..S::LANES]),
                StepLayout::Words => simd.store_as_words(whole, &mut quantized[..2 * S::LANES]),
            }
            for (step, four) in steps.iter_mut().zip(quantized.as_chunks().0) {
                step.0[self.lane] = four.map(u8::cast_signed);
            }
        }
        (greatest / LARGEST, simd.sum_of_lanes(sum))
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

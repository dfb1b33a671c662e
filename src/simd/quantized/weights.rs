//! Weights as signed bytes, or the same numbers widened to 16 bits, in the order in which a product reads them.

use std::ops::Range;

use super::tile::{HALF_PANEL, HalfStep, PANEL_OUTPUTS, StepLayout};
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
    /// For each panel of outputs, two for each step, in the order of the layout; zeros beyond the last output and input.
    steps: Vec<HalfStep>,
    layout: StepLayout,
    half_steps_per_panel: usize,
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
        let half_steps_per_panel = 2 * sources[0].columns().div_ceil(layout.inputs());
        let mut weights = Self {
            layout,
            steps: Vec::with_capacity(panels.len() * half_steps_per_panel),
            half_steps_per_panel,
            scales: AlignedValues::zeroed(panels.len() * PANEL_OUTPUTS),
            sums: AlignedValues::zeroed(panels.len() * PANEL_OUTPUTS),
            panels,
        };
        weights.fill(set, sources);
        weights
    }

    fn fill(&mut self, set: InstructionSet, sources: &[StoredMatrix]) {
        for (index, panel) in self.panels.clone().enumerate() {
            let start = self.steps.len();
            self.steps.resize(start + self.half_steps_per_panel, HalfStep([[0; 4]; HALF_PANEL]));
            let outputs = index * PANEL_OUTPUTS..(index + 1) * PANEL_OUTPUTS;
            set.run(QuantizePanel {
                sources,
                first: panel * PANEL_OUTPUTS,
                layout: self.layout,
                steps: &mut self.steps[start..],
                scales: &mut self.scales[outputs.clone()],
                sums: &mut self.sums[outputs],
            });
        }
    }

    /// The panel at `index`, counted through all outputs.
    pub(super) fn panel(&self, index: usize) -> Panel<'_> {
        let index = index - self.panels.start;
        let outputs = index * PANEL_OUTPUTS..(index + 1) * PANEL_OUTPUTS;
        Panel {
            steps: &self.steps[index * self.half_steps_per_panel..][..self.half_steps_per_panel],
            scales: &self.scales[outputs.clone()],
            sums: &self.sums[outputs],
        }
    }
}

/// The weights of [`PANEL_OUTPUTS`] outputs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Panel<'a> {
    pub steps: &'a [HalfStep],
    pub scales: &'a [f32],
    pub sums: &'a [f32],
}

/// Writes the integers of a panel, their scales and their sums.
struct QuantizePanel<'a> {
    sources: &'a [StoredMatrix],
    /// The first output of the panel.
    first: usize,
    layout: StepLayout,
    steps: &'a mut [HalfStep],
    scales: &'a mut [f32],
    sums: &'a mut [f32],
}

impl Operation for QuantizePanel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(mut self, simd: S) {
        // Compiled once for each element.
        for lane in (0..PANEL_OUTPUTS).step_by(S::LANES) {
            match self.sources[0].element() {
                Element::Float16 => self.quantize_outputs(simd, lane, Element::Float16),
                Element::Float32 => self.quantize_outputs(simd, lane, Element::Float32),
            }
        }
    }
}

impl QuantizePanel<'_> {
    /// The outputs from `lane` on, a vector of them. Every instruction here rounds identically on every CPU.
    #[inline(always)]
    fn quantize_outputs<S: Simd>(&mut self, simd: S, lane: usize, element: Element) {
        let inputs = self.sources[0].columns();
        let size = S::LANES * element.bytes();
        let (mut rows, mut per_unit): ([&[u8]; WIDEST], _) = ([&[]; WIDEST], [0.0; WIDEST]);
        for index in 0..S::LANES {
            rows[index] = source_row(self.sources, self.first + lane + index);
            let greatest = greatest_magnitude(simd, element, rows[index]);
            self.scales[lane + index] = greatest / LARGEST;
            per_unit[index] = if greatest > 0.0 { LARGEST / greatest } else { 0.0 };
        }
        let (first, distance) = self.layout.half_steps(self.steps.len() / 2, lane);
        let mut steps = self.steps[first..].iter_mut().step_by(distance);
        let places = lane % HALF_PANEL..lane % HALF_PANEL + S::LANES;
        let mut sums = simd.splat(0.0);
        // Outputs x inputs.
        let mut rounded = [0.0; WIDEST * WIDEST];
        // Inputs x outputs, and a step of zeros.
        let mut block = [0.0; (WIDEST + 3) * WIDEST];
        for start in (0..inputs).step_by(S::LANES) {
            for (index, row) in rows[..S::LANES].iter().enumerate() {
                let rest = row.get(start * element.bytes()..).unwrap_or_default();
                let values = load(simd, element, &rest[..rest.len().min(size)]);
                let whole = simd.round(simd.multiply(values, simd.splat(per_unit[index])));
                simd.store(whole, &mut rounded[index * S::LANES..]);
            }
            simd.transpose(|row| simd.load(&rounded[row * S::LANES..]), &mut block, S::LANES, S::LANES);
            for input in (0..(inputs - start).min(S::LANES)).step_by(self.layout.inputs()) {
                let mut whole = [simd.splat(0.0); 4];
                for (index, whole) in whole[..self.layout.inputs()].iter_mut().enumerate() {
                    *whole = simd.load(&block[(input + index) * S::LANES..]);
                    sums = simd.add(sums, *whole);
                }
                let step = &mut steps.next().expect("a step for all inputs").0[places.clone()];
                match self.layout {
                    StepLayout::Bytes | StepLayout::BytesOfHalves | StepLayout::SignedBytesOfHalves => {
                        simd.store_byte_fours(whole, step);
                    }
                    StepLayout::WordsOfHalves => simd.store_word_pairs(whole[0], whole[1], step),
                }
            }
        }
        simd.store(sums, &mut self.sums[lane..]);
    }
}

#[inline(always)]
fn greatest_magnitude<S: Simd>(simd: S, element: Element, row: &[u8]) -> f32 {
    let mut greatest = simd.splat(0.0);
    for bytes in row.chunks(S::LANES * element.bytes()) {
        let values = load(simd, element, bytes);
        let opposite = simd.subtract(simd.splat(0.0), values);
        greatest = simd.maximum(greatest, simd.maximum(values, opposite));
    }
    simd.greatest_lane(greatest)
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

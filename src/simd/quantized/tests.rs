//! Quantization against its definition, and products against exact ones.

use std::sync::Arc;

use proptest::prelude::*;

use super::QuantizedLinear;
use super::activations::Activations;
use super::tile::{ByteTile, HALF_PANEL, HalfStep, PANEL_OUTPUTS, StepLayout, TileSums};
use super::weights::QuantizedWeights;
use crate::simd::vector::MOST_ROWS;
use crate::simd::{Activation, Element, InstructionSet, Matrix, Store, StoredMatrix, Threads};

fn stored(values: &[f32], columns: usize) -> StoredMatrix {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    let range = 0..bytes.len();
    StoredMatrix::new(Arc::new(bytes), range, Element::Float32, [values.len() / columns, columns]).unwrap()
}

fn matrix(values: &[f32], columns: usize) -> Matrix {
    let mut matrix = Matrix::with_columns(columns);
    matrix.reset_rows(values.len() / columns);
    matrix.values_mut().fill(f32::NAN);
    values.chunks(columns).enumerate().for_each(|(row, values)| matrix.row_mut(row).copy_from_slice(values));
    matrix
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    (0..matrix.rows()).flat_map(|row| matrix.row(row).iter().map(|value| value.to_bits())).collect()
}

/// Rows x columns of values of many sizes.
fn values(
    columns: std::ops::Range<usize>,
    rows: std::ops::Range<usize>,
) -> impl Strategy<Value = (Vec<f32>, usize)> {
    let value = prop_oneof![4 => -1_f32..1.0, 1 => -30_f32..90.0, 1 => Just(0.0)];
    (columns, rows).prop_flat_map(move |(columns, rows)| {
        (prop::collection::vec(value.clone(), rows * columns), Just(columns))
    })
}

/// The integers of consecutive steps.
fn integers(layout: StepLayout, steps: impl Iterator<Item = [u8; 4]>, byte: fn(u8) -> i16) -> Vec<i16> {
    let integers = |step: [u8; 4]| match layout {
        StepLayout::Bytes | StepLayout::BytesOfHalves | StepLayout::SignedBytesOfHalves => {
            step.map(byte).to_vec()
        }
        StepLayout::WordsOfHalves => step.as_chunks().0.iter().copied().map(i16::from_le_bytes).collect(),
    };
    steps.flat_map(integers).collect()
}

/// The steps of bytes, which `widen` tells as signed or unsigned.
fn steps(layout: StepLayout, bytes: &[[u8; 4]], widen: fn(u8) -> i16) -> Vec<[u8; 4]> {
    match layout {
        StepLayout::Bytes | StepLayout::BytesOfHalves | StepLayout::SignedBytesOfHalves => bytes.to_vec(),
        StepLayout::WordsOfHalves => {
            let words: Vec<u8> =
                bytes.as_flattened().iter().flat_map(|&byte| widen(byte).to_le_bytes()).collect();
            words.as_chunks().0.to_vec()
        }
    }
}

/// The steps of the unsigned bytes of a row.
fn steps_of_row(layout: StepLayout, bytes: &[[u8; 4]]) -> Vec<[u8; 4]> {
    match layout {
        StepLayout::SignedBytesOfHalves => bytes.iter().map(|step| step.map(|byte| byte ^ 128)).collect(),
        _ => steps(layout, bytes, unsigned),
    }
}

fn unsigned(byte: u8) -> i16 {
    i16::from(byte)
}

fn signed(byte: u8) -> i16 {
    i16::from(byte.cast_signed())
}

fn sum_of(weights: &[[u8; 4]]) -> f32 {
    weights.as_flattened().iter().map(|&byte| f32::from(signed(byte))).sum()
}

/// `(integer - zero) * scale` of each input of a row.
fn read(set: InstructionSet, activations: &Activations, row: usize, columns: usize) -> Vec<f64> {
    let reading = activations.reading(row);
    let steps = activations.rows_from(row).iter().copied();
    let mut integers = match set.step_layout() {
        layout @ StepLayout::SignedBytesOfHalves => integers(layout, steps, |byte| signed(byte) + 128),
        layout => integers(layout, steps, unsigned),
    };
    integers.truncate(columns);
    integers.iter().map(|&x| (f64::from(x) - f64::from(reading.zero)) * f64::from(reading.scale)).collect()
}

/// The integers of `output` for each input.
fn integers_of(set: InstructionSet, weights: &QuantizedWeights, output: usize, inputs: usize) -> Vec<i16> {
    let (layout, panel) = (set.step_layout(), weights.panel(output / PANEL_OUTPUTS).steps);
    let (first, distance) = layout.half_steps(panel.len() / 2, output % PANEL_OUTPUTS);
    let steps = (0..panel.len() / 2)
        .map(|step| panel[first + step * distance].0[output % HALF_PANEL].map(i8::cast_unsigned));
    let mut integers = integers(layout, steps, signed);
    assert!(integers[inputs..].iter().all(|&integer| integer == 0), "zeros beyond the last input");
    integers.truncate(inputs);
    integers
}

/// The weight of `output` for each input.
fn weights_of(set: InstructionSet, weights: &QuantizedWeights, output: usize, inputs: usize) -> Vec<f64> {
    let scale = weights.panel(output / PANEL_OUTPUTS).scales[output % PANEL_OUTPUTS];
    let integers = integers_of(set, weights, output, inputs);
    integers.iter().map(|&integer| f64::from(integer) * f64::from(scale)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_instruction_set_computes_the_same_exact_sums(
        rows in 1..=MOST_ROWS, depth in 1_usize..40, gap in 0_usize..3, seed in any::<u64>(), extreme in any::<bool>(),
    ) {
        let mut state = seed;
        let mut byte = || {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (state >> 56) as u8
        };
        let left: Vec<Vec<[u8; 4]>> =
            (0..rows).map(|_| (0..depth).map(|_| [byte(), byte(), byte(), byte()]).collect()).collect();
        // No weight is -128.
        let mut weight = || if extreme { if byte() > 127 { 127 } else { 129 } } else { byte().max(1) ^ 128 };
        let right: Vec<Vec<[u8; 4]>> = (0..PANEL_OUTPUTS)
            .map(|_| (0..depth).map(|_| [weight(), weight(), weight(), weight()]).collect())
            .collect();
        for set in InstructionSet::available() {
            let layout = set.step_layout();
            let of_outputs: Vec<_> = right.iter().map(|bytes| steps(layout, bytes, signed)).collect();
            let count = of_outputs[0].len();
            let mut panel = vec![HalfStep([[0; 4]; HALF_PANEL]); 2 * count];
            for (output, steps) in of_outputs.iter().enumerate() {
                let (first, distance) = layout.half_steps(count, output);
                for (step, bytes) in steps.iter().enumerate() {
                    panel[first + step * distance].0[output % HALF_PANEL] = bytes.map(u8::cast_signed);
                }
            }
            let rows_of_steps = left.iter().flat_map(|bytes| {
                [steps_of_row(layout, bytes), vec![[255; 4]; gap]].concat()
            });
            let rows_of_steps: Vec<_> = rows_of_steps.collect();
            let weight_sums: Vec<_> = right.iter().map(|bytes| sum_of(bytes)).collect();
            let tile = ByteTile {
                left: &rows_of_steps, stride: count + gap, rows, panel: &panel, weight_sums: &weight_sums,
            };
            let mut sums = TileSums([[-1; PANEL_OUTPUTS]; MOST_ROWS]);
            set.byte_products(tile, &mut sums);
            for row in 0..rows {
                for output in 0..PANEL_OUTPUTS {
                    let pairs = left[row].as_flattened().iter().zip(right[output].as_flattened());
                    let exact: i64 = pairs.map(|(&x, &w)| i64::from(x) * i64::from(w.cast_signed())).sum();
                    prop_assert_eq!(i64::from(sums.0[row][output]), exact, "{}", set);
                }
            }
        }
    }

    #[test]
    fn activations_are_within_a_step_on_every_cpu_and_zero_is_exact((values, columns) in values(1..80, 1..70)) {
        let input = matrix(&values, columns);
        let mut first = Activations::default();
        first.quantize(InstructionSet::best(), &input, Threads::One);
        for (row, values) in values.chunks(columns).enumerate() {
            // Half for rounding; half at one end of the range, which rounding the zero point pushes out.
            let step = f64::from(first.reading(row).scale);
            for (read, &value) in read(InstructionSet::best(), &first, row, columns).iter().zip(values) {
                prop_assert!((read - f64::from(value)).abs() <= step * 1.001, "{} {}", read, value);
                prop_assert!(value != 0.0 || *read == 0.0);
            }
        }
        for set in InstructionSet::available() {
            for threads in [Threads::One, Threads::All] {
                let mut again = Activations::default();
                again.quantize(set, &input, threads);
                for row in 0..input.rows() {
                    prop_assert_eq!(again.reading(row), first.reading(row), "{}", set);
                    prop_assert_eq!(read(set, &again, row, columns), read(InstructionSet::best(), &first, row, columns), "{}", set);
                }
            }
        }
    }

    #[test]
    fn weights_are_within_half_a_step_on_every_cpu((values, inputs) in values(1..80, 1..70)) {
        let sources = [stored(&values, inputs)];
        let panels = 0..(values.len() / inputs).div_ceil(PANEL_OUTPUTS);
        let first = QuantizedWeights::new(InstructionSet::best(), &sources, panels.clone());
        for (output, values) in values.chunks(inputs).enumerate() {
            let found = weights_of(InstructionSet::best(), &first, output, inputs);
            let panel = first.panel(output / PANEL_OUTPUTS);
            let step = f64::from(panel.scales[output % PANEL_OUTPUTS]);
            for (weight, value) in found.iter().zip(values) {
                prop_assert!((weight - f64::from(*value)).abs() <= step * 0.501, "{} {}", weight, value);
            }
            let sum: f64 = found.iter().sum();
            let expected = f64::from(panel.sums[output % PANEL_OUTPUTS]) * step;
            prop_assert!((sum - expected).abs() <= 1e-6 * step * values.len() as f64);
        }
        for set in InstructionSet::available() {
            for panel in panels.clone() {
                let again = QuantizedWeights::new(set, &sources, panel..panel + 1);
                prop_assert_eq!(again.panel(panel).scales, first.panel(panel).scales, "{}", set);
                prop_assert_eq!(again.panel(panel).sums, first.panel(panel).sums, "{}", set);
                for output in panel * PANEL_OUTPUTS..(panel + 1) * PANEL_OUTPUTS {
                    let integers = integers_of(set, &again, output, inputs);
                    prop_assert_eq!(integers, integers_of(InstructionSet::best(), &first, output, inputs), "{}", set);
                }
            }
        }
    }

    #[test]
    fn products_are_those_of_the_quantized_numbers(
        (input, inputs) in values(1..80, 1..40), outputs in prop::collection::vec(1_usize..70, 1..3), seed in 0_u32..1000,
    ) {
        let noise = |count: usize, seed: u32| -> Vec<f32> {
            (0..count as u32).map(|index| ((index ^ seed).wrapping_mul(0x9e37_79b9) >> 8) as f32 / 8_388_608.0 - 1.0).collect()
        };
        let weights: Vec<_> = outputs.iter().map(|&n| stored(&noise(n * inputs, seed), inputs)).collect();
        let biases: Vec<_> = outputs.iter().map(|&n| stored(&noise(n, seed + 1), n)).collect();
        let input = matrix(&input, inputs);
        let mut activations = Activations::default();
        activations.quantize(InstructionSet::best(), &input, Threads::One);
        let panels = 0..outputs.iter().sum::<usize>().div_ceil(PANEL_OUTPUTS);
        let quantized = QuantizedWeights::new(InstructionSet::best(), &weights, panels);
        let bias: Vec<f32> = biases.iter().flat_map(|bias| bias.row(0)).collect();
        for set in InstructionSet::available() {
            let mut once = None;
            for threads in [Threads::One, Threads::All] {
                let layers = weights.iter().cloned().zip(biases.iter().cloned()).collect();
                let linear = QuantizedLinear::new(set, layers).unwrap();
                let mut output = Matrix::with_columns(bias.len());
                linear.apply(&input, &mut output, Store::Replace, threads);
                let unpacked = bits(&output);
                linear.pack();
                linear.apply(&input, &mut output, Store::Replace, threads);
                prop_assert_eq!(&bits(&output), &unpacked, "{} packed", set);
                prop_assert_eq!(&bits(&output), once.get_or_insert_with(|| bits(&output)), "{}", set);
                for row in 0..input.rows() {
                    let x = read(InstructionSet::best(), &activations, row, inputs);
                    // What was added and taken away again for the zero point.
                    let shift = f64::from(activations.reading(row).zero) * f64::from(activations.reading(row).scale);
                    for (column, value) in output.row(row).iter().enumerate() {
                        let w = weights_of(InstructionSet::best(), &quantized, column, inputs);
                        let exact: f64 = x.iter().zip(&w).map(|(x, w)| x * w).sum::<f64>() + f64::from(bias[column]);
                        let size: f64 = x.iter().zip(&w).map(|(x, w)| (x.abs() + shift) * w.abs()).sum();
                        prop_assert!((f64::from(*value) - exact).abs() <= 1e-6 * (size + 1.0), "{} {value} {exact}", set);
                    }
                }
            }
        }
    }

    #[test]
    fn a_row_of_a_product_does_not_depend_on_the_others((input, inputs) in values(1..80, 1..40), row in 0_usize..40) {
        let input = matrix(&input, inputs);
        let row = row % input.rows();
        let alone = matrix(input.row(row), inputs);
        let weights: Vec<f32> = (0..33 * inputs).map(|index| (index * 7 % 31) as f32 - 15.0).collect();
        for set in InstructionSet::available() {
            let layer = (stored(&weights, inputs), stored(&weights[..33], 33));
            let Some(linear) = QuantizedLinear::new(set, vec![layer]) else { continue };
            for store in [Store::Replace, Store::Activate(Activation::Gelu)] {
                let (mut all, mut one) = (Matrix::with_columns(33), Matrix::with_columns(33));
                linear.apply(&input, &mut all, store, Threads::One);
                linear.apply(&alone, &mut one, store, Threads::One);
                prop_assert_eq!(all.row(row), one.row(0));
            }
        }
    }
}

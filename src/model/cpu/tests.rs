//! The encoder against a naive BERT in float64, on a small random model.

use std::convert::Infallible;
use std::sync::Arc;

use proptest::prelude::*;

use super::{BertShape, CpuEncoder, EncoderError, EncoderPrecision, TokensError};
use crate::model::Pooling;
use crate::simd::{Activation, Element, InstructionSet, StoredMatrix};

const SHAPE: BertShape = BertShape {
    vocabulary: 50,
    positions: 40,
    hidden: 24,
    layers: 3,
    heads: 2,
    intermediate: 40,
    activation: Activation::Relu,
    layer_norm_epsilon: 1e-5,
};

/// The random parameter at `index` of a tensor.
fn parameter(name: &str, index: usize) -> f32 {
    let seed = name.bytes().fold(17_u64, |hash, byte| hash.wrapping_mul(31).wrapping_add(byte.into()));
    let mixed = (seed ^ (index as u64 * 0x9e37_79b9)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value =
        ((mixed ^ (mixed >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 40) as f32 / 16_777_216.0 - 0.5;
    if name.ends_with("LayerNorm.weight") { 1.0 + value } else { value }
}

/// The rows and columns of a tensor of [`SHAPE`].
fn dimensions(name: &str) -> [usize; 2] {
    let hidden = SHAPE.hidden;
    match name {
        "embeddings.word_embeddings.weight" => [SHAPE.vocabulary, hidden],
        "embeddings.position_embeddings.weight" => [SHAPE.positions, hidden],
        "embeddings.token_type_embeddings.weight" => [2, hidden],
        _ if name.ends_with("intermediate.dense.weight") => [SHAPE.intermediate, hidden],
        _ if name.ends_with("intermediate.dense.bias") => [1, SHAPE.intermediate],
        _ if name.ends_with("attention.output.dense.weight") => [hidden, hidden],
        _ if name.ends_with("output.dense.weight") => [hidden, SHAPE.intermediate],
        _ if name.ends_with(".weight") && !name.contains("LayerNorm") => [hidden, hidden],
        _ => [1, hidden],
    }
}

fn tensor(name: &str) -> StoredMatrix {
    let [rows, columns] = dimensions(name);
    let bytes: Vec<u8> = (0..rows * columns).flat_map(|index| parameter(name, index).to_le_bytes()).collect();
    let range = 0..bytes.len();
    StoredMatrix::new(Arc::new(bytes), range, Element::Float32, [rows, columns]).unwrap()
}

fn encoder(set: InstructionSet) -> CpuEncoder {
    encoder_of(set, EncoderPrecision::Float32)
}

fn encoder_of(set: InstructionSet, precision: EncoderPrecision) -> CpuEncoder {
    let tensor = |name: &str| Ok::<_, Infallible>(tensor(name));
    CpuEncoder::with_instruction_set(set, precision, SHAPE, tensor).unwrap()
}

/// A naive BERT: plain loops in float64.
mod naive {
    use super::{SHAPE, parameter};

    type Rows = Vec<Vec<f64>>;

    fn linear(input: &Rows, name: &str, outputs: usize) -> Rows {
        let weight = |output: usize, input: usize, inputs: usize| {
            f64::from(parameter(&format!("{name}.weight"), output * inputs + input))
        };
        let bias = |output: usize| f64::from(parameter(&format!("{name}.bias"), output));
        let weights: Rows = (0..outputs)
            .map(|o| (0..input[0].len()).map(|i| weight(o, i, input[0].len())).collect())
            .collect();
        let dot = |row: &[f64], weights: &[f64]| row.iter().zip(weights).map(|(x, w)| x * w).sum::<f64>();
        input.iter().map(|row| (0..outputs).map(|o| bias(o) + dot(row, &weights[o])).collect()).collect()
    }

    fn norm(rows: &mut Rows, name: &str) {
        for row in rows {
            let count = row.len() as f64;
            let mean = row.iter().sum::<f64>() / count;
            let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
            for (column, x) in row.iter_mut().enumerate() {
                let at = |part: &str| f64::from(parameter(&format!("{name}.LayerNorm.{part}"), column));
                *x = (*x - mean) / (variance + f64::from(SHAPE.layer_norm_epsilon)).sqrt() * at("weight")
                    + at("bias");
            }
        }
    }

    fn add(rows: &mut Rows, others: &Rows) {
        rows.iter_mut().flatten().zip(others.iter().flatten()).for_each(|(sum, x)| *sum += x);
    }

    fn attention(input: &Rows, name: &str) -> Rows {
        let [query, key, value] =
            ["query", "key", "value"].map(|part| linear(input, &format!("{name}.{part}"), SHAPE.hidden));
        let dimension = SHAPE.hidden / SHAPE.heads;
        let mut context = vec![vec![0.0; SHAPE.hidden]; input.len()];
        for head in 0..SHAPE.heads {
            let part = head * dimension..(head + 1) * dimension;
            for (row, context) in context.iter_mut().enumerate() {
                let score = |token: usize| {
                    let dot: f64 = part.clone().map(|column| query[row][column] * key[token][column]).sum();
                    (dot / (dimension as f64).sqrt()).exp()
                };
                let weights: Vec<f64> = (0..input.len()).map(score).collect();
                let total: f64 = weights.iter().sum();
                for column in part.clone() {
                    context[column] =
                        weights.iter().zip(&value).map(|(w, v)| w * v[column]).sum::<f64>() / total;
                }
            }
        }
        context
    }

    /// The hidden vectors of the last layer; from `second` on, tokens have type 1.
    pub(super) fn hidden_states(tokens: &[u32], second: usize) -> Rows {
        let at = |name: &str, row: usize, column: usize| {
            f64::from(parameter(&format!("embeddings.{name}_embeddings.weight"), row * SHAPE.hidden + column))
        };
        let embed = |(position, &token): (usize, &u32)| {
            let kind = usize::from(position >= second);
            let sum = |c: usize| {
                at("word", token as usize, c) + at("position", position, c) + at("token_type", kind, c)
            };
            (0..SHAPE.hidden).map(sum).collect()
        };
        let mut hidden: Rows = tokens.iter().enumerate().map(embed).collect();
        norm(&mut hidden, "embeddings");
        for layer in 0..SHAPE.layers {
            let name = format!("encoder.layer.{layer}");
            let context = attention(&hidden, &format!("{name}.attention.self"));
            add(&mut hidden, &linear(&context, &format!("{name}.attention.output.dense"), SHAPE.hidden));
            norm(&mut hidden, &format!("{name}.attention.output"));
            let mut wide = linear(&hidden, &format!("{name}.intermediate.dense"), SHAPE.intermediate);
            wide.iter_mut().flatten().for_each(|x| *x = x.max(0.0));
            add(&mut hidden, &linear(&wide, &format!("{name}.output.dense"), SHAPE.hidden));
            norm(&mut hidden, &format!("{name}.output"));
        }
        hidden
    }
}

fn assert_near(values: &[f32], exact: &[f64], what: &str) {
    assert_eq!(values.len(), exact.len(), "{what}");
    for (value, exact) in values.iter().zip(exact) {
        assert!((f64::from(*value) - exact).abs() <= 2e-5, "{what}: {value} {exact}");
    }
}

#[test]
fn hidden_states_and_pooled_vectors_match_a_plain_bert() {
    let sequences: Vec<Vec<u32>> = [1, 2, 7, 16, 17, 33, 40]
        .iter()
        .map(|&length| {
            (0..length).map(|position| (position * 13 + length) % SHAPE.vocabulary as u32).collect()
        })
        .collect();
    let borrowed: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
    for set in InstructionSet::available() {
        let encoder = encoder(set);
        let mean = encoder.encode(&borrowed, Pooling::Mean).unwrap();
        let cls = encoder.encode(&borrowed, Pooling::Cls).unwrap();
        for (index, sequence) in borrowed.iter().enumerate() {
            let exact = naive::hidden_states(sequence, sequence.len());
            assert_near(&encoder.hidden_states(sequence).unwrap(), &exact.concat(), set.name());
            let own = index * SHAPE.hidden..(index + 1) * SHAPE.hidden;
            assert_near(&cls[own.clone()], &exact[0], set.name());
            let average =
                |column: usize| exact.iter().map(|row| row[column]).sum::<f64>() / exact.len() as f64;
            assert_near(&mean[own], &(0..SHAPE.hidden).map(average).collect::<Vec<_>>(), set.name());
        }
    }
}

#[test]
fn tokens_of_the_second_text_of_a_pair_have_a_type_of_their_own() {
    let sequence: Vec<u32> = (0..20).map(|position| position * 13 % SHAPE.vocabulary as u32).collect();
    let seconds = [1, 7, 20];
    for set in InstructionSet::available() {
        let encoder = encoder(set);
        let vectors = encoder.encode_pairs(&[sequence.as_slice(); 3], &seconds, Pooling::Cls).unwrap();
        for (vector, second) in vectors.chunks_exact(SHAPE.hidden).zip(seconds) {
            assert_near(vector, &naive::hidden_states(&sequence, second)[0], set.name());
        }
        assert_eq!(vectors[2 * SHAPE.hidden..], encoder.encode(&[&sequence], Pooling::Cls).unwrap());
    }
}

#[test]
fn hidden_states_in_integers_are_near_those_of_a_plain_bert() {
    let sequence: Vec<u32> = (0..40).map(|position| position * 13 % SHAPE.vocabulary as u32).collect();
    let exact = naive::hidden_states(&sequence, sequence.len()).concat();
    for set in InstructionSet::available() {
        let found = encoder_of(set, EncoderPrecision::Int8).hidden_states(&sequence).unwrap();
        assert_eq!(found.len(), exact.len());
        let square = |x: f64| x * x;
        let error: f64 = found.iter().zip(&exact).map(|(a, b)| square(f64::from(*a) - b)).sum();
        let relative = (error / exact.iter().copied().map(square).sum::<f64>()).sqrt();
        assert!((1e-4..0.02).contains(&relative), "{} {relative}", set.name());
    }
}

fn in_pool<R: Send>(threads: usize, work: impl FnOnce() -> R + Send) -> R {
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(work)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn a_vector_depends_on_its_text_alone(
        sequences in prop::collection::vec(prop::collection::vec(0_u32..SHAPE.vocabulary as u32, 1..=SHAPE.positions), 1..90),
        pooling in prop_oneof![Just(Pooling::Mean), Just(Pooling::Cls)], threads in 1_usize..5,
        precision in prop_oneof![Just(EncoderPrecision::Float32), Just(EncoderPrecision::Int8)],
    ) {
        for set in InstructionSet::available() {
            let encoder = encoder_of(set, precision);
            let borrowed: Vec<&[u32]> = sequences.iter().map(Vec::as_slice).collect();
            let alone = |sequence: &&[u32]| encoder.encode(&[sequence], pooling).unwrap();
            let expected: Vec<f32> = borrowed.iter().flat_map(alone).collect();
            prop_assert_eq!(&in_pool(threads, || encoder.encode(&borrowed, pooling).unwrap()), &expected);
            let reversed: Vec<&[u32]> = borrowed.iter().rev().copied().collect();
            let vectors = in_pool(threads, || encoder.encode(&reversed, pooling).unwrap());
            let expected: Vec<f32> = expected.chunks(SHAPE.hidden).rev().flatten().copied().collect();
            prop_assert_eq!(&vectors, &expected);
            encoder.pack();
            prop_assert_eq!(&in_pool(threads, || encoder.encode(&reversed, pooling).unwrap()), &expected);
        }
    }
}

#[test]
fn tokens_that_the_model_has_not_are_refused() {
    let encoder = encoder(InstructionSet::best());
    let refused = |sequence: &[u32]| encoder.encode(&[&[1], sequence], Pooling::Mean).unwrap_err();
    assert_eq!(refused(&[]), TokensError::Empty { sequence: 1 });
    assert_eq!(refused(&[0; 41]), TokensError::TooLong { sequence: 1, tokens: 41, positions: 40 });
    assert_eq!(refused(&[3, 50]), TokensError::UnknownToken { sequence: 1, token: 50, vocabulary: 50 });
    assert_eq!(encoder.encode(&[], Pooling::Mean), Ok(Vec::new()));
}

#[test]
fn tensors_of_another_shape_are_refused() {
    let wrong = "encoder.layer.1.output.dense.bias";
    let odd =
        |name: &str| tensor(if name == wrong { "encoder.layer.1.intermediate.dense.bias" } else { name });
    let error =
        CpuEncoder::with_precision(EncoderPrecision::Float32, SHAPE, |name| Ok::<_, Infallible>(odd(name)))
            .unwrap_err();
    assert!(
        matches!(&error, EncoderError::TensorShape { name, expected: [1, 24], .. } if name == wrong),
        "{error}"
    );
    let error =
        CpuEncoder::with_precision(EncoderPrecision::Float32, BertShape { heads: 5, ..SHAPE }, |name| {
            Ok::<_, Infallible>(tensor(name))
        })
        .unwrap_err();
    assert!(matches!(error, EncoderError::Heads { hidden: 24, heads: 5 }), "{error}");
    let error =
        CpuEncoder::with_precision(EncoderPrecision::Float32, BertShape { layers: 0, ..SHAPE }, |name| {
            Ok::<_, Infallible>(tensor(name))
        })
        .unwrap_err();
    assert!(matches!(error, EncoderError::Zero("number of layers")), "{error}");
}

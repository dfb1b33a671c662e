//! The encoder and its kernels on random weights of bge-small's shape: `cargo bench --bench encoder`.
//!
//! `EMBED_INSTRUCTIONS` names the instruction set, as for the program. Items are multiply-adds for kernels and tokens for encoders. On a busy machine, compare the fastest times.

use std::convert::Infallible;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use embed::model::{BertShape, CpuEncoder, EncoderPrecision, Pooling};
use embed::simd::{
    Activation, Attention, Element, Heads, InstructionSet, Linear, Matrix, QuantizedLinear, Store,
    StoredMatrix, Threads,
};

/// Plain words; each stands for a token.
const WORDS: &str = "the model is inside the binary so that the first search needs no download no server and no \
    configuration results are exact the same on every run and fast enough that nobody wants a daemon";

const SHAPE: BertShape = BertShape {
    vocabulary: 1_000,
    positions: 512,
    hidden: 384,
    layers: 12,
    heads: 12,
    intermediate: 1536,
    activation: Activation::Gelu,
    layer_norm_epsilon: 1e-12,
};

fn main() {
    if let Ok(name) = std::env::var("EMBED_INSTRUCTIONS") {
        InstructionSet::named(&name).expect("an instruction set of this CPU").make_best();
    }
    divan::main();
}

fn stored(rows: usize, columns: usize) -> StoredMatrix {
    let value = |index: usize| half::f16::from_f32((index * 7_919 % 1_000) as f32 / 10_000.0 - 0.05);
    let bytes: Vec<u8> = (0..rows * columns).flat_map(|index| value(index).to_le_bytes()).collect();
    let range = 0..bytes.len();
    StoredMatrix::new(Arc::new(bytes), range, Element::Float16, [rows, columns]).expect("as many bytes")
}

fn matrix(rows: usize, columns: usize) -> Matrix {
    let mut matrix = Matrix::with_columns(columns);
    matrix.reset_rows(rows);
    for (index, value) in matrix.values_mut().iter_mut().enumerate() {
        *value = (index * 31 % 97) as f32 / 97.0 - 0.5;
    }
    matrix
}

/// The products of a layer: inputs, outputs, and how the result is stored.
const PRODUCTS: [(usize, usize, Store); 4] = [
    (384, 768, Store::Replace),
    (384, 384, Store::Add),
    (384, 1536, Store::Activate(Activation::Gelu)),
    (1536, 384, Store::Add),
];

#[divan::bench(args = 0..PRODUCTS.len())]
fn product_of_packed_weights(bencher: Bencher<'_, '_>, index: usize) {
    let (inputs, outputs, store) = PRODUCTS[index];
    let layer = vec![(stored(outputs, inputs), stored(1, outputs))];
    let linear = Linear::new(InstructionSet::best(), layer).expect("shapes that fit");
    linear.pack();
    bench_product(bencher, &linear, 504, store);
}

#[divan::bench(args = 0..PRODUCTS.len())]
fn product_of_bytes(bencher: Bencher<'_, '_>, index: usize) {
    let (inputs, outputs, store) = PRODUCTS[index];
    let layer = vec![(stored(outputs, inputs), stored(1, outputs))];
    let linear = QuantizedLinear::new(InstructionSet::best(), layer).expect("shapes that fit");
    linear.pack();
    let input = matrix(504, inputs);
    let mut output = matrix(504, outputs);
    bencher
        .counter(ItemsCount::new(504 * inputs * outputs))
        .bench_local(|| linear.apply(black_box(&input), &mut output, store, Threads::One));
}

#[divan::bench]
fn quantize_weights(bencher: Bencher<'_, '_>) {
    let layer = vec![(stored(1536, 384), stored(1, 1536))];
    bencher
        .counter(ItemsCount::new(1536_usize * 384))
        .with_inputs(|| QuantizedLinear::new(InstructionSet::best(), layer.clone()))
        .bench_local_values(|linear| linear.expect("shapes that fit").pack());
}

#[divan::bench(args = [10, 504])]
fn product_of_stored_weights(bencher: Bencher<'_, '_>, rows: usize) {
    let layer = vec![(stored(384, 384), stored(1, 384))];
    let linear = Linear::new(InstructionSet::best(), layer).expect("shapes that fit");
    bench_product(bencher, &linear, rows, Store::Replace);
}

fn bench_product(bencher: Bencher<'_, '_>, linear: &Linear, rows: usize, store: Store) {
    let input = matrix(rows, linear.inputs());
    let mut output = matrix(rows, linear.outputs());
    bencher
        .counter(ItemsCount::new(rows * linear.inputs() * linear.outputs()))
        .bench_local(|| linear.apply(black_box(&input), &mut output, store, Threads::One));
}

#[divan::bench(args = [13, 325, 512])]
fn attention(bencher: Bencher<'_, '_>, tokens: usize) {
    let heads = Heads { count: SHAPE.heads, dimension: SHAPE.hidden / SHAPE.heads };
    let [queries, keys, values] = [0; 3].map(|_| matrix(tokens, SHAPE.hidden));
    let mut output = matrix(tokens, SHAPE.hidden);
    let stride = output.stride();
    bencher.counter(ItemsCount::new(2 * tokens * tokens * SHAPE.hidden)).bench_local(|| {
        let [queries, keys, values] = [&queries, &keys, &values].map(|matrix| matrix.from_row(0));
        let attention = Attention { queries, keys, values, tokens, heads, bias: None };
        attention.apply(InstructionSet::best(), output.values_mut(), stride);
    });
}

fn encoder(precision: EncoderPrecision) -> CpuEncoder {
    let tensor = |name: &str| match name {
        "embeddings.word_embeddings.weight" => stored(SHAPE.vocabulary, SHAPE.hidden),
        "embeddings.position_embeddings.weight" => stored(SHAPE.positions, SHAPE.hidden),
        _ if name.ends_with("intermediate.dense.weight") => stored(SHAPE.intermediate, SHAPE.hidden),
        _ if name.ends_with("intermediate.dense.bias") => stored(1, SHAPE.intermediate),
        _ if name.ends_with("attention.output.dense.weight") => stored(SHAPE.hidden, SHAPE.hidden),
        _ if name.ends_with("output.dense.weight") => stored(SHAPE.hidden, SHAPE.intermediate),
        _ if name.contains("attention.self") && name.ends_with("weight") => {
            stored(SHAPE.hidden, SHAPE.hidden)
        }
        _ => stored(1, SHAPE.hidden),
    };
    CpuEncoder::with_precision(precision, SHAPE, |name| Ok::<_, Infallible>(tensor(name)))
        .expect("a whole model")
}

/// Texts of `length` tokens, taken cyclically from the words.
fn texts(count: usize, length: usize) -> Vec<Vec<u32>> {
    let mut words = WORDS.split_whitespace().cycle();
    let token = |word: &str| word.bytes().fold(0, |hash: u32, byte| (hash * 31 + u32::from(byte)) % 1_000);
    (0..count).map(|_| words.by_ref().take(length).map(token).collect()).collect()
}

/// Numbers of texts and their lengths: a query, a long text, many sentences, many abstracts.
const TEXTS: [(usize, usize); 4] = [(1, 10), (1, 512), (1_000, 13), (40, 325)];

#[divan::bench(args = 0..TEXTS.len(), sample_count = 10, sample_size = 1)]
fn encode(bencher: Bencher<'_, '_>, index: usize) {
    bench_encoder(bencher, index, EncoderPrecision::Float32);
}

#[divan::bench(args = 0..TEXTS.len(), sample_count = 10, sample_size = 1)]
fn encode_in_integers(bencher: Bencher<'_, '_>, index: usize) {
    bench_encoder(bencher, index, EncoderPrecision::Int8);
}

fn bench_encoder(bencher: Bencher<'_, '_>, index: usize, precision: EncoderPrecision) {
    let (count, length) = TEXTS[index];
    let (encoder, texts) = (encoder(precision), texts(count, length));
    let sequences: Vec<&[u32]> = texts.iter().map(Vec::as_slice).collect();
    encoder.encode(&sequences, Pooling::Mean).expect("tokens of the vocabulary");
    bencher
        .counter(ItemsCount::new(count * length))
        .bench_local(|| encoder.encode(black_box(&sequences), Pooling::Mean));
}

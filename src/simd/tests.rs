//! The kernels of every instruction set against a naive computation in float64.

use std::sync::Arc;

use half::f16;
use proptest::prelude::*;
use rayon::prelude::*;

use super::vector::{Operation, Simd};
use super::*;

/// Applies a function of one vector to many values.
struct Map<'a, F> {
    values: &'a mut [f32],
    function: F,
}

/// A function of one vector.
trait Function {
    fn call<S: Simd>(&self, simd: S, x: S::Vector) -> S::Vector;
}

impl<F: Function> Operation for Map<'_, F> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        for values in self.values.chunks_mut(S::LANES) {
            let results = self.function.call(simd, simd.load_partial(values, 0.0));
            simd.store_partial(results, values);
        }
    }
}

struct Exp2;

impl Function for Exp2 {
    #[inline(always)]
    fn call<S: Simd>(&self, simd: S, x: S::Vector) -> S::Vector {
        transcendental::exp2(simd, x)
    }
}

impl Function for Activation {
    #[inline(always)]
    fn call<S: Simd>(&self, simd: S, x: S::Vector) -> S::Vector {
        let [value] = self.apply_each(simd, [x]);
        value
    }
}

/// Values from -1 to 1 that depend on `seed` alone (the finalizer of `SplitMix64`, Steele et al. 2014).
fn noise(seed: u64) -> impl Iterator<Item = f32> {
    (seed << 32..).map(|index| {
        let mixed = (index ^ (index >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed >> 40) as f32 / f32::from(1_u16 << 12) / f32::from(1_u16 << 11)) - 1.0
    })
}

fn stored(element: Element, shape: [usize; 2], seed: u64) -> StoredMatrix {
    let values = noise(seed).take(shape[0] * shape[1]);
    // One byte in front: nothing in a file is aligned for certain.
    let bytes: Vec<u8> = match element {
        Element::Float16 => {
            [0].into_iter().chain(values.flat_map(|x| f16::from_f32(x).to_le_bytes())).collect()
        }
        Element::Float32 => [0].into_iter().chain(values.flat_map(f32::to_le_bytes)).collect(),
    };
    let range = 1..bytes.len();
    StoredMatrix::new(Arc::new(bytes), range, element, shape).unwrap()
}

fn matrix(rows: usize, columns: usize, seed: u64) -> Matrix {
    let mut matrix = Matrix::with_columns(columns);
    matrix.reset_rows(rows);
    matrix.values_mut().fill(f32::NAN);
    let mut values = noise(seed);
    for row in 0..rows {
        matrix.row_mut(row).iter_mut().for_each(|value| *value = values.next().unwrap());
    }
    matrix
}

fn bits(matrix: &Matrix) -> Vec<u32> {
    (0..matrix.rows()).flat_map(|row| matrix.row(row).iter().map(|value| value.to_bits())).collect()
}

fn normal_distribution(x: f64) -> f64 {
    // Its series (Abramowitz and Stegun 26.2.11), which converges everywhere; from 6 on it is 1 to 1e-9.
    let (mut term, mut sum, mut odd) = (x, x, 1.0);
    while term.abs() > 1e-18 && x.abs() < 6.0 {
        odd += 2.0;
        term *= x * x / odd;
        sum += term;
    }
    if x.abs() < 6.0 {
        0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    } else {
        f64::from(u8::from(x > 0.0))
    }
}

#[test]
fn the_exponential_is_within_3e7_of_its_value() {
    for set in InstructionSet::available() {
        let inputs: Vec<f32> =
            (0..200_000).map(|index| index as f32 / 1_000.0 - 125.0).filter(|x| *x < 75.0).collect();
        let mut values = inputs.clone();
        set.run(Map { values: &mut values, function: Exp2 });
        for (x, value) in inputs.iter().zip(&values) {
            let error = f64::from(*value) / f64::from(*x).exp2() - 1.0;
            assert!(error.abs() <= 3e-7, "{set} 2^{x}: {error:e}");
        }
    }
}

#[test]
fn the_exponential_of_very_little_is_next_to_nothing() {
    for set in InstructionSet::available() {
        let mut values = [-126.5, -1e4, f32::MIN, f32::NEG_INFINITY];
        set.run(Map { values: &mut values, function: Exp2 });
        assert!(values.iter().all(|value| (0.0..=2e-38).contains(value)), "{set} {values:?}");
    }
}

#[test]
fn activations_are_within_4e7_of_their_values() {
    type Exact = fn(f64) -> f64;
    let cases: [(Activation, Exact); 3] = [
        (Activation::Gelu, |x| x * normal_distribution(x)),
        (Activation::GeluTanh, |x| {
            x / 2.0 * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044_715 * x.powi(3))).tanh())
        }),
        (Activation::Relu, |x| x.max(0.0)),
    ];
    for (activation, exact) in cases {
        for set in InstructionSet::available() {
            let inputs: Vec<f32> = (-150_000..150_000).map(|index| index as f32 / 10_000.0).collect();
            let mut values = inputs.clone();
            set.run(Map { values: &mut values, function: activation });
            for (&x, &value) in inputs.iter().zip(&values) {
                let error = (f64::from(value) - exact(f64::from(x))).abs() / f64::from(x).abs().max(1.0);
                assert!(error <= 4e-7, "{set} {activation:?}({x}) = {value}: {error:e}");
            }
        }
    }
}

#[test]
fn activations_keep_their_limits() {
    for set in InstructionSet::available() {
        for activation in [Activation::Gelu, Activation::GeluTanh, Activation::Relu] {
            let mut values = [1e30, -1e9, 0.0];
            set.run(Map { values: &mut values, function: activation });
            assert!((values[0] / 1e30 - 1.0).abs() <= 4e-7, "{set} {activation:?} {values:?}");
            assert!(values[1].abs() < 2e-6 && values[2] == 0.0, "{set} {activation:?} {values:?}");
        }
    }
}

/// `input x weights^T + bias` in float64, and the sum of the magnitudes of all terms.
fn exact_product(input: &Matrix, weights: &[StoredMatrix], biases: &[StoredMatrix]) -> Vec<(f64, f64)> {
    let outputs = weights.iter().zip(biases).flat_map(|(weights, biases)| {
        (0..weights.rows())
            .map(move |row| (weights.row(row).collect::<Vec<_>>(), biases.row(0).nth(row).unwrap()))
    });
    let outputs: Vec<_> = outputs.collect();
    let dot = |row: &[f32], (weights, bias): &(Vec<f32>, f32)| {
        let terms = row.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w));
        let start = (f64::from(*bias), f64::from(bias.abs()));
        terms.fold(start, |(sum, size), term| (sum + term, size + term.abs()))
    };
    (0..input.rows()).flat_map(|row| outputs.iter().map(move |output| dot(input.row(row), output))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn products_match_float64_and_their_two_forms_each_other(
        rows in 1_usize..40, inputs in 1_usize..75, outputs in prop::collection::vec(1_usize..70, 1..3),
        element in prop_oneof![Just(Element::Float16), Just(Element::Float32)], seed in 0_u64..1000,
    ) {
        let weights: Vec<_> = outputs.iter().zip(seed..).map(|(&n, seed)| stored(element, [n, inputs], seed)).collect();
        let biases: Vec<_> = outputs.iter().zip(seed + 7..).map(|(&n, seed)| stored(element, [1, n], seed)).collect();
        let input = matrix(rows, inputs, seed + 11);
        let exact = exact_product(&input, &weights, &biases);
        for set in InstructionSet::available() {
            let layers = weights.iter().cloned().zip(biases.iter().cloned()).collect();
            let linear = Linear::new(set, layers).unwrap();
            let mut output = Matrix::with_columns(linear.outputs());
            linear.apply(&input, &mut output, Store::Replace, Threads::One);
            let values = (0..rows).flat_map(|row| output.row(row));
            prop_assert_eq!(values.clone().count(), exact.len());
            for (value, (exact, size)) in values.zip(&exact) {
                prop_assert!((f64::from(*value) - exact).abs() <= size * 1e-6, "{} {value} {exact}", set);
            }
            let once = bits(&output);
            linear.pack();
            for threads in [Threads::One, Threads::All] {
                linear.apply(&input, &mut output, Store::Replace, threads);
                prop_assert_eq!(&bits(&output), &once, "{} packed, {:?}", set, threads);
            }
        }
    }

    #[test]
    fn a_row_of_a_product_does_not_depend_on_the_others(rows in 1_usize..40, row in 0_usize..40, seed in 0_u64..100) {
        let row = row % rows;
        let input = matrix(rows, 50, seed);
        let mut alone = Matrix::with_columns(50);
        alone.reset_rows(1);
        alone.row_mut(0).copy_from_slice(input.row(row));
        for set in InstructionSet::available() {
            let layer = (stored(Element::Float16, [33, 50], seed), stored(Element::Float16, [1, 33], seed + 1));
            let linear = Linear::new(set, vec![layer]).unwrap();
            let (mut all, mut one) = (Matrix::with_columns(33), Matrix::with_columns(33));
            linear.apply(&input, &mut all, Store::Activate(Activation::Gelu), Threads::One);
            linear.apply(&alone, &mut one, Store::Activate(Activation::Gelu), Threads::One);
            prop_assert_eq!(all.row(row), one.row(0));
        }
    }

    #[test]
    fn attention_matches_float64(
        tokens in 1_usize..80, count in 1_usize..4, dimension in 1_usize..70, skip in 0_usize..80, seed in 0_u64..1000,
    ) {
        let heads = Heads { count, dimension };
        let [queries, keys, values] = [0, 1, 2].map(|part| matrix(tokens, count * dimension, seed + part));
        let first = skip % tokens;
        let addends = stored(Element::Float32, [count, 2 * tokens - 1], seed + 3);
        let addends: Vec<f32> = (0..count).flat_map(|head| addends.row(head)).collect();
        let bias = (seed % 2 == 0).then_some(DistanceBias { addends: &addends, reach: tokens, first_position: first });
        let exact = exact_attention(&queries, &keys, &values, heads, bias);
        for set in InstructionSet::available() {
            let mut output = Matrix::with_columns(count * dimension);
            output.reset_rows(tokens - first);
            let stride = output.stride();
            let attention = Attention {
                queries: queries.from_row(first), keys: keys.from_row(0), values: values.from_row(0), tokens, heads,
                bias,
            };
            attention.apply(set, output.values_mut(), stride);
            for row in first..tokens {
                for (value, exact) in output.row(row - first).iter().zip(&exact[row]) {
                    prop_assert!((f64::from(*value) - exact).abs() <= 3e-6, "{} {value} {exact}", set);
                }
            }
        }
    }

    #[test]
    fn normalized_rows_match_float64(rows in 1_usize..5, columns in 1_usize..100, seed in 0_u64..1000) {
        let (weight, bias) = (stored(Element::Float32, [1, columns], seed), stored(Element::Float16, [1, columns], seed + 1));
        let input = matrix(rows, columns, seed + 2);
        for set in InstructionSet::available() {
            let norm = LayerNorm::new(set, &weight, &bias, 1e-5).unwrap();
            let mut output = matrix(rows, columns, seed + 2);
            let stride = output.stride();
            norm.apply(output.values_mut(), stride);
            for row in 0..rows {
                let exact = exact_norm(input.row(row), &weight, &bias);
                for (value, exact) in output.row(row).iter().zip(&exact) {
                    prop_assert!((f64::from(*value) - exact).abs() <= 2e-5, "{} {value} {exact}", set);
                }
            }
        }
    }

    #[test]
    fn rows_of_tables_are_added_exactly(columns in 1_usize..70, row in 0_usize..3, seed in 0_u64..1000) {
        for element in [Element::Float16, Element::Float32] {
            let table = stored(element, [3, columns], seed);
            for set in InstructionSet::available() {
                let mut target = vec![0.0; columns];
                add_row(set, &table, row, &mut target);
                prop_assert_eq!(&target, &table.row(row).collect::<Vec<_>>());
            }
        }
    }
}

fn exact_attention(
    queries: &Matrix,
    keys: &Matrix,
    values: &Matrix,
    heads: Heads,
    bias: Option<DistanceBias<'_>>,
) -> Vec<Vec<f64>> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let attend = |query: usize, head: usize| {
        let part = head * heads.dimension..(head + 1) * heads.dimension;
        let scale = (heads.dimension as f64).sqrt();
        let addend = |token: usize| {
            let row = head * (2 * keys.rows() - 1) + keys.rows() - 1;
            bias.map_or(0.0, |bias| f64::from(bias.addends[row + token - query]))
        };
        let score = |token: usize| {
            let product = dot(&queries.row(query)[part.clone()], &keys.row(token)[part.clone()]);
            ((product + addend(token)) / scale).exp()
        };
        let weights: Vec<f64> = (0..keys.rows()).map(score).collect();
        let total: f64 = weights.iter().sum();
        part.clone()
            .map(move |column| {
                let weighted =
                    weights.iter().enumerate().map(|(token, w)| w * f64::from(values.row(token)[column]));
                weighted.sum::<f64>() / total
            })
            .collect::<Vec<_>>()
    };
    (0..queries.rows()).map(|query| (0..heads.count).flat_map(|head| attend(query, head)).collect()).collect()
}

fn exact_norm(row: &[f32], weight: &StoredMatrix, bias: &StoredMatrix) -> Vec<f64> {
    let count = row.len() as f64;
    let mean = row.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let variance = row.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count;
    let scaled = row.iter().map(|x| (f64::from(*x) - mean) / (variance + 1e-5).sqrt());
    scaled.zip(weight.row(0).zip(bias.row(0))).map(|(x, (w, b))| x * f64::from(w) + f64::from(b)).collect()
}

/// Fails if `work` takes longer than any machine needs: a deadlock would otherwise hang the test.
fn ends(work: impl FnOnce() + Send + 'static) {
    let (done, watchdog) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        work();
        // The watchdog may have given up.
        let _ = done.send(());
    });
    watchdog.recv_timeout(std::time::Duration::from_secs(60)).expect("the work ends");
}

/// Calls `pack` for all of `layers` several times at once, from a pool and from outside.
fn pack_at_once<T: Sync>(pool: &rayon::ThreadPool, layers: &[T], pack: impl Fn(&T) + Copy + Sync + Send) {
    std::thread::scope(|outside| {
        for _ in 0..3 {
            outside.spawn(move || pool.install(|| layers.par_iter().for_each(pack)));
        }
        outside.spawn(move || layers.iter().for_each(pack));
    });
}

/// A worker that waits for others while it packs a layer takes the next layer of another caller, and two such workers
/// wait for each other.
#[test]
fn first_calls_of_pack_at_once_end() {
    ends(|| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(4).build().unwrap();
        let layer = vec![(stored(Element::Float16, [2048, 256], 1), stored(Element::Float16, [1, 2048], 2))];
        let set = InstructionSet::best();
        for _ in 0..20 {
            let layers: Vec<_> = (0..16).map(|_| Linear::new(set, layer.clone()).unwrap()).collect();
            pack_at_once(&pool, &layers, Linear::pack);
            let layers: Vec<_> = (0..4).map(|_| QuantizedLinear::new(set, layer.clone()).unwrap()).collect();
            pack_at_once(&pool, &layers, QuantizedLinear::pack);
        }
    });
}

#[test]
fn a_stored_matrix_has_the_size_of_its_bytes() {
    let bytes: Bytes = Arc::new(vec![0_u8; 12]);
    assert!(StoredMatrix::new(bytes.clone(), 0..12, Element::Float16, [2, 3]).is_some());
    assert!(StoredMatrix::new(bytes.clone(), 0..12, Element::Float32, [2, 3]).is_none());
    assert!(StoredMatrix::new(bytes.clone(), 4..16, Element::Float16, [2, 3]).is_none());
    assert!(StoredMatrix::new(bytes, 0..12, Element::Float16, [usize::MAX, 3]).is_none());
}

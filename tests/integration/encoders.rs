//! The CPU encoder: the vectors of the reference encoder, and of itself in any company.

use candle_core::Device;
#[cfg(feature = "bundled-model")]
use embed::model::EncoderPrecision;
use embed::model::{EmbeddingSettings, Encoder, Model, ModelFiles, Pooling, ReferenceEncoder};
use proptest::prelude::*;

use super::support::tiny_model;

const TEXTS: [&str; 8] = [
    "",
    "cat",
    "How do I return an item?",
    "Our premium membership costs $9.99/month and includes free returns.",
    "The economy is growing rapidly. The stock market fell today. Dogs are great pets.",
    "Café naïve résumé",
    "1234567890 3.14159 1e-7 fn main() { println!(\"hi\"); }",
    "word word word word word word word word word word word word word word word word word word word word",
];

fn files() -> ModelFiles {
    ModelFiles::from_folder(&tiny_model()).expect("the fixture loads")
}

fn assert_agreement(files: &ModelFiles, pooling: Pooling) {
    let settings = EmbeddingSettings { pooling, ..EmbeddingSettings::default() };
    let reference =
        ReferenceEncoder::new(&files.architecture, &files.weights, Device::Cpu).expect("candle loads it");
    let reference: Box<dyn Encoder> = Box::new(reference);
    let reference = Model::with_encoder(files, settings.clone(), reference).expect("it loads");
    let ours = Model::new(files, settings).expect("it loads");
    let expected = reference.embed_documents(&TEXTS).expect("they embed").vectors;
    let found = ours.embed_documents(&TEXTS).expect("they embed").vectors;
    assert_eq!((found.len(), expected.len()), (TEXTS.len(), TEXTS.len()));
    for (text, (found, expected)) in TEXTS.iter().zip(found.rows().zip(expected.rows())) {
        let difference = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference <= 1e-5, "{text:?} differs by {difference}");
    }
}

#[test]
fn the_cpu_encoder_agrees_with_candle_on_a_model_of_any_shape() {
    assert_agreement(&files(), Pooling::Mean);
    assert_agreement(&files(), Pooling::Cls);
}

#[cfg(feature = "bundled-model")]
#[test]
fn the_cpu_encoder_agrees_with_candle_on_the_bundled_model() {
    let files = ModelFiles::bundled().expect("the model is in this build");
    assert_agreement(&files, Pooling::Mean);
    assert_agreement(&files, Pooling::Cls);
}

#[cfg(feature = "bundled-model")]
#[test]
fn vectors_in_integers_are_near_those_in_float32() {
    let files = ModelFiles::bundled().expect("the model is in this build");
    let vectors = |precision| {
        let settings = EmbeddingSettings { precision, ..EmbeddingSettings::default() };
        let model = Model::new(&files, settings).expect("it loads");
        model.embed_documents(&TEXTS).expect("they embed").vectors
    };
    let (floats, integers) = (vectors(EncoderPrecision::Float32), vectors(EncoderPrecision::Int8));
    assert_eq!(integers.len(), TEXTS.len());
    for (text, (a, b)) in TEXTS.iter().zip(floats.rows().zip(integers.rows())) {
        let cosine: f32 = a.iter().zip(b).map(|(a, b)| a * b).sum();
        // Furthest off are two special tokens alone, 0.9983, and one word repeated, 0.9990; sentences are at 0.9992 and more.
        let least = if text.contains(". ") { 0.9992 } else { 0.998 };
        assert!((least..0.999_999).contains(&cosine), "{text:?} {cosine}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_text_has_the_same_vector_in_any_company_order_and_number_of_threads(
        company in prop::collection::vec(0..TEXTS.len(), 1..200),
        threads in 1_usize..5,
    ) {
        let model = Model::new(&files(), EmbeddingSettings::default()).expect("it loads");
        let alone: Vec<Vec<f32>> = TEXTS
            .iter()
            .map(|text| model.embed_documents(&[text]).expect("it embeds").vectors.row(0).to_vec())
            .collect();
        let texts: Vec<&str> = company.iter().map(|&index| TEXTS[index]).collect();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
        let together = pool.install(|| model.embed_documents(&texts)).expect("they embed").vectors;
        prop_assert_eq!(together.len(), company.len());
        for (&index, row) in company.iter().zip(together.rows()) {
            prop_assert_eq!(row, alone[index].as_slice(), "{:?}", TEXTS[index]);
        }
    }
}

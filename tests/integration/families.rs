//! Every architecture gives the vectors that sentence-transformers gives, on tiny random models.
//! `tests/make_tiny_models.py` makes the models and the golden vectors.

use std::path::{Path, PathBuf};

use embed::model::{
    Device, EmbeddingSettings, Encoder, EncoderPrecision, Model, ModelFiles, Pooling, ReferenceEncoder,
    SUPPORTED_ARCHITECTURES,
};
use serde::Deserialize;

/// Of every component; the golden vectors are rounded to seven decimals.
const TOLERANCE: f32 = 1e-5;

/// `camembert` is `roberta` by another name.
const FAMILIES: [&str; 7] =
    ["bert", "roberta", "xlm-roberta", "distilbert", "mpnet", "modernbert", "nomic_bert"];

#[derive(Deserialize)]
struct GoldenText {
    text: String,
    token_ids: Vec<u32>,
    mean: Vec<f32>,
    cls: Vec<f32>,
}

pub(crate) fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families").join(family)
}

fn golden(family: &str) -> Vec<GoldenText> {
    let path = folder(family).join("golden.json");
    let json = std::fs::read(path).expect("the fixture is whole");
    let golden: Vec<GoldenText> = serde_json::from_slice(&json).expect("the fixture is JSON");
    assert_eq!(golden.len(), 13);
    golden
}

fn files(family: &str) -> ModelFiles {
    ModelFiles::from_folder(&folder(family)).unwrap_or_else(|error| panic!("{family}: {error:?}"))
}

fn settings(pooling: Pooling) -> EmbeddingSettings {
    EmbeddingSettings { pooling, ..EmbeddingSettings::default() }
}

/// The largest difference of a component from the golden vectors, all texts in one call and each alone.
fn largest_difference(model: &Model, golden: &[GoldenText], pooling: Pooling) -> f32 {
    let texts: Vec<&str> = golden.iter().map(|row| row.text.as_str()).collect();
    let together = model.embed_documents(&texts).expect("they embed").vectors;
    assert_eq!(together.len(), golden.len());
    let mut largest = 0.0_f32;
    for (row, together) in golden.iter().zip(together.rows()) {
        let alone = model.embed_documents(&[&row.text]).expect("it embeds").vectors;
        let expected = if pooling == Pooling::Mean { &row.mean } else { &row.cls };
        for found in [together, alone.row(0)] {
            assert_eq!(found.len(), expected.len());
            let differences = found.iter().zip(expected).map(|(a, b)| (a - b).abs());
            largest = differences.fold(largest, f32::max);
        }
    }
    largest
}

#[test]
fn vectors_are_those_of_sentence_transformers() {
    for family in FAMILIES {
        let golden = golden(family);
        for pooling in [Pooling::Mean, Pooling::Cls] {
            let model = Model::new(&files(family), settings(pooling)).expect("it loads");
            let difference = largest_difference(&model, &golden, pooling);
            assert!(difference <= TOLERANCE, "{family} with {pooling} differs by {difference}");
        }
    }
}

#[test]
fn the_reference_encoder_gives_them_for_every_family_too() {
    for family in FAMILIES {
        let (files, golden) = (files(family), golden(family));
        for pooling in [Pooling::Mean, Pooling::Cls] {
            let device = Device::Cpu.open().expect("there is a CPU");
            let encoder =
                ReferenceEncoder::new(&files.architecture, &files.weights, device).expect("candle loads it");
            let encoder: Box<dyn Encoder> = Box::new(encoder);
            let model = Model::with_encoder(&files, settings(pooling), encoder).expect("it loads");
            let difference = largest_difference(&model, &golden, pooling);
            assert!(difference <= TOLERANCE, "{family} with {pooling} differs by {difference}");
        }
    }
}

#[test]
fn the_cpu_encoder_computes_its_families_in_integers_too() {
    for (family, least) in [("bert", 0.999), ("roberta", 0.999), ("distilbert", 0.999), ("mpnet", 0.999)] {
        let golden = golden(family);
        let precision = EncoderPrecision::Int8;
        let settings = EmbeddingSettings { precision, ..EmbeddingSettings::default() };
        let model = Model::new(&files(family), settings).expect("it loads");
        for row in &golden {
            let found = model.embed_documents(&[&row.text]).expect("it embeds").vectors;
            let cosine: f32 = found.row(0).iter().zip(&row.mean).map(|(a, b)| a * b).sum();
            assert!((least..0.999_999_9).contains(&cosine), "{family}: {:?} {cosine}", row.text);
        }
    }
}

#[test]
fn token_ids_are_those_of_the_reference_in_every_family() {
    for family in FAMILIES {
        let model = Model::new(&files(family), EmbeddingSettings::default()).expect("it loads");
        assert_eq!(model.max_tokens(), 96, "{family}");
        let golden = golden(family);
        let texts: Vec<&str> = golden.iter().map(|row| row.text.as_str()).collect();
        let together = model.tokenizer().tokenize_all(&texts).expect("they tokenize");
        for (row, together) in golden.iter().zip(together) {
            let alone = model.tokenizer().tokenize(&row.text).expect("it tokenizes");
            assert_eq!(alone, together, "{family}: {:?}", row.text);
            assert_eq!(together.ids, row.token_ids, "{family}: {:?}", row.text);
        }
        let (last, longest) = (golden.last().expect("there are rows"), model.max_tokens());
        assert_eq!(last.token_ids.len(), longest, "{family}: the last text is cut");
    }
}

#[test]
fn every_supported_architecture_is_tested_by_a_family_here() {
    for name in SUPPORTED_ARCHITECTURES {
        assert!(FAMILIES.contains(&name) || name == "camembert", "{name}");
    }
}

#[test]
fn the_default_pooling_is_what_each_folder_declares() {
    for family in FAMILIES {
        let expected = match family {
            "xlm-roberta" | "modernbert" => Pooling::Cls,
            _ => Pooling::Mean,
        };
        assert_eq!(files(family).default_pooling().expect("it is supported"), expected, "{family}");
    }
}

#[test]
fn fingerprints_tell_architectures_apart() {
    let of = |family: &str| {
        let model = Model::new(&files(family), EmbeddingSettings::default()).expect("it loads");
        model.fingerprint().clone()
    };
    let fingerprints: std::collections::HashSet<_> = FAMILIES.into_iter().map(of).collect();
    assert_eq!(fingerprints.len(), FAMILIES.len());
}

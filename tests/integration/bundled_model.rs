//! The model inside the binary gives the vectors that sentence-transformers gives.
#![cfg(feature = "bundled-model")]

use embed::model::{EmbeddingSettings, Model, ModelFiles, Pooling, PoolingChoice};
use serde::Deserialize;

/// Of every component; the golden vectors are rounded to seven decimals.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct Golden {
    texts: Vec<GoldenText>,
}

#[derive(Deserialize)]
struct GoldenText {
    text: String,
    token_ids: Vec<u32>,
    mean: Vec<f32>,
    cls: Vec<f32>,
}

fn golden() -> Vec<GoldenText> {
    let golden: Golden =
        serde_json::from_str(include_str!("../fixtures/golden.json")).expect("the fixture is JSON");
    assert_eq!(golden.texts.len(), 36);
    golden.texts
}

fn bundled(pooling: Pooling) -> Model {
    let files = ModelFiles::bundled().expect("the model is in this build");
    Model::new(&files, EmbeddingSettings { pooling, ..EmbeddingSettings::default() }).expect("it loads")
}

#[test]
fn the_bundled_model_is_found_with_and_without_its_organization() {
    for name in ["BAAI/bge-small-en-v1.5", "bge-small-en-v1.5"] {
        assert_eq!(ModelFiles::find(name).expect("it is in this build").name, "BAAI/bge-small-en-v1.5");
    }
    for name in ["", "v1.5", "other/bge-small-en-v1.5", "bge-small-en"] {
        assert!(ModelFiles::find(name).is_err(), "{name}");
    }
}

#[test]
fn the_bundled_model_pools_by_mean_though_its_files_declare_cls() {
    let files = ModelFiles::bundled().expect("the model is in this build");
    assert_eq!(files.default_pooling().expect("it is supported"), Pooling::Mean);
    assert_eq!(files.resolve_pooling(PoolingChoice::Auto).expect("it is supported"), Pooling::Cls);
}

fn largest_difference(left: &[f32], right: &[f32]) -> f32 {
    assert_eq!(left.len(), right.len(), "vectors of one dimension");
    left.iter().zip(right).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

fn assert_parity(pooling: Pooling, expected: impl Fn(&GoldenText) -> &[f32]) {
    let golden = golden();
    let texts: Vec<&str> = golden.iter().map(|row| row.text.as_str()).collect();
    let embedded = bundled(pooling).embed_queries(&texts).expect("every text embeds");
    assert_eq!(embedded.vectors.len(), golden.len());
    for (row, vector) in golden.iter().zip(embedded.vectors.rows()) {
        let difference = largest_difference(vector, expected(row));
        assert!(difference <= TOLERANCE, "{:?} differs by {difference}", row.text);
    }
}

#[test]
fn token_ids_are_those_of_the_reference() {
    let model = bundled(Pooling::Mean);
    for row in golden() {
        let tokenized = model.tokenizer().tokenize(&row.text).expect("every text tokenizes");
        assert_eq!(tokenized.ids, row.token_ids, "{:?}", row.text);
    }
}

#[test]
fn mean_pooled_vectors_are_those_of_the_reference() {
    assert_parity(Pooling::Mean, |row| &row.mean);
}

#[test]
fn cls_pooled_vectors_are_those_of_the_reference() {
    assert_parity(Pooling::Cls, |row| &row.cls);
}

#[test]
fn a_text_beyond_512_tokens_is_cut_and_counted() {
    let model = bundled(Pooling::Mean);
    let long = model.tokenizer().tokenize(&"word ".repeat(600)).expect("it tokenizes");
    assert_eq!((long.ids.len(), long.truncated), (512, true));
    let full = model.tokenizer().tokenize(&"word ".repeat(510)).expect("it tokenizes");
    assert_eq!((full.ids.len(), full.truncated), (512, false));
    let embedded = model.embed_documents(&["word ".repeat(600), "short".to_owned()]).expect("both embed");
    assert_eq!((embedded.truncated, embedded.tokens), (1, 512 + 3));
    assert_eq!(model.tokenizer().tokens(&"word ".repeat(600)).expect("it tokenizes").len(), 602);
}

#[test]
fn the_three_similarities_of_the_article_come_out() {
    let texts = [
        "I love cats.",
        "My favorite animal is a cat.",
        "Dogs are great pets.",
        "The economy is growing rapidly.",
    ];
    let vectors = bundled(Pooling::Mean).embed_queries(&texts).expect("every text embeds").vectors;
    let similarity =
        |row: usize| vectors.row(0).iter().zip(vectors.row(row)).map(|(a, b)| a * b).sum::<f32>();
    assert_eq!([1, 2, 3].map(|row| format!("{:.3}", similarity(row))), ["0.890", "0.599", "0.339"]);
}

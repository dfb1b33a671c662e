//! Every layout of cross-encoders gives the logits that transformers gives, on tiny random models, and other models are
//! refused. `tests/make_tiny_cross_encoders.py` makes the models and the golden logits.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use embed::engine::{Hit, LocalHost, Models, Passage, RERANK_WEIGHT, Reranker, RerankerRequest, rerank};
use embed::model::{
    CrossEncoder, CrossEncoderFiles, Device, EncoderPrecision, ModelError, ModelFiles, ReferenceEncoder,
    TokenizedPair,
};
use embed::search::LocatedPassage;
use serde::Deserialize;
use tempfile::TempDir;

use super::families;

const LAYOUTS: [&str; 4] = ["bert", "roberta", "distilbert", "modernbert"];

/// Of a logit; the golden ones are rounded to seven decimals.
const TOLERANCE: f32 = 1e-5;

#[derive(Deserialize)]
struct GoldenPair {
    query: String,
    text: String,
    token_ids: Vec<u32>,
    types: Vec<u32>,
    score: f32,
    score_cls: Option<f32>,
}

pub(crate) fn folder(layout: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/cross-encoders").join(layout)
}

fn golden(layout: &str) -> Vec<GoldenPair> {
    let json = fs::read(folder(layout).join("golden.json")).expect("the fixture is whole");
    let golden: Vec<GoldenPair> = serde_json::from_slice(&json).expect("the fixture is JSON");
    assert_eq!(golden.len(), 21);
    golden
}

fn load(folder: &Path, precision: EncoderPrecision) -> Result<CrossEncoder, ModelError> {
    CrossEncoder::new(&CrossEncoderFiles::from_folder(folder)?, precision, Device::Cpu)
}

fn tiny(layout: &str) -> CrossEncoder {
    load(&folder(layout), EncoderPrecision::Float32).unwrap_or_else(|error| panic!("{layout}: {error:?}"))
}

/// A copy of a layout that a test may change.
fn copy(layout: &str) -> TempDir {
    let copy = tempfile::tempdir().expect("a folder for the test");
    for file in ["config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors"] {
        fs::copy(folder(layout).join(file), copy.path().join(file)).expect("the fixture is whole");
    }
    copy
}

fn edit(folder: &Path, file: &str, change: impl FnOnce(&mut serde_json::Value)) {
    let path = folder.join(file);
    let mut json = serde_json::from_slice(&fs::read(&path).expect("the file is there")).expect("it is JSON");
    change(&mut json);
    fs::write(path, json.to_string()).expect("the folder is writable");
}

fn refusal(folder: &Path) -> ModelError {
    load(folder, EncoderPrecision::Float32).map(drop).expect_err("it is refused")
}

/// The scores of golden pairs, query by query.
fn scores(model: &CrossEncoder, golden: &[GoldenPair]) -> Vec<f32> {
    let of_query = |pairs: &[GoldenPair]| {
        let texts: Vec<&str> = pairs.iter().map(|pair| pair.text.as_str()).collect();
        model.score(&pairs[0].query, &texts).expect("they are scored").scores
    };
    golden.chunk_by(|a, b| a.query == b.query).flat_map(of_query).collect()
}

fn largest_difference(scores: &[f32], golden: impl ExactSizeIterator<Item = f32>) -> f32 {
    assert_eq!(scores.len(), golden.len());
    scores.iter().zip(golden).map(|(score, golden)| (score - golden).abs()).fold(0.0, f32::max)
}

#[test]
fn logits_are_those_of_transformers() {
    for layout in LAYOUTS {
        let (model, golden) = (tiny(layout), golden(layout));
        let difference = largest_difference(&scores(&model, &golden), golden.iter().map(|pair| pair.score));
        assert!(difference <= TOLERANCE, "{layout} differs by {difference}");
    }
}

#[test]
fn the_reference_encoder_gives_them_for_every_layout_too() {
    for layout in LAYOUTS {
        let files = CrossEncoderFiles::from_folder(&folder(layout)).expect("the fixture is whole");
        let device = Device::Cpu.open().expect("there is a CPU");
        let encoder =
            ReferenceEncoder::new(&files.architecture, &files.weights, device).expect("candle loads it");
        let model = CrossEncoder::with_encoder(&files, Box::new(encoder)).expect("it loads");
        let golden = golden(layout);
        let difference = largest_difference(&scores(&model, &golden), golden.iter().map(|pair| pair.score));
        assert!(difference <= TOLERANCE, "{layout} differs by {difference}");
    }
}

#[test]
fn pairs_have_the_tokens_and_types_of_transformers() {
    for layout in LAYOUTS {
        let model = tiny(layout);
        for GoldenPair { query, text, token_ids, types, .. } in golden(layout) {
            let pairs = model.tokenizer().tokenize_all(&query, &[&text]).expect("they tokenize");
            let second = types.iter().position(|&kind| kind == 1).unwrap_or(types.len());
            let is_cut = text.len() > 1000;
            assert_eq!(
                pairs,
                [TokenizedPair { ids: token_ids, second, truncated: is_cut }],
                "{layout}: {text:?}"
            );
        }
    }
}

#[test]
fn a_pair_has_the_same_score_alone_and_beside_others() {
    for (layout, precision) in [
        ("bert", EncoderPrecision::Float32),
        ("bert", EncoderPrecision::Int8),
        ("roberta", EncoderPrecision::Float32),
    ] {
        let (model, golden) = (load(&folder(layout), precision).expect("it loads"), golden(layout));
        for (pair, together) in golden.iter().zip(scores(&model, &golden)) {
            let alone = model.score(&pair.query, &[&pair.text]).expect("it is scored").scores;
            assert_eq!(alone, [together], "{layout}: {:?}", pair.text);
        }
    }
}

#[test]
fn the_pooling_of_modernbert_is_that_of_its_configuration() {
    let copy = copy("modernbert");
    edit(copy.path(), "config.json", |config| config["classifier_pooling"] = "cls".into());
    let (model, golden) =
        (load(copy.path(), EncoderPrecision::Float32).expect("it loads"), golden("modernbert"));
    let expected = golden.iter().map(|pair| pair.score_cls.expect("both poolings are there"));
    let difference = largest_difference(&scores(&model, &golden), expected);
    assert!(difference <= TOLERANCE, "{difference}");
    edit(copy.path(), "config.json", |config| config["classifier_pooling"] = "max".into());
    assert!(matches!(refusal(copy.path()), ModelError::InvalidConfig { field: "classifier_pooling", .. }));
}

#[test]
fn integers_give_nearly_the_same_logits() {
    for layout in ["bert", "roberta", "distilbert"] {
        let model = load(&folder(layout), EncoderPrecision::Int8).expect("it loads");
        let golden = golden(layout);
        let difference = largest_difference(&scores(&model, &golden), golden.iter().map(|pair| pair.score));
        assert!((1e-4..0.1).contains(&difference), "{layout}: {difference}");
    }
    let refused = load(&folder("modernbert"), EncoderPrecision::Int8).map(drop);
    assert!(matches!(refused, Err(ModelError::PrecisionUnsupported { .. })), "{refused:?}");
}

#[test]
fn every_form_of_a_pair_in_a_tokenizer_file_gives_the_same_tokens() {
    let forms = [
        ("bert", serde_json::json!({"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]})),
        (
            "roberta",
            serde_json::json!({"type": "RobertaProcessing", "cls": ["<s>", 0], "sep": ["</s>", 2],
                               "trim_offsets": true, "add_prefix_space": false}),
        ),
    ];
    for (layout, form) in forms {
        let copy = copy(layout);
        edit(copy.path(), "tokenizer.json", |file| file["post_processor"] = form);
        let model = load(copy.path(), EncoderPrecision::Float32).expect("it loads");
        for GoldenPair { query, text, .. } in golden(layout) {
            let pair = |model: &CrossEncoder| {
                model.tokenizer().tokenize_all(&query, &[&text]).expect("it tokenizes")
            };
            assert_eq!(pair(&model), pair(&tiny(layout)), "{layout}: {text:?}");
        }
    }
}

#[test]
fn a_long_query_leaves_a_quarter_of_the_tokens_to_the_text() {
    for layout in LAYOUTS {
        let model = tiny(layout);
        let (query, text) = ("how do I return it ".repeat(40), "the cat returned ".repeat(60));
        let pairs = model.tokenizer().tokenize_all(&query, &["the cat", &text]).expect("they tokenize");
        assert!(pairs.iter().all(|pair| pair.truncated), "{layout}");
        assert!((75..96).contains(&pairs[0].ids.len()), "{layout}: {}", pairs[0].ids.len());
        assert_eq!(pairs[1].ids.len(), model.max_tokens(), "{layout}");
        let scored = model.score(&query, &["the cat", &text]).expect("they are scored");
        assert_ne!(scored.scores[0], scored.scores[1], "{layout}: the text counts");
        assert_eq!(scored.truncated, 2);
    }
}

#[test]
fn an_embedding_model_is_not_a_cross_encoder() {
    for family in ["bert", "roberta", "distilbert", "modernbert", "xlm-roberta"] {
        let error = refusal(&families::folder(family));
        assert!(matches!(error, ModelError::NoClassifier { .. }), "{family}: {error}");
    }
    let error = refusal(&families::folder("mpnet"));
    assert!(matches!(error, ModelError::UnsupportedCrossEncoder { architecture: "mpnet", .. }), "{error}");
    let bundled = CrossEncoderFiles::find("bge-small-en-v1.5").map(drop);
    assert!(matches!(bundled, Err(ModelError::NoClassifier { .. })), "{bundled:?}");
}

#[test]
fn a_cross_encoder_is_not_an_embedding_model() {
    for layout in LAYOUTS {
        let refused = ModelFiles::from_folder(&folder(layout)).map(drop);
        assert!(matches!(refused, Err(ModelError::CrossEncoder { .. })), "{layout}: {refused:?}");
    }
    let copy = copy("bert");
    edit(copy.path(), "config.json", |config| config["architectures"] = serde_json::json!(["BertModel"]));
    ModelFiles::from_folder(copy.path()).expect("its configuration is that of an encoder");
}

#[test]
fn a_classifier_of_several_labels_is_refused() {
    let copy = copy("bert");
    let path = copy.path().join("model.safetensors");
    let bytes = fs::read(&path).expect("the fixture is whole");
    // The classifier of hidden size 32 as if it had two labels of 16.
    let text = br#""shape":[1,32]"#;
    let start = bytes.windows(text.len()).position(|window| window == text).expect("there is a classifier");
    let mut changed = bytes.clone();
    changed[start..start + text.len()].copy_from_slice(br#""shape":[2,16]"#);
    fs::write(path, changed).expect("the folder is writable");
    assert!(matches!(refusal(copy.path()), ModelError::Labels { labels: 2, .. }));
}

#[test]
fn a_model_without_safetensors_is_refused() {
    let copy = copy("bert");
    let weights = copy.path().join("model.safetensors");
    fs::rename(&weights, copy.path().join("pytorch_model.bin")).expect("the folder is writable");
    assert!(matches!(refusal(copy.path()), ModelError::MissingFile { file: "model.safetensors", .. }));
}

#[test]
fn too_few_positions_for_a_pair_are_refused() {
    let copy = copy("bert");
    edit(copy.path(), "tokenizer_config.json", |config| config["model_max_length"] = 15.into());
    let at_fault = |refusal: ModelError| match refusal {
        ModelError::InvalidConfig { path, field, value, .. } => (path, field, value),
        other => panic!("{other}"),
    };
    let expected = (copy.path().join("tokenizer_config.json"), "model_max_length", "15".to_owned());
    assert_eq!(at_fault(refusal(copy.path())), expected);
}

fn reranker() -> Reranker {
    let models = Models::new(std::sync::Arc::new(LocalHost::new("/")));
    let request = RerankerRequest {
        name: folder("bert").to_string_lossy().into_owned(),
        precision: EncoderPrecision::Float32,
        device: Device::Cpu,
    };
    models.reranker(&request).expect("it loads")
}

#[test]
fn a_budget_scores_the_first_texts() {
    let reranker = reranker();
    let texts: Vec<String> = (0..40).map(|number| format!("the cat returned {number}")).collect();
    let all = reranker.scores("a cat", &texts).expect("they are scored");
    assert_eq!((all.scores.len(), all.truncated), (40, 0));
    let within = |budget| reranker.scores_within("a cat", &texts, budget).expect("they are scored").scores;
    assert_eq!(within(Duration::from_secs(3600)), all.scores);
    let few = within(Duration::ZERO);
    assert!((1..40).contains(&few.len()), "{}", few.len());
    assert_eq!(few, all.scores[..few.len()]);
    assert_eq!(reranker.scores("a cat", &[""; 0]).expect("there is nothing to do").scores, [0.0; 0]);
}

#[test]
fn hits_are_reordered_by_both_scores() {
    let hit = |key: &str, score| {
        let passage = Passage { text: key.to_owned(), context: None, lines: None, bytes: None };
        let (source, document, key) = ("a.txt".to_owned(), key.to_owned(), key.to_owned());
        Hit {
            score,
            passage: LocatedPassage { source, document, key, passage, metadata: None },
            parts: None,
            rerank: None,
        }
    };
    let mut hits = vec![hit("a", 0.75), hit("b", 0.5), hit("c", 0.5), hit("d", 0.25)];
    rerank(&mut hits, &[-25.0, 25.0, 25.0], RERANK_WEIGHT);
    let found: Vec<(&str, f32)> = hits.iter().map(|hit| (hit.passage.key.as_str(), hit.score)).collect();
    assert_eq!(found, [("b", 0.75), ("c", 0.75), ("a", 0.5), ("d", 0.25)]);

    let mut hits = vec![hit("a", 0.75), hit("b", 0.5), hit("c", 0.25)];
    rerank(&mut hits, &[f32::NAN, -9.0, 9.0], RERANK_WEIGHT);
    let found: Vec<&str> = hits.iter().map(|hit| hit.passage.key.as_str()).collect();
    assert_eq!(found, ["b", "c", "a"], "NaN comes last");
}

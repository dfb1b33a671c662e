//! What a user says of a model beside its name: prompts, dimensions, pooling and device.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::families::folder;
use super::support::{Outcome, Sandbox};

/// Runs with `--model` set to the tiny model of `family`, whose prompts are document, passage and query.
fn run(sandbox: &Sandbox, family: &str, arguments: &[&str]) -> Outcome {
    Outcome::of(sandbox.command(arguments).arg("--model").arg(folder(family)))
}

/// The vector that `embed encode` gives a text.
fn vector(sandbox: &Sandbox, arguments: &[&str]) -> Vec<f64> {
    let outcome = run(sandbox, "bert", &[&["encode", "--output-format", "jsonl"], arguments].concat());
    assert_eq!(outcome.code, 0, "{outcome:?}");
    let records = outcome.records();
    let numbers = records[0]["embedding"].as_array().expect("a vector is a list");
    numbers.iter().map(|number| number.as_f64().expect("components are numbers")).collect()
}

fn model_name(family: &str) -> String {
    folder(family).canonicalize().expect("the fixture is there").display().to_string()
}

/// A copy of a family's folder that a test may change.
fn copy(family: &str) -> TempDir {
    let target = tempfile::tempdir().expect("a folder for the test");
    fs::create_dir(target.path().join("1_Pooling")).expect("the folder is writable");
    for file in [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "modules.json",
        "tokenizer_config.json",
        "1_Pooling/config.json",
    ] {
        fs::copy(folder(family).join(file), target.path().join(file)).expect("the fixture is whole");
    }
    target
}

fn encode_with(model: &Path, arguments: &[&str]) -> Outcome {
    let sandbox = Sandbox::new();
    let model = model.display().to_string();
    sandbox.run(&[&["encode", "cat", "--model", &model], arguments].concat())
}

#[test]
fn a_prompt_is_the_prefix_that_the_model_gives_that_name() {
    let sandbox = Sandbox::new();
    let typed = vector(&sandbox, &["query: cat"]);
    assert_ne!(typed, vector(&sandbox, &["cat"]));
    assert_eq!(typed, vector(&sandbox, &["--prompt", "query", "cat"]));
    assert_eq!(typed, vector(&sandbox, &["--query", "--prompt", "query", "cat"]));
    assert_eq!(
        vector(&sandbox, &["passage: cat"]),
        vector(&sandbox, &["--document-prompt", "passage", "cat"])
    );
}

#[test]
fn a_prompt_that_the_model_does_not_have_is_refused_with_those_it_has() {
    let name = model_name("bert");
    run(&Sandbox::new(), "bert", &["encode", "--prompt", "title", "cat"])
        .assert_error(&format!("{name} has no prompt 'title'; it has: document, passage, query"));
    Sandbox::new().run_tiny(&["encode", "--prompt", "query", "cat"]).assert_error(&format!(
        "{} has no prompt 'query'; it has none",
        super::support::tiny_model().display()
    ));
    let both = run(&Sandbox::new(), "bert", &["search", "cat", "--prompt", "query", "--query-prefix", "q"]);
    assert_eq!(both.code, 2);
    assert!(both.stderr.contains("cannot be used with"), "{both:?}");
}

#[test]
fn an_index_keeps_the_prompts_that_it_was_made_with() {
    let sandbox = Sandbox::with_docs();
    let flags = ["--prompt", "query", "--document-prompt", "passage"];
    let made = run(&sandbox, "bert", &[&["index", "docs.txt"], &flags[..]].concat());
    assert_eq!(made.code, 0, "{made:?}");
    let stored = sandbox.run(&["search", "return", "--jsonl"]);
    let files = ["search", "return", "docs.txt", "--jsonl"];
    let scores = |outcome: &Outcome| -> Vec<Value> {
        outcome.records().iter().map(|record| record["score"].clone()).collect()
    };
    let prompted = scores(&run(&sandbox, "bert", &[&files[..], &flags[..]].concat()));
    assert_eq!(scores(&stored), prompted);
    assert_ne!(scores(&run(&sandbox, "bert", &files)), prompted);
    let other = sandbox.run(&["index", "docs.txt", "--prompt", "passage"]);
    other.assert_error("the index .embed has the query prefix \"query: \"");
}

#[test]
fn dimensions_keep_the_first_components_at_length_1() {
    let sandbox = Sandbox::new();
    let whole = vector(&sandbox, &["cat"]);
    let first = vector(&sandbox, &["cat", "--dimensions", "8"]);
    assert_eq!((whole.len(), first.len()), (32, 8));
    let length = whole[..8].iter().map(|x| x * x).sum::<f64>().sqrt();
    for (kept, component) in first.iter().zip(&whole) {
        assert!((kept - component / length).abs() < 1e-6, "{kept} is not {component} / {length}");
    }
    assert_eq!(vector(&sandbox, &["cat", "--dimensions", "32"]), whole);
    run(&sandbox, "bert", &["encode", "cat", "--dimensions", "33"]).assert_error(&format!(
        "{} has vectors of dimension 32: there are no 33 components to keep",
        model_name("bert")
    ));
}

#[test]
fn an_index_of_fewer_dimensions_is_searched_with_as_many() {
    let sandbox = Sandbox::with_docs();
    assert_eq!(run(&sandbox, "bert", &["index", "docs.txt", "--dimensions", "8"]).code, 0);
    let found = sandbox.records(&["search", "return policy", "-k", "5"]);
    let files = ["search", "return policy", "docs.txt", "--jsonl", "-k", "5"];
    let expected = run(&sandbox, "bert", &[&files[..], &["--dimensions", "8"]].concat()).records();
    assert_eq!(found.len(), 5);
    for (found, expected) in found.iter().zip(&expected) {
        assert_eq!((&found["id"], &found["score"]), (&expected["id"], &expected["score"]));
    }
    for other in ["16", "32"] {
        let refused = sandbox.run(&["search", "return policy", "--dimensions", other]);
        assert_eq!(refused.code, 2);
        assert!(refused.stderr.contains("their vectors cannot be compared"), "{refused:?}");
    }
    let rebuilt = sandbox.run(&["index", "--rebuild", "--dimensions", "16"]);
    assert_eq!(rebuilt.code, 0, "{rebuilt:?}");
    assert_eq!(sandbox.run(&["search", "return policy", "--dimensions", "16"]).code, 0);
}

#[test]
fn the_fingerprint_changes_only_where_components_are_left_out() {
    let sandbox = Sandbox::new();
    let fingerprint = |arguments: &[&str]| {
        let info = run(&sandbox, "bert", &[&["info", "--json"], arguments].concat());
        let info: Value = serde_json::from_str(&info.stdout).expect("info writes JSON");
        info["model"]["fingerprint"].clone()
    };
    let whole = fingerprint(&[]);
    assert_eq!(fingerprint(&["--dimensions", "32"]), whole);
    assert_ne!(fingerprint(&["--dimensions", "31"]), whole);
    assert_ne!(fingerprint(&["--dimensions", "31"]), fingerprint(&["--dimensions", "30"]));
}

#[cfg(not(any(feature = "cuda", feature = "metal")))]
#[test]
fn a_device_that_the_build_does_not_have_is_refused_with_the_mend() {
    for (device, features) in [("cuda", "--features cuda"), ("metal", "--features metal")] {
        let refused = run(&Sandbox::new(), "bert", &["encode", "cat", "--device", device]);
        refused.assert_error(&format!("this embed was built without support for the device '{device}'"));
        assert!(refused.stderr.contains(features), "{refused:?}");
    }
    let sandbox = Sandbox::new();
    assert_eq!(vector(&sandbox, &["cat", "--device", "cpu"]), vector(&sandbox, &["cat"]));
}

#[test]
fn integers_are_refused_where_candle_computes() {
    let refused = run(&Sandbox::new(), "modernbert", &["encode", "cat", "--precision", "int8"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (2, ""));
    assert!(refused.stderr.contains("int8") && refused.stderr.contains("modernbert"), "{refused:?}");
    assert!(refused.stderr.contains("hint: use --precision f32"), "{refused:?}");
    let sandbox = Sandbox::with_docs();
    assert_eq!(run(&sandbox, "bert", &["index", "docs.txt", "--precision", "int8"]).code, 0);
    let rebuild = ["index", "--rebuild"];
    let inherited = run(&sandbox, "modernbert", &rebuild);
    assert!(inherited.stderr.contains("hint: use --precision f32"), "{inherited:?}");
    assert_eq!(run(&sandbox, "modernbert", &[&rebuild[..], &["--precision", "f32"]].concat()).code, 0);
}

#[test]
fn a_prefix_is_never_taken_for_another_setting() {
    let sandbox = Sandbox::with_docs();
    for (prefix, others) in
        [("a\ndimensions 8", ["--dimensions", "8"]), ("a\nprecision int8", ["--precision", "int8"])]
    {
        let index = ["index", "docs.txt", "--index", others[1], "--document-prefix", prefix];
        assert_eq!(run(&sandbox, "bert", &index).code, 0);
        let search = ["search", "return", "--index", others[1], "--document-prefix", "a"];
        let refused = run(&sandbox, "bert", &[&search[..], &others[..]].concat());
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains("their vectors cannot be compared"), "{refused:?}");
    }
}

#[test]
fn a_prompt_of_every_text_and_another_prefix_exclude_each_other() {
    for other in [["--document-prefix", "x"], ["--document-prompt", "passage"], ["--query-prefix", "x"]] {
        for command in [["encode", "cat"], ["similarity", "cat"]] {
            let arguments = [&command[..], &["dog", "--prompt", "query"], &other[..]].concat();
            let refused = run(&Sandbox::new(), "bert", &arguments);
            assert_eq!(refused.code, 2, "{refused:?}");
            assert!(refused.stderr.contains("cannot be used with"), "{refused:?}");
        }
    }
}

#[test]
fn a_module_that_is_not_computed_is_refused_by_its_name() {
    let model = copy("bert");
    let path = model.path().join("modules.json");
    let modules = fs::read_to_string(&path).expect("the fixture is text");
    assert!(modules.contains("normalize.Normalize"));
    let dense = modules.replace("base.modules.normalize.Normalize", "models.Dense");
    fs::write(&path, dense).expect("the folder is writable");
    encode_with(model.path(), &[]).assert_error(&format!(
        "{}: the module 'Dense' is not supported, only Transformer, Pooling and Normalize are",
        path.display()
    ));
}

#[test]
fn a_pooling_that_is_not_computed_is_refused_where_it_is_asked_for() {
    for stated in [
        r#"{"pooling_mode": "lasttoken"}"#,
        r#"{"pooling_mode_lasttoken": true, "pooling_mode_mean_tokens": false}"#,
    ] {
        let model = copy("bert");
        fs::write(model.path().join("1_Pooling/config.json"), stated).expect("the folder is writable");
        let name = model.path().canonicalize().expect("the folder is there");
        for chosen in [&["--pooling", "auto"][..], &[]] {
            let refused = encode_with(model.path(), chosen);
            refused.assert_error(&format!(
                "{} declares the pooling 'lasttoken', which is not supported",
                name.display()
            ));
            assert!(refused.stderr.contains("hint: use --pooling mean or --pooling cls"), "{refused:?}");
        }
        assert_eq!(encode_with(model.path(), &["--pooling", "mean"]).code, 0);
    }
}

#[test]
fn a_model_has_the_pooling_that_its_files_declare_unless_one_is_chosen() {
    let encoded = |model: &Path, flags: &[&str]| {
        let outcome = encode_with(model, flags);
        assert_eq!(outcome.code, 0, "{outcome:?}");
        outcome.stdout
    };
    let model = copy("bert");
    let (mean, cls) =
        (encoded(model.path(), &["--pooling", "mean"]), encoded(model.path(), &["--pooling", "cls"]));
    assert_ne!(mean, cls);
    let declared = model.path().join("1_Pooling/config.json");
    for (pooling, expected) in [("cls", &cls), ("mean", &mean)] {
        fs::write(&declared, format!("{{\"pooling_mode\": \"{pooling}\"}}")).expect("the folder is writable");
        assert_eq!(&encoded(model.path(), &[]), expected, "{pooling}");
        assert_eq!(&encoded(model.path(), &["--pooling", "auto"]), expected, "{pooling}");
    }
    fs::remove_file(&declared).expect("the file is there");
    assert_eq!(encoded(model.path(), &[]), mean, "nothing is declared");
}

#[test]
fn an_index_keeps_its_pooling_and_a_rebuild_with_another_model_takes_that_of_the_model() {
    let pooling = |sandbox: &Sandbox| {
        let info = sandbox.run(&["info", "--json"]);
        let info: Value = serde_json::from_str(&info.stdout).expect("info writes JSON");
        info["index"]["pooling"].clone()
    };
    let sandbox = Sandbox::with_docs();
    assert_eq!(run(&sandbox, "xlm-roberta", &["index", "docs.txt", "--pooling", "mean"]).code, 0);
    assert_eq!(sandbox.run(&["search", "return"]).code, 0);
    assert_eq!(run(&sandbox, "xlm-roberta", &["search", "return"]).code, 0);
    assert_eq!(sandbox.run(&["index", "--rebuild"]).code, 0);
    assert_eq!(pooling(&sandbox), "mean");
    assert_eq!(run(&sandbox, "modernbert", &["index", "--rebuild"]).code, 0);
    assert_eq!(pooling(&sandbox), "cls");
}

#[test]
fn info_shows_the_pooling_in_use_and_the_declared_one() {
    let info = |flags: &[&str]| run(&Sandbox::new(), "xlm-roberta", &[&["info"], flags].concat()).stdout;
    let told: Value =
        serde_json::from_str(&info(&["--json", "--pooling", "mean"])).expect("info writes JSON");
    assert_eq!(
        (&told["model"]["pooling"], &told["model"]["declared_pooling"]),
        (&"mean".into(), &"cls".into())
    );
    let lines = info(&["--pooling", "mean"]);
    assert!(lines.contains("\npooling           mean\ndeclared pooling  cls\n"), "{lines}");
    let lines = info(&[]);
    assert!(lines.contains("\npooling           cls\ndeclared pooling  cls\n"), "{lines}");
    let model = copy("bert");
    fs::remove_file(model.path().join("1_Pooling/config.json")).expect("the file is there");
    let undeclared = Sandbox::new().run(&["info", "--model", &model.path().display().to_string()]).stdout;
    assert!(undeclared.contains("\npooling           mean\ndeclared pooling  none\n"), "{undeclared}");
}

#[test]
fn variants_of_an_architecture_that_are_not_computed_are_refused() {
    for (family, from, to, message) in [
        (
            "bert",
            "\"model_type\": \"bert\"",
            "\"model_type\": \"t5\"",
            "supported; supported are bert, roberta,",
        ),
        (
            "bert",
            "\"hidden_act\"",
            "\"position_embedding_type\": \"alibi\", \"hidden_act\"",
            "only 'absolute'",
        ),
        ("roberta", "\"pad_token_id\": 1", "\"pad_token_id\": 97", "too few for a text"),
        ("roberta", "\"pad_token_id\": 1", "\"pad_token_id\": 18446744073709551615", "too few for a text"),
        ("mpnet", "num_buckets\": 32", "num_buckets\": 16", "only 32 is supported"),
        ("modernbert", "\"mlp_bias\": false", "\"mlp_bias\": true", "mlp_bias is true, only false"),
        ("modernbert", "\"rope_type\": \"default\"", "\"rope_type\": \"yarn\"", "rope_type is yarn"),
        (
            "modernbert",
            "\"num_hidden_layers\": 4",
            "\"num_hidden_layers\": 3",
            "layer_types is full_attention",
        ),
        ("bert", "num_hidden_layers\": 2", "num_hidden_layers\": 16777216", "expected 1 to 1024"),
        ("nomic_bert", "\"swiglu\"", "\"gelu\"", "only 'swiglu' is supported"),
        ("nomic_bert", "\"n_positions\": 192", "\"n_positions\": 9999999", "expected at most 131072"),
        ("nomic_bert", "\"n_head\": 4", "\"n_head\": 32", "which leaves heads of an odd size"),
    ] {
        let model = copy(family);
        let path = model.path().join("config.json");
        let config = fs::read_to_string(&path).expect("the fixture is text");
        assert!(config.contains(from), "{family} has no {from}");
        fs::write(&path, config.replacen(from, to, 1)).expect("the folder is writable");
        let refused = encode_with(model.path(), &[]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.stderr.contains(message), "{refused:?}");
    }
}

#[test]
fn the_longest_text_is_that_of_the_tokenizer_where_nothing_else_says_it() {
    for (limit, expected) in [("20", 20), ("1000000000000000019884624838656", 192)] {
        let model = copy("bert");
        let path = model.path().join("tokenizer_config.json");
        let config = fs::read_to_string(&path).expect("the fixture is text");
        let changed = config.replace("\"model_max_length\": 96", &format!("\"model_max_length\": {limit}"));
        assert_ne!(changed, config);
        fs::write(&path, changed).expect("the folder is writable");
        let files = embed::model::ModelFiles::from_folder(model.path()).expect("it loads");
        assert_eq!(files.max_tokens, expected);
    }
}

//! Models from a folder: the settings that are read, and every way in which files from outside can be wrong.

use std::fs;
use std::path::Path;

use embed::model::{DigestCache, EmbeddingSettings, Model, ModelError, ModelFiles, Pooling, PoolingChoice};
use tempfile::TempDir;

use super::support::tiny_model;

/// A copy of the tiny model that a test may damage.
fn copy() -> TempDir {
    let folder = tempfile::tempdir().expect("a folder for the test");
    fs::create_dir(folder.path().join("1_Pooling")).expect("the folder is writable");
    for file in [
        "config.json",
        "tokenizer.json",
        "model.safetensors",
        "sentence_bert_config.json",
        "1_Pooling/config.json",
    ] {
        fs::copy(tiny_model().join(file), folder.path().join(file)).expect("the fixture is whole");
    }
    folder
}

fn load(folder: &Path) -> Result<Model, ModelError> {
    Model::new(&ModelFiles::from_folder(folder)?, EmbeddingSettings::default())
}

fn edit(folder: &Path, file: &str, from: &str, to: &str) {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).expect("the file is text");
    assert!(text.contains(from), "{file} has no {from}");
    fs::write(path, text.replace(from, to)).expect("the folder is writable");
}

/// Rewrites the JSON header of the weights, leaving the numbers as they are.
fn edit_header(folder: &Path, change: impl FnOnce(&mut serde_json::Value)) {
    let path = folder.join("model.safetensors");
    let bytes = fs::read(&path).expect("the weights are there");
    let size = u64::from_le_bytes(*bytes.first_chunk().expect("a size comes first")) as usize;
    let mut header = serde_json::from_slice(&bytes[8..8 + size]).expect("the header is JSON");
    change(&mut header);
    let header = header.to_string();
    let mut changed = (header.len() as u64).to_le_bytes().to_vec();
    changed.extend(header.as_bytes());
    changed.extend(&bytes[8 + size..]);
    fs::write(path, changed).expect("the folder is writable");
}

#[test]
fn the_shorter_of_the_two_limits_holds_whatever_the_tokenizer_file_says() {
    let model = load(&tiny_model()).expect("the fixture loads");
    assert_eq!(model.max_tokens(), 48);
    let tokenized = model.tokenizer().tokenize(&"cat ".repeat(100)).expect("it tokenizes");
    assert_eq!((tokenized.ids.len(), tokenized.truncated), (48, true));
    let short = model.tokenizer().tokenize("cat").expect("it tokenizes");
    assert_eq!((short.ids.len(), short.truncated), (3, false));
}

#[test]
fn the_default_pooling_is_what_the_folder_declares_and_mean_where_it_declares_nothing() {
    let folder = copy();
    let pooling = || ModelFiles::from_folder(folder.path()).expect("it loads").default_pooling();
    assert_eq!(pooling().expect("it is supported"), Pooling::Mean);
    edit(
        folder.path(),
        "1_Pooling/config.json",
        "\"pooling_mode_mean_tokens\": true",
        "\"pooling_mode_mean_tokens\": false",
    );
    edit(
        folder.path(),
        "1_Pooling/config.json",
        "\"pooling_mode_cls_token\": false",
        "\"pooling_mode_cls_token\": true",
    );
    assert_eq!(pooling().expect("it is supported"), Pooling::Cls);
    let files = ModelFiles::from_folder(folder.path()).expect("it loads");
    assert_eq!(files.resolve_pooling(PoolingChoice::Auto).expect("it is supported"), Pooling::Cls);
    assert_eq!(files.resolve_pooling(PoolingChoice::Mean).expect("it is supported"), Pooling::Mean);
    fs::remove_file(folder.path().join("1_Pooling/config.json")).expect("the file is there");
    assert_eq!(pooling().expect("it is supported"), Pooling::Mean);
    fs::create_dir_all(folder.path().join("1_Pooling")).expect("the folder is writable");
    fs::write(folder.path().join("1_Pooling/config.json"), r#"{"pooling_mode": "max"}"#)
        .expect("the folder is writable");
    let refused = pooling().expect_err("it is not supported");
    assert!(
        matches!(&refused, ModelError::UnsupportedPooling { pooling, .. } if pooling == "max"),
        "{refused}"
    );
}

#[test]
fn texts_are_lower_cased_where_the_folder_says_so() {
    let folder = copy();
    let embedded = |text: &str| {
        let model = load(folder.path()).expect("it loads");
        (model.fingerprint().clone(), model.embed_documents(&[text]).expect("it embeds").vectors)
    };
    // The tokenizer lower-cases, too, but it finds special tokens first.
    let (plain, as_written) = embedded("a [MASK]");
    let (_, lower) = embedded("a [mask]");
    assert_ne!(as_written, lower);
    edit(folder.path(), "sentence_bert_config.json", "\"do_lower_case\": false", "\"do_lower_case\": true");
    assert_eq!(embedded("a [MASK]").1, lower);
    assert_eq!(embedded("a").0, plain, "the tokenizer lower-cases by itself");
    edit(folder.path(), "tokenizer.json", "\"lowercase\": true", "\"lowercase\": false");
    let (lowered, _) = embedded("a");
    edit(folder.path(), "sentence_bert_config.json", "\"do_lower_case\": true", "\"do_lower_case\": false");
    assert_ne!(embedded("a").0, lowered, "it decides vectors");
    edit(folder.path(), "tokenizer.json", "\"lowercase\": false", "\"lowercase\": true");
    for silent in
        ["{\"max_seq_length\": 48}", "{\"max_seq_length\": 48, \"do_lower_case\": null, \"unknown\": 1}"]
    {
        fs::write(folder.path().join("sentence_bert_config.json"), silent).expect("the folder is writable");
        assert_eq!(embedded("a [MASK]"), (plain.clone(), as_written.clone()));
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_place_of_a_file_is_refused_rather_than_waited_for() {
    for file in ["config.json", "tokenizer.json", "model.safetensors", "sentence_bert_config.json"] {
        let folder = copy();
        let path = folder.path().join(file);
        fs::remove_file(&path).expect("the file is there");
        let made = std::process::Command::new("mkfifo").arg(&path).status().expect("mkfifo is there");
        assert!(made.success());
        let refused = load(folder.path()).expect_err("a pipe is no file");
        assert!(matches!(&refused, ModelError::Read { path: named, .. } if *named == path), "{refused}");
    }
}

#[cfg(unix)]
#[test]
fn a_remembered_digest_is_used_and_a_changed_file_is_hashed_again() {
    let folder = copy();
    let cache = DigestCache::new(folder.path().join("cache"));
    let fingerprint = || {
        let files =
            ModelFiles::from_folder(folder.path()).expect("it loads").with_digest_cache(cache.clone());
        Model::new(&files, EmbeddingSettings::default()).expect("it loads").fingerprint().clone()
    };
    let plain = load(folder.path()).expect("it loads").fingerprint().clone();
    assert_eq!(fingerprint(), plain);
    assert!(!folder.path().join("cache").exists(), "the file is too new");
    std::thread::sleep(std::time::Duration::from_millis(2_100));
    assert_eq!(fingerprint(), plain);
    let entries: Vec<_> = fs::read_dir(folder.path().join("cache")).expect("it was made").collect();
    let entry = entries.into_iter().next().expect("one entry").expect("it lists").path();
    let remembered = fs::read_to_string(&entry).expect("an entry is text");
    let digest = remembered.rsplit('"').nth(1).expect("the digest comes last");
    fs::write(&entry, remembered.replace(digest, &"0".repeat(64))).expect("the cache is writable");
    assert_ne!(fingerprint(), plain, "the entry is what is used");
    let config = folder.path().join("model.safetensors");
    let bytes = fs::read(&config).expect("the weights are there");
    fs::write(&config, bytes).expect("the folder is writable");
    assert_eq!(fingerprint(), plain, "a file that was written is hashed");
}

#[test]
fn a_batch_gives_the_vectors_that_its_texts_get_alone() {
    let model = load(&tiny_model()).expect("the fixture loads");
    let texts =
        ["a cat", "return policy", "the market fell today, and how do you pay for the order", "", "x"];
    let together = model.embed_documents(&texts).expect("they embed").vectors;
    assert_eq!(together.len(), texts.len());
    for (text, row) in texts.iter().zip(together.rows()) {
        let alone = model.embed_documents(&[text]).expect("it embeds").vectors;
        let difference = row.iter().zip(alone.row(0)).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(difference <= 1e-6, "{text:?} differs by {difference}");
    }
}

#[test]
fn prefixes_are_put_before_the_texts_they_are_for() {
    let files = ModelFiles::from_folder(&tiny_model()).expect("the fixture loads");
    let settings = EmbeddingSettings {
        query_prefix: "return ".to_owned(),
        document_prefix: "policy ".to_owned(),
        ..EmbeddingSettings::default()
    };
    let model = Model::new(&files, settings).expect("it loads");
    let plain = load(&tiny_model()).expect("the fixture loads");
    let expected = plain.embed_documents(&["return cat", "policy cat"]).expect("they embed").vectors;
    assert_eq!(model.embed_queries(&["cat"]).unwrap().vectors.row(0), expected.row(0));
    assert_eq!(model.embed_documents(&["cat"]).unwrap().vectors.row(0), expected.row(1));
}

#[test]
fn the_fingerprint_follows_what_decides_a_document_vector_and_nothing_else() {
    let files = ModelFiles::from_folder(&tiny_model()).expect("the fixture loads");
    let fingerprint = |settings| Model::new(&files, settings).expect("it loads").fingerprint().clone();
    let plain = fingerprint(EmbeddingSettings::default());
    let query_prefix = EmbeddingSettings { query_prefix: "q".to_owned(), ..EmbeddingSettings::default() };
    let document_prefix =
        EmbeddingSettings { document_prefix: "d".to_owned(), ..EmbeddingSettings::default() };
    let cls = EmbeddingSettings { pooling: Pooling::Cls, ..EmbeddingSettings::default() };
    assert_eq!(fingerprint(query_prefix), plain);
    assert_ne!(fingerprint(document_prefix), plain);
    assert_ne!(fingerprint(cls), plain);

    let folder = copy();
    assert_eq!(load(folder.path()).expect("the copy loads").fingerprint(), &plain);
    let weights = folder.path().join("model.safetensors");
    let mut bytes = fs::read(&weights).expect("the weights are there");
    *bytes.last_mut().expect("they are not empty") ^= 1;
    fs::write(&weights, bytes).expect("the folder is writable");
    assert_ne!(load(folder.path()).expect("one bit is no damage").fingerprint(), &plain);
}

#[test]
fn weights_under_the_name_bert_are_found() {
    let folder = copy();
    edit_header(folder.path(), |header| {
        let tensors = std::mem::take(header.as_object_mut().expect("a header is an object"));
        *header = tensors.into_iter().map(|(name, info)| (format!("bert.{name}"), info)).collect();
    });
    let nested = load(folder.path()).expect("the nested names are known");
    let plain = load(&tiny_model()).expect("the fixture loads");
    assert_eq!(nested.embed_queries(&["cat"]).unwrap(), plain.embed_queries(&["cat"]).unwrap());
}

#[test]
fn a_missing_file_is_named() {
    for file in ["config.json", "tokenizer.json", "model.safetensors"] {
        let folder = copy();
        fs::remove_file(folder.path().join(file)).expect("the file is there");
        let error = load(folder.path()).expect_err("a file is missing");
        assert!(matches!(error, ModelError::MissingFile { file: missing, .. } if missing == file), "{error}");
    }
}

#[test]
fn a_configuration_that_no_model_can_have_is_refused() {
    let refused = |from: &str, to: &str| {
        let folder = copy();
        edit(folder.path(), "config.json", from, to);
        load(folder.path()).expect_err("the configuration is wrong").to_string()
    };
    assert!(refused("\"bert\"", "\"t5\"").contains("'t5' is not supported"));
    assert!(refused("\"num_attention_heads\": 2", "\"num_attention_heads\": 3").contains("does not divide"));
    assert!(refused("\"num_attention_heads\": 2", "\"num_attention_heads\": 0").contains("is 0"));
    assert!(refused("\"gelu\"", "\"mish\"").contains("not a valid model file"));
    assert!(refused("\"hidden_size\": 32", "\"hidden_size\": -1").contains("not a valid model file"));
    assert!(refused("{", "").contains("not a valid model file"));
    let folder = copy();
    edit(folder.path(), "sentence_bert_config.json", "48", "1");
    assert!(matches!(load(folder.path()), Err(ModelError::InvalidConfig { .. })));
}

#[test]
fn a_tokenizer_with_more_tokens_than_embeddings_is_refused() {
    let folder = copy();
    edit(folder.path(), "tokenizer.json", "\"five\": ", "\"five\": 9");
    assert!(matches!(load(folder.path()), Err(ModelError::VocabularySize { .. })));
    fs::write(folder.path().join("tokenizer.json"), "[]").expect("the folder is writable");
    assert!(matches!(load(folder.path()), Err(ModelError::TokenizerFile { .. })));
}

#[test]
fn hostile_weights_are_refused_with_a_reason() {
    let weights = fs::read(tiny_model().join("model.safetensors")).expect("the fixture is whole");
    let mut huge_header = weights.clone();
    huge_header[..8].copy_from_slice(&u64::MAX.to_le_bytes());
    let mut large_header = weights.clone();
    large_header[..8].copy_from_slice(&(1_u64 << 40).to_le_bytes());
    let damaged = [
        Vec::new(),
        b"not safetensors".to_vec(),
        huge_header,
        large_header,
        weights[..weights.len() - 4].to_vec(),
        weights[..100].to_vec(),
        [weights.as_slice(), b"more"].concat(),
    ];
    for bytes in damaged {
        let folder = copy();
        fs::write(folder.path().join("model.safetensors"), bytes).expect("the folder is writable");
        let error = load(folder.path()).expect_err("the weights are damaged");
        assert!(matches!(error, ModelError::Safetensors { .. }), "{error}");
        assert_eq!(error.to_string().lines().count(), 1);
    }
}

#[test]
fn wrong_tensors_are_refused_by_name() {
    const BIAS: &str = "encoder.layer.1.output.dense.bias";
    let refused = |change: &dyn Fn(&mut serde_json::Value)| {
        let folder = copy();
        edit_header(folder.path(), change);
        load(folder.path()).expect_err("a tensor is wrong")
    };
    let missing = refused(&|header| header[BIAS.replace("bias", "wrong")] = header[BIAS].take());
    assert!(
        matches!(missing, ModelError::Safetensors { .. } | ModelError::MissingTensor { .. }),
        "{missing}"
    );
    let renamed = refused(&|header| {
        let tensors = header.as_object_mut().expect("a header is an object");
        let info = tensors.remove(BIAS).expect("the tensor is there");
        tensors.insert("other".to_owned(), info);
    });
    assert!(matches!(&renamed, ModelError::MissingTensor { tensor, .. } if tensor == BIAS), "{renamed}");
    let reshaped = refused(&|header| header[BIAS]["shape"] = serde_json::json!([4, 8]));
    assert!(matches!(&reshaped, ModelError::TensorShape { tensor, .. } if tensor == BIAS), "{reshaped}");
    let retyped = refused(&|header| header[BIAS]["dtype"] = serde_json::json!("I32"));
    assert!(matches!(&retyped, ModelError::TensorType { tensor, .. } if tensor == BIAS), "{retyped}");
    let beyond =
        refused(&|header| header[BIAS]["data_offsets"] = serde_json::json!([1_u64 << 50, 1_u64 << 51]));
    assert!(matches!(beyond, ModelError::Safetensors { .. }), "{beyond}");
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_not_followed() {
    use std::os::unix::fs::symlink;
    for file in ["config.json", "tokenizer.json", "model.safetensors", "1_Pooling/config.json"] {
        let folder = copy();
        let path = folder.path().join(file);
        fs::remove_file(&path).expect("the file is there");
        symlink(tiny_model().join(file), &path).expect("the folder is writable");
        let error = load(folder.path()).expect_err("the link leads out");
        assert!(matches!(&error, ModelError::Outside { path: link, .. } if *link == path), "{error}");
    }
    let folder = copy();
    fs::remove_dir_all(folder.path().join("1_Pooling")).expect("the folder is there");
    symlink(tiny_model().join("1_Pooling"), folder.path().join("1_Pooling")).expect("the folder is writable");
    assert!(matches!(load(folder.path()), Err(ModelError::Outside { .. })));
}

#[cfg(unix)]
#[test]
fn links_within_the_folder_and_to_it_are_followed() {
    use std::os::unix::fs::symlink;
    let folder = copy();
    fs::rename(folder.path().join("config.json"), folder.path().join("renamed.json")).expect("it is there");
    symlink("renamed.json", folder.path().join("config.json")).expect("the folder is writable");
    load(folder.path()).expect("the link stays within the folder");
    let elsewhere = tempfile::tempdir().expect("a folder for the test");
    let link = elsewhere.path().join("model");
    symlink(folder.path(), &link).expect("the folder is writable");
    load(&link).expect("a folder may be named by a link");
}

#[test]
fn paths_that_the_files_name_are_not_read() {
    let folder = copy();
    let plain = load(folder.path()).expect("the copy loads").fingerprint().clone();
    let secret = folder.path().with_extension("secret");
    fs::write(&secret, "{}").expect("the folder above is writable");
    for path in ["../secret", secret.to_str().expect("a path of the test is text"), "..\\secret", "a\0b", ""]
    {
        let modules = serde_json::json!([
            { "idx": 0, "path": path, "type": "sentence_transformers.models.Transformer" },
            { "idx": 1, "path": path, "type": "sentence_transformers.models.Pooling" },
        ]);
        let index = serde_json::json!({ "weight_map": { "embeddings.word_embeddings.weight": path } });
        let tokenizer = serde_json::json!({ "tokenizer_file": path, "vocab_file": path });
        for (file, content) in [
            ("modules.json", &modules),
            ("model.safetensors.index.json", &index),
            ("tokenizer_config.json", &tokenizer),
        ] {
            fs::write(folder.path().join(file), content.to_string()).expect("the folder is writable");
        }
        assert_eq!(load(folder.path()).expect("the paths are ignored").fingerprint(), &plain);
    }
    fs::remove_file(secret).expect("it was written");
    fs::remove_file(folder.path().join("model.safetensors")).expect("it is there");
    assert!(matches!(load(folder.path()), Err(ModelError::MissingFile { file: "model.safetensors", .. })));
}

#[test]
fn a_configuration_longer_than_memory_is_refused_unread() {
    let folder = copy();
    let file = fs::File::create(folder.path().join("config.json")).expect("the folder is writable");
    file.set_len(1 << 40).expect("the file has holes");
    let error = load(folder.path()).expect_err("it is too long");
    assert!(
        matches!(&error, ModelError::Read { source, .. } if source.kind() == std::io::ErrorKind::FileTooLarge)
    );
}

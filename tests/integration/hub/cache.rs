//! The cache: its place, and the layout that Python's `huggingface_hub` reads.

use std::fs;

use super::server::{self, COMMIT, WEIGHTS, hex};
use super::{HubSandbox, assert_answers, hint, names};

#[test]
fn the_cache_has_the_layout_of_python() {
    use sha2::Digest;
    let hub = HubSandbox::new();
    assert_answers(&hub.search("acme/tiny"));
    let repository = hub.repository();
    assert_eq!(names(&repository), [".no_exist", "blobs", "refs", "snapshots"]);
    assert_eq!(fs::read_to_string(repository.join("refs/main")).expect("there is a ref"), COMMIT);
    let snapshot = repository.join("snapshots").join(COMMIT);
    for (file, bytes) in &hub.server.state().files {
        assert_eq!(&fs::read(snapshot.join(file)).expect("it is linked"), bytes);
    }
    let absent = names(&repository.join(".no_exist").join(COMMIT));
    assert_eq!(absent, ["config_sentence_transformers.json", "modules.json", "tokenizer_config.json"]);
    let digest = hex(&sha2::Sha256::digest(&hub.server.state().files[WEIGHTS]));
    if cfg!(unix) {
        let target = fs::read_link(snapshot.join(WEIGHTS)).expect("it is a link");
        assert_eq!(target.to_string_lossy(), format!("../../blobs/{digest}"));
        let nested = fs::read_link(snapshot.join("1_Pooling/config.json")).expect("it is a link");
        assert!(nested.to_string_lossy().starts_with("../../../blobs/"), "{nested:?}");
    }
    assert_eq!(hub.names("blobs").len(), 5);
    assert!(names(&hub.cache().join(".locks/models--acme--tiny")).contains(&format!("{digest}.lock")));
}

#[test]
fn the_variables_of_python_set_the_cache_folder() {
    let hub = HubSandbox::new();
    let home = hub.sandbox.path().to_owned();
    for (variables, cache) in [
        (&[][..], ".cache/huggingface/hub"),
        (&[("XDG_CACHE_HOME", "xdg")], "xdg/huggingface/hub"),
        (&[("HF_HOME", "home"), ("XDG_CACHE_HOME", "no")], "home/hub"),
        (&[("HF_HUB_CACHE", "cache"), ("HF_HOME", "no")], "cache"),
        (&[("HF_HUB_CACHE", "~/tilde")], "tilde"),
    ] {
        assert_answers(&hub.search_with("acme/tiny", variables));
        let snapshot = home.join(cache).join("models--acme--tiny/snapshots").join(COMMIT);
        assert!(snapshot.join(WEIGHTS).exists(), "{variables:?}");
    }
    assert!(!home.join("no").exists());
    assert_eq!(names(&home.join("home")), ["hub"], "no empty token file is created");
}

#[test]
fn an_unwritable_cache_is_named() {
    let hub = HubSandbox::new();
    let failed = hub.search_with("acme/tiny", &[("HF_HUB_CACHE", "docs.txt")]);
    assert_eq!(failed.code, 2);
    assert!(failed.stderr.starts_with("error: cannot use "), "{failed:?}");
    assert!(failed.stderr.contains("docs.txt"), "{failed:?}");
    assert_eq!(hint(&failed), "hint: HF_HOME and HF_HUB_CACHE set the folder of the cache");
}

#[test]
fn only_files_that_another_program_left_out_are_fetched() {
    let hub = HubSandbox::new();
    assert_answers(&hub.search("acme/tiny"));
    let snapshot = hub.repository().join("snapshots").join(COMMIT);
    fs::remove_file(snapshot.join("sentence_bert_config.json")).expect("it is linked");
    // Offline, a model loads without its optional files.
    assert_answers(&hub.search_with("acme/tiny", &[("HF_HUB_OFFLINE", "1")]));
    hub.server.take_requests();
    assert_answers(&hub.search("acme/tiny"));
    assert!(snapshot.join("sentence_bert_config.json").exists());
    let content = hub.server.take_requests().into_iter().filter(|request| request.path.contains("/content/"));
    assert_eq!(content.count(), 0, "the blobs are present");
}

#[test]
fn a_model_that_python_fetched_completely_needs_no_request() {
    let hub = HubSandbox::new();
    assert_answers(&hub.search("acme/tiny"));
    fs::remove_dir_all(hub.repository().join(".no_exist")).expect("it is in the cache");
    let trees = hub.repository().join("trees");
    fs::create_dir(&trees).expect("the cache is writable");
    let files: serde_json::Map<_, _> =
        hub.server.state().files.keys().map(|file| (file.clone(), serde_json::json!({}))).collect();
    let listing = serde_json::json!({ "format_version": 1, "files": files });
    fs::write(trees.join(format!("{COMMIT}.json")), listing.to_string()).expect("the cache is writable");
    hub.server.take_requests();
    assert_answers(&hub.search("acme/tiny"));
    assert!(hub.server.take_requests().is_empty());
}

#[test]
fn a_model_is_the_same_from_the_hub_and_from_a_folder() {
    for family in ["bert", "mpnet"] {
        let hub = HubSandbox::new();
        let folder = crate::families::folder(family);
        hub.server.state().files = server::files_of(&folder);
        let model = |name: &str| {
            let info = hub.run(&["info", "--json", "--model", name]);
            let info: serde_json::Value = serde_json::from_str(&info.stdout).expect("info writes JSON");
            let model = &info["model"];
            ["fingerprint", "max_tokens", "prompts"].map(|field| model[field].clone())
        };
        let from_hub = model("acme/tiny");
        assert_eq!(from_hub, model(&folder.display().to_string()));
        assert!(from_hub.iter().all(|fact| !fact.is_null()), "{from_hub:?}");
    }
}

#[test]
fn concurrent_runs_fetch_a_model_once() {
    let hub = HubSandbox::new();
    let outcomes = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| hub.search("acme/tiny"))).collect();
        runs.into_iter().map(|run| run.join().expect("it ends")).collect::<Vec<_>>()
    });
    for outcome in &outcomes {
        assert_answers(outcome);
    }
    let transfers =
        hub.server.take_requests().into_iter().filter(|request| request.path.contains("/content/"));
    assert_eq!(transfers.count(), 1);
}

//! `embed models`: list, pull, verify and remove.

use std::fs;

use super::server::{COMMIT, WEIGHTS};
use super::{HubSandbox, assert_answers, hint, pinned};
use crate::support::Outcome;

/// A cache with `acme/tiny` at two revisions, whose weights differ.
fn two_revisions() -> (HubSandbox, String) {
    let hub = HubSandbox::new();
    assert_eq!(hub.run(&["models", "pull", "acme/tiny", "--quiet"]).stderr, "");
    let newer = "2".repeat(40);
    newer.clone_into(&mut hub.server.state().main);
    *hub.server.state().files.get_mut(WEIGHTS).expect("it is served").last_mut().unwrap() ^= 1;
    assert_eq!(hub.run(&["models", "pull", "acme/tiny", "--quiet"]).code, 0);
    hub.server.take_requests();
    (hub, newer)
}

#[test]
fn pull_fetches_a_model_and_prints_its_folder() {
    let hub = HubSandbox::new();
    let pull = hub.run(&["models", "pull", "acme/tiny"]);
    let folder = hub.repository().join("snapshots").join(COMMIT);
    assert_eq!((pull.code, pull.stdout.as_str()), (0, ""));
    assert_eq!(pull.stderr, format!("{} is in {}\n", pinned(COMMIT), folder.display()));
    hub.server.take_requests();
    assert_answers(&hub.search("acme/tiny"));
    assert!(hub.server.take_requests().is_empty());

    let again = hub.run(&["models", "pull", "acme/tiny"]);
    assert_eq!(again.stderr, pull.stderr);
    let requests = hub.server.take_requests();
    assert!(requests.iter().all(|request| !request.path.contains("/content/")), "{requests:?}");

    let bundled = hub.run(&["models", "pull", "BAAI/bge-small-en-v1.5"]);
    assert_eq!(
        (bundled.code, bundled.stderr.as_str()),
        (0, "BAAI/bge-small-en-v1.5 is bundled with this program\n")
    );
    hub.run(&["models", "pull", "tiny"])
        .assert_error("'tiny' is neither a folder nor a name on the hub: it is not of the form ORG/NAME");
    assert!(hub.server.take_requests().is_empty());
}

#[test]
fn list_shows_the_bundled_model_and_every_revision_in_the_cache() {
    let (hub, newer) = two_revisions();
    let size: usize = hub.server.state().files.values().map(Vec::len).sum();
    let list = hub.run(&["models", "list"]);
    assert_eq!((list.code, list.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = list.stdout.lines().collect();
    assert!(lines[0].starts_with("BAAI/bge-small-en-v1.5 | "), "{list:?}");
    assert!(lines[0].ends_with(" bytes | bundled"), "{list:?}");
    assert_eq!(lines[1], format!("{} | {size} bytes | ", pinned(COMMIT)));
    assert_eq!(lines[2..], [format!("{} | {size} bytes | main", pinned(&newer))]);

    fs::remove_file(hub.repository().join("snapshots").join(COMMIT).join("config.json"))
        .expect("it is there");
    let json = hub.run(&["models", "list", "--json"]);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("a JSON document");
    assert_eq!(document["cache"], hub.cache().to_string_lossy().as_ref());
    let field = |name: &str| -> Vec<serde_json::Value> {
        document["results"].as_array().expect("results").iter().map(|model| model[name].clone()).collect()
    };
    assert_eq!(field("model"), ["BAAI/bge-small-en-v1.5", "acme/tiny", "acme/tiny"]);
    assert_eq!(serde_json::json!(field("revision")), serde_json::json!([null, COMMIT, newer]));
    assert_eq!(serde_json::json!(field("refs")), serde_json::json!([[], [], ["main"]]));
    assert_eq!(field("loadable"), [true, false, true]);
    assert!(hub.server.take_requests().is_empty());
}

#[test]
fn verify_finds_the_file_that_changed() {
    let (hub, newer) = two_revisions();
    let good = hub.run(&["models", "verify"]);
    assert_eq!((good.code, good.stderr.as_str()), (0, ""));
    assert_eq!(good.stdout.lines().count(), 10);
    assert!(good.stdout.lines().all(|line| line.ends_with(" | good")), "{good:?}");

    for file in [WEIGHTS, "tokenizer.json"] {
        let path = hub.repository().join("snapshots").join(&newer).join(file);
        let mut bytes = fs::read(&path).expect("it is linked");
        bytes[10] ^= 1;
        fs::write(&path, bytes).expect("the cache is writable");
        let damaged = hub.run(&["models", "verify", "acme/tiny@main"]);
        assert_eq!(damaged.code, 2);
        assert!(damaged.stdout.contains(&format!("{} | {file} | damaged\n", pinned(&newer))), "{damaged:?}");
        assert_eq!(
            hint(&damaged),
            "hint: fetch them again: embed models remove NAME, then embed models pull NAME"
        );
    }
    let both = hub.run(&["models", "verify", "acme/tiny@main", "--jsonl"]);
    assert_eq!(both.records().iter().filter(|record| record["state"] == "damaged").count(), 2);
    assert!(both.stderr.starts_with("error: 2 files of models in the cache differ from the hub's\n"));

    hub.run(&["models", "verify", "acme/none"])
        .assert_error(&format!("the model acme/none is not in the cache {}", hub.cache().display()));
    assert!(hub.server.take_requests().is_empty());
}

#[test]
fn verify_names_a_missing_file_and_pull_repairs_damage() {
    let hub = HubSandbox::new();
    assert_answers(&hub.search("acme/tiny"));
    let snapshot = hub.repository().join("snapshots").join(COMMIT);
    fs::remove_file(snapshot.join("config.json")).expect("it is linked");
    let missing = hub.run(&["models", "verify"]);
    assert_eq!(missing.code, 2);
    assert!(missing.stdout.ends_with(" | config.json | missing\n"), "{missing:?}");

    let weights = fs::read(snapshot.join(WEIGHTS)).expect("it is linked");
    for damaged in [weights[..weights.len() / 2].to_vec(), weights.iter().map(|byte| !byte).collect()] {
        fs::write(snapshot.join(WEIGHTS), damaged).expect("the cache is writable");
        let offline = Outcome::of(hub.command(&["models", "pull", "acme/tiny"]).env("HF_HUB_OFFLINE", "1"));
        offline.assert_error("the model acme/tiny is not fetched: requests are turned off");
        assert_eq!(hub.run(&["models", "pull", "acme/tiny"]).code, 0);
        assert_eq!(fs::read(snapshot.join(WEIGHTS)).expect("it is linked"), weights);
        assert_eq!(hub.run(&["models", "verify"]).code, 0);
    }
}

#[test]
fn the_bundled_model_is_distinct_from_those_in_the_cache() {
    let hub = HubSandbox::new();
    for name in ["BAAI/bge-small-en-v1.5", "bge-small-en-v1.5"] {
        for verb in ["verify", "remove"] {
            let refused = hub.run(&["models", verb, name]);
            refused.assert_error(
                "BAAI/bge-small-en-v1.5 is bundled with this program, not in the cache of models",
            );
        }
        assert_eq!(hub.run(&["models", "pull", name]).code, 0);
    }
    assert!(hub.server.take_requests().is_empty());
}

#[test]
fn remove_drops_a_revision_and_keeps_shared_blobs() {
    let (hub, newer) = two_revisions();
    assert_eq!(hub.names("blobs").len(), 6, "only the weights differ");
    let removed = hub.run(&["models", "remove", &pinned(COMMIT)]);
    assert_eq!((removed.code, removed.stderr.as_str()), (0, "removed 1 revision of acme/tiny\n"));
    assert_eq!((hub.names("snapshots"), hub.names("blobs").len()), (vec![newer], 5));
    assert_eq!(hub.run(&["models", "verify", "acme/tiny"]).code, 0);
    assert_answers(&hub.search("acme/tiny"));
    hub.run(&["models", "remove", &pinned(COMMIT)]).assert_error(&format!(
        "the model {} is not in the cache {}",
        pinned(COMMIT),
        hub.cache().display()
    ));
}

#[test]
fn remove_drops_every_revision_of_a_name() {
    let (hub, _) = two_revisions();
    let removed = hub.run(&["models", "remove", "acme/tiny"]);
    assert_eq!((removed.code, removed.stderr.as_str()), (0, "removed 2 revisions of acme/tiny\n"));
    assert!(!hub.repository().exists());
    let offline = hub.search_with("acme/tiny", &[("HF_HUB_OFFLINE", "1")]);
    assert!(offline.stderr.contains("is not in the cache"), "{offline:?}");
    let again = hub.run(&["models", "remove", "acme/tiny"]);
    assert_eq!(again.code, 2);
    assert_eq!(hint(&again), "hint: 'embed models list' shows the models in the cache");
    assert!(hub.server.take_requests().is_empty());
}

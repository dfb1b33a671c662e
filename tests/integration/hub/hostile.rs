//! A hub that wants to fill the disk, or to reach files outside the cache.

use std::fs;
use std::path::{Path, PathBuf};

use embed::hub::{Hub, HubError, HubName, HubSettings, Snapshot};

use super::server::{COMMIT, Stated, WEIGHTS};
use super::{HubSandbox, assert_answers, hint, pinned};

/// Fetches the model with a limit of `longest` bytes for a file.
fn fetch(hub: &HubSandbox, longest: u64) -> Result<Snapshot, HubError> {
    let name: HubName = "acme/tiny".parse().expect("it is a name");
    let settings = HubSettings {
        endpoint: hub.server.endpoint(),
        longest_file: longest,
        ..HubSettings::new(hub.cache())
    };
    Hub::new(settings).fetch(&name, &mut ())
}

fn weights_length(hub: &HubSandbox) -> u64 {
    hub.server.state().files[WEIGHTS].len() as u64
}

/// The lengths of unfinished transfers.
fn incomplete(hub: &HubSandbox) -> Vec<u64> {
    let names = hub.names("blobs").into_iter().filter(|name| name.ends_with(".incomplete"));
    names
        .map(|name| fs::metadata(hub.repository().join("blobs").join(name)).expect("it lists").len())
        .collect()
}

/// Every path below `folder`, links not followed.
fn paths_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("it lists") {
        let path = entry.expect("it lists").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(paths_below(&path));
        }
        found.push(path);
    }
    found
}

#[test]
fn a_file_of_unstated_length_is_fetched_up_to_the_limit() {
    let hub = HubSandbox::new();
    hub.server.state().stated = Stated::Nothing;
    let length = weights_length(&hub);
    let refused = fetch(&hub, length - 1);
    assert!(
        matches!(&refused, Err(HubError::TooLong { file, limit, .. }) if file == WEIGHTS && *limit == length - 1),
        "{refused:?}"
    );
    assert!(incomplete(&hub).is_empty(), "nothing stays of a file that is too long");
    fetch(&hub, length).expect("the file is as long as the limit");
    assert_answers(&hub.search("acme/tiny"));
}

#[test]
fn a_file_whose_stated_length_is_over_the_limit_is_not_begun() {
    let hub = HubSandbox::new();
    for longest in [weights_length(&hub) - 1, 10_000] {
        let refused = fetch(&hub, longest);
        assert!(matches!(&refused, Err(HubError::TooLong { limit, .. }) if *limit == longest), "{refused:?}");
        assert!(incomplete(&hub).is_empty());
    }
    hub.server.state().stated = Stated::Bytes(1 << 60);
    let refused = hub.search("acme/tiny");
    let host = &hub.server.content_host;
    refused.assert_error(&format!("{WEIGHTS} from {host} is longer than the limit of 68719476736 bytes"));
    assert_eq!(hint(&refused), "hint: no such model is known; check the name and HF_ENDPOINT");
}

#[cfg(unix)]
#[test]
fn a_file_that_the_disk_has_no_room_for_is_not_begun() {
    let hub = HubSandbox::new();
    hub.server.state().stated = Stated::Bytes(1 << 62);
    let refused = fetch(&hub, u64::MAX).expect_err("no disk is so large");
    assert!(
        matches!(&refused, HubError::NoRoom { needed: Some(needed), .. } if *needed == 1 << 62),
        "{refused}"
    );
    let message = refused.to_string();
    assert!(
        message.starts_with(&format!("{WEIGHTS} does not fit into {}", hub.cache().display())),
        "{message}"
    );
    assert!(message.ends_with(&format!(", {} are needed", 1_u64 << 62)), "{message}");
    assert!(incomplete(&hub).is_empty());
}

#[test]
fn a_stated_length_is_the_limit() {
    let hub = HubSandbox::new();
    let stated = weights_length(&hub) - 1000;
    hub.server.state().stated = Stated::Bytes(stated);
    let wrong = hub.search("acme/tiny");
    assert_eq!(wrong.code, 2);
    assert!(wrong.stderr.contains(&format!("more than {stated} bytes instead of {stated}")), "{wrong:?}");
    assert!(incomplete(&hub).is_empty());
}

#[test]
fn names_of_files_outside_the_model_are_neither_fetched_nor_written() {
    let hub = HubSandbox::new();
    for name in [
        "../../evil",
        "/tmp/evil",
        "..\\evil",
        "C:\\evil",
        "evil\0",
        "",
        "//evil",
        "1_Pooling/../../../evil",
        "1_Pooling//config.json",
        "./config.json",
        "evil.zip",
        "evil.tar.gz",
    ] {
        hub.server.state().files.insert(name.to_owned(), b"evil".to_vec());
    }
    assert_answers(&hub.search("acme/tiny"));
    assert_eq!(hub.server.take_requests().len(), 7, "a description, five files, and one of them elsewhere");
    let home = hub.sandbox.path();
    let strange: Vec<_> = paths_below(home)
        .into_iter()
        .filter(|path| !path.starts_with(home.join(".cache")) && *path != home.join("docs.txt"))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(paths_below(home).iter().all(|path| !path.to_string_lossy().contains("evil")));
}

#[test]
fn a_commit_that_is_no_digest_is_refused() {
    for commit in ["../../../evil", "/tmp/evil", "", "1111", "..\\evil"] {
        let hub = HubSandbox::new();
        commit.clone_into(&mut hub.server.state().main);
        hub.search("acme/tiny")
            .assert_error(&format!("invalid answer from {}: it does not describe a model", hub.server.hub));
        assert!(!hub.repository().exists());
    }
}

#[test]
fn an_entity_tag_that_is_no_plain_name_is_refused() {
    for tag in ["../../../evil", "/tmp/evil", "..", "", "a\\b"] {
        let hub = HubSandbox::new();
        hub.server.state().tag = Some(tag.to_owned());
        hub.search("acme/tiny")
            .assert_error(&format!("invalid answer from {}: a file has no entity tag", hub.server.hub));
        assert!(!hub.repository().exists());
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_written_through_a_link_in_the_cache() {
    use std::os::unix::fs::symlink;
    let hub = HubSandbox::new();
    hub.sandbox.write("precious", "precious");
    let precious = hub.sandbox.path().join("precious");
    let tag = {
        use sha2::Digest;
        super::server::hex(&sha2::Sha256::digest(&hub.server.state().files[WEIGHTS]))
    };
    let locks = hub.cache().join(".locks/models--acme--tiny");
    let plant = |folder: &Path, name: &str| {
        fs::create_dir_all(folder).expect("the cache is writable");
        symlink(&precious, folder.join(name)).expect("the cache is writable");
    };
    plant(&hub.repository().join("blobs"), &format!("{tag}.incomplete"));
    plant(&hub.repository().join(".no_exist").join(COMMIT), "modules.json");
    plant(&hub.repository().join("snapshots").join(COMMIT), "config.json");
    assert_answers(&hub.search("acme/tiny"));
    assert_eq!(fs::read(&precious).expect("it is there"), b"precious");

    fs::remove_dir_all(hub.repository()).expect("it is there");
    fs::remove_dir_all(&locks).expect("it is there");
    plant(&locks, &format!("{tag}.lock"));
    let refused = hub.search("acme/tiny");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains(&format!("{tag}.lock: it is a link")), "{refused:?}");
    fs::remove_dir_all(&locks).expect("it is there");
    plant(&hub.repository().join("refs"), "main");
    assert!(hub.search("acme/tiny").stderr.contains("refs/main: it is a link"));
    assert_eq!(fs::read(&precious).expect("it is there"), b"precious");
}

#[cfg(unix)]
#[test]
fn a_snapshot_with_a_link_out_of_the_cache_is_not_loaded_and_its_target_not_removed() {
    use std::os::unix::fs::symlink;
    let hub = HubSandbox::new();
    assert_answers(&hub.search("acme/tiny"));
    let snapshot = hub.repository().join("snapshots").join(COMMIT);
    let blobs = hub.sandbox.path().join("blobs");
    fs::create_dir(&blobs).expect("the sandbox is writable");
    let outside = blobs.join("config.json");
    fs::copy(snapshot.join("config.json"), &outside).expect("the sandbox is writable");
    fs::remove_file(snapshot.join("config.json")).expect("it is linked");
    symlink(&outside, snapshot.join("config.json")).expect("the cache is writable");
    let refused = hub.search("acme/tiny");
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("config.json is a link out of the model's folder, to "), "{refused:?}");
    assert_eq!(hint(&refused), "hint: put the file itself into the folder, in place of the link");
    assert!(hub.run(&["models", "verify"]).stdout.contains("config.json"));

    // A second revision, so that blobs are removed one by one.
    let newer = "2".repeat(40);
    newer.clone_into(&mut hub.server.state().main);
    assert_answers(&hub.search(&pinned(&newer)));
    assert_eq!(hub.run(&["models", "remove", &pinned(COMMIT)]).code, 0);
    assert!(outside.exists(), "a file outside the cache is not removed");
}

//! Access: invalid names, tokens, private and gated models, offline runs.

use super::server::{HubServer, Server, TOKEN};
use super::{HubSandbox, assert_answers, hint, names, pinned};

#[test]
fn an_unsafe_name_is_refused_before_any_request() {
    let hub = HubSandbox::new();
    let form = "it is not of the form ORG/NAME";
    let characters = "it has characters other than letters, digits, '-', '_' and '.'";
    for (name, problem) in [
        ("acme/..", "it contains '..' or '--'"),
        ("acme/../tiny", form),
        ("acme//tiny", form),
        ("acme/", form),
        ("acme\\x/tiny", characters),
        ("acme/ti ny", characters),
        ("acme/tiny?x", characters),
        ("acme/tiny@../x", "the revision has an empty part, '..', or a part that begins with '.'"),
        ("acme/tiny@", "the revision after '@' is empty"),
    ] {
        let refused = hub.search(name);
        refused.assert_error(&format!("'{name}' is neither a folder nor a name on the hub: {problem}"));
        assert_eq!(hint(&refused), "hint: name a folder, or ORG/NAME or ORG/NAME@REVISION of the hub");
    }
    let path = hub.search("../acme/tiny");
    path.assert_error(
        "no model '../acme/tiny': it is neither a folder nor the bundled model BAAI/bge-small-en-v1.5",
    );
    assert!(hub.server.take_requests().is_empty());
    assert!(!hub.cache().exists());
}

#[test]
fn missing_and_private_models_have_the_same_error() {
    let hub = HubSandbox::new();
    for name in ["acme/none", "acme/private"] {
        let refused = hub.search(name);
        refused.assert_error(&format!(
            "no model {name}: not a folder here, and not found on {}, or private",
            hub.server.hub
        ));
        assert_eq!(
            hint(&refused),
            "hint: check the name; for a private model set HF_TOKEN to a token that may read it"
        );
        let refused = hub.search_with(name, &[("HF_TOKEN", "hf_wrong")]);
        assert_eq!(refused.code, 2);
        assert_eq!(hint(&refused), "hint: check the name, and that the token may read the model");
        assert!(!refused.stderr.contains("hf_wrong"));
    }
    assert!(!hub.cache().exists(), "a refused model leaves no trace");
}

/// Asserts that every request to the hub had the token and no request to the content host did.
fn assert_only_the_hub_got_the_token(server: &HubServer) {
    let requests = server.take_requests();
    assert!(requests.iter().any(|request| request.server == Server::ContentHost), "{requests:?}");
    for request in requests {
        let sent = request.headers.get("authorization").cloned();
        let expected = (request.server == Server::Hub).then(|| format!("Bearer {TOKEN}"));
        assert_eq!(sent, expected, "{request:?}");
    }
}

#[test]
fn a_token_opens_a_private_model_and_is_not_sent_to_the_content_host() {
    let hub = HubSandbox::new();
    assert_answers(&hub.search_with("acme/private", &[("HF_TOKEN", TOKEN)]));
    assert_only_the_hub_got_the_token(&hub.server);
}

#[test]
fn a_token_is_read_from_its_file() {
    for (file, variables) in [
        (".cache/huggingface/token", &[][..]),
        ("home/token", &[("HF_HOME", "home")]),
        ("secret", &[("HF_TOKEN_PATH", "secret")]),
        ("secret", &[("HF_TOKEN_PATH", "~/secret")]),
    ] {
        let hub = HubSandbox::new();
        let folder = hub.sandbox.path().join(file);
        std::fs::create_dir_all(folder.parent().expect("it is in the sandbox")).expect("it is writable");
        hub.sandbox.write(file, format!("{TOKEN}\n"));
        assert_answers(&hub.search_with("acme/private", variables));
        assert_only_the_hub_got_the_token(&hub.server);
    }
}

#[test]
fn a_token_that_is_no_valid_header_is_refused_and_not_shown() {
    let hub = HubSandbox::new();
    for token in ["hf_a\nb", "hf_\u{e4}"] {
        let refused = hub.search_with("acme/tiny", &[("HF_TOKEN", token)]);
        refused.assert_error("the token for the hub has characters that are not allowed in one");
        assert!(!refused.stderr.contains("hf_"), "{refused:?}");
    }
    assert!(hub.server.take_requests().is_empty());
}

#[test]
fn a_gated_model_has_its_own_error() {
    let hub = HubSandbox::new();
    let refused = hub.search("acme/gated");
    refused.assert_error(&format!(
        "the model acme/gated is gated: {} serves it only to users who accepted its conditions",
        hub.server.hub
    ));
    assert_eq!(
        hint(&refused),
        "hint: accept the conditions on the model's page, then set HF_TOKEN to a token that may read it"
    );
    let refused = hub.search_with("acme/gated", &[("HF_TOKEN", "hf_wrong")]);
    assert_eq!(
        hint(&refused),
        "hint: accept the conditions on the model's page, with the account of the token"
    );
    assert!(names(&hub.cache().join("models--acme--gated/snapshots")).is_empty());
    assert_answers(&hub.search_with("acme/gated", &[("HF_TOKEN", TOKEN)]));
}

#[test]
fn a_model_without_safetensors_is_refused_before_anything_is_fetched() {
    let hub = HubSandbox::new();
    let weights = hub.server.state().files.remove("model.safetensors").expect("it is served");
    hub.search("acme/tiny").assert_error("the model acme/tiny has no model.safetensors");
    hub.server.state().files.insert("pytorch_model.bin".to_owned(), weights);
    let pickle = hub.search("acme/tiny");
    pickle.assert_error(
        "the model acme/tiny has no model.safetensors, only pytorch_model.bin, which can contain code and is never loaded",
    );
    assert_eq!(
        hint(&pickle),
        "hint: name a model whose repository has config.json, tokenizer.json and model.safetensors"
    );
    hub.server.state().files.insert("model.safetensors.index.json".to_owned(), b"{}".to_vec());
    hub.search("acme/tiny").assert_error(
        "the weights of the model acme/tiny are split into several files, which is not supported",
    );
    hub.server.state().files.remove("tokenizer.json");
    hub.search("acme/tiny").assert_error("the model acme/tiny has no tokenizer.json");
    assert_eq!(hub.server.take_requests().len(), 4, "each run requested the description only");
    assert!(!hub.cache().exists());
}

#[test]
fn a_hub_that_fails_is_named_with_its_status() {
    let hub = HubSandbox::new();
    for status in [500, 503, 429] {
        hub.server.state().status = Some(status);
        let failed = hub.search("acme/tiny");
        failed.assert_error(&format!("{} answered {status}", hub.server.hub));
        assert_eq!(hint(&failed), "hint: try again later, or check HF_ENDPOINT");
    }
    hub.server.state().status = Some(401);
    let refused = hub.search_with("acme/tiny", &[("HF_TOKEN", "hf_expired")]);
    refused.assert_error(&format!("{} does not accept the token", hub.server.hub));
    hub.server.state().status = Some(200);
    hub.search("acme/tiny")
        .assert_error(&format!("invalid answer from {}: it does not describe a model", hub.server.hub));
    assert!(!hub.cache().exists());
}

#[test]
fn offline_runs_use_the_cache_only() {
    let hub = HubSandbox::new();
    let offline = [("HF_HUB_OFFLINE", "1")];
    let missing = hub.search_with("acme/tiny", &offline);
    missing.assert_error(&format!(
        "the model acme/tiny is not in the cache {}, and requests are turned off",
        hub.cache().display()
    ));
    assert_eq!(
        hint(&missing),
        "hint: run once without HF_HUB_OFFLINE, or fetch it with 'embed models pull NAME'"
    );
    assert!(hub.server.take_requests().is_empty());
    let online = hub.search("acme/tiny");
    assert_answers(&online);
    hub.server.take_requests();
    assert_eq!(hub.search_with("acme/tiny", &offline), online);
    let other = hub.search_with(&pinned(&"4".repeat(40)), &offline);
    assert_eq!(other.code, 2, "another revision is not cached: {other:?}");
    assert!(hub.server.take_requests().is_empty());
}

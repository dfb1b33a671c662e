//! Failed transfers: what is kept, what is fetched again, and that an incomplete model is never loaded.

use std::fs;
use std::time::{Duration, Instant};

use super::proxy::{HIDDEN_HUB, Proxy};
use super::server::{COMMIT, Cut, Server, WEIGHTS};
use super::{HubSandbox, assert_answers, hint};
use crate::support::Outcome;

/// More times than a run attempts.
const ALWAYS: usize = 1000;

fn assert_nothing_can_be_loaded(hub: &HubSandbox) {
    assert!(hub.names("snapshots").is_empty() && hub.names("refs").is_empty());
    let offline = hub.search_with("acme/tiny", &[("HF_HUB_OFFLINE", "1")]);
    assert_eq!(offline.code, 2);
    assert!(offline.stderr.contains("is not in the cache"), "{offline:?}");
}

/// The `Range` of each request for the weights since the last call.
fn ranges(hub: &HubSandbox) -> Vec<Option<String>> {
    let requests = hub.server.take_requests().into_iter();
    let weights = requests.filter(|request| request.server == Server::ContentHost);
    weights.map(|request| request.headers.get("range").cloned()).collect()
}

#[test]
fn an_interrupted_transfer_resumes_in_the_next_run() {
    let whole = fs::metadata(crate::support::tiny_model().join(WEIGHTS)).expect("it is there").len() as usize;
    for at in [0, 1, 100, whole / 2, whole - 1] {
        let hub = HubSandbox::new();
        hub.server.state().cut = Some(Cut { file: WEIGHTS, at, times: ALWAYS });
        let cut = hub.search("acme/tiny");
        cut.assert_error(&format!(
            "the transfer of {WEIGHTS} from {} broke off after {at} bytes of {whole}",
            hub.server.content_host
        ));
        assert_eq!(hint(&cut), "hint: run again: the transfer resumes");
        assert_eq!(ranges(&hub).len(), 3, "a run makes three attempts");
        assert_nothing_can_be_loaded(&hub);

        hub.server.state().cut = None;
        hub.server.take_requests();
        assert_answers(&hub.search("acme/tiny"));
        assert_eq!(ranges(&hub), [(at > 0).then(|| format!("bytes={at}-"))], "cut at {at}");
        assert!(hub.names("blobs").iter().all(|name| !name.ends_with(".incomplete")));
    }
}

#[test]
fn a_transfer_interrupted_once_resumes_in_the_same_run() {
    let hub = HubSandbox::new();
    hub.server.state().cut = Some(Cut { file: WEIGHTS, at: 1000, times: 1 });
    assert_answers(&hub.search("acme/tiny"));
    assert_eq!(ranges(&hub), [None, Some("bytes=1000-".to_owned())]);
}

#[test]
fn an_interrupted_small_file_is_completed() {
    let hub = HubSandbox::new();
    hub.server.state().cut = Some(Cut { file: "tokenizer.json", at: 50, times: ALWAYS });
    let cut = hub.search("acme/tiny");
    assert!(cut.stderr.contains("the transfer of tokenizer.json"), "{cut:?}");
    assert_nothing_can_be_loaded(&hub);
    hub.server.state().cut = None;
    assert_answers(&hub.search("acme/tiny"));
}

#[test]
fn a_host_that_ignores_ranges_serves_a_complete_file() {
    let hub = HubSandbox::new();
    hub.server.state().cut = Some(Cut { file: WEIGHTS, at: 1000, times: 1 });
    hub.server.state().ignores_ranges = true;
    assert_answers(&hub.search("acme/tiny"));
    assert_eq!(ranges(&hub).len(), 2);
}

#[test]
fn a_damaged_part_is_fetched_again() {
    let hub = HubSandbox::new();
    hub.server.state().cut = Some(Cut { file: WEIGHTS, at: 1000, times: ALWAYS });
    assert_eq!(hub.search("acme/tiny").code, 2);
    let incomplete = hub.names("blobs").into_iter().find(|name| name.ends_with(".incomplete"));
    let incomplete = hub.repository().join("blobs").join(incomplete.expect("a part is kept"));
    assert_eq!(fs::read(&incomplete).expect("it is there").len(), 1000);
    for length in [1000, 500_000] {
        fs::write(&incomplete, vec![b'x'; length]).expect("the cache is writable");
        hub.server.state().cut = None;
        assert_answers(&hub.search("acme/tiny"));
        fs::remove_dir_all(hub.repository()).expect("it is there");
        fs::create_dir_all(hub.repository().join("blobs")).expect("the cache is writable");
    }
}

#[test]
fn wrong_bytes_are_not_kept() {
    let hub = HubSandbox::new();
    hub.server.state().flips_a_bit = true;
    let wrong = hub.search("acme/tiny");
    assert_eq!((wrong.code, wrong.stdout.as_str()), (2, ""));
    let begin = format!("error: {WEIGHTS} from {} has wrong bytes: ", hub.server.content_host);
    assert!(wrong.stderr.starts_with(&begin), "{wrong:?}");
    assert_eq!(hint(&wrong), "hint: nothing was kept; try again, or check HF_ENDPOINT and the proxy");
    assert_eq!(hub.names("blobs").len(), 4, "only the small files");
    assert_nothing_can_be_loaded(&hub);
    hub.server.state().flips_a_bit = false;
    assert_answers(&hub.search("acme/tiny"));
}

#[test]
fn a_silent_host_ends_the_run_after_the_time_out() {
    for (silent, host) in [(Server::Hub, 0), (Server::ContentHost, 1)] {
        let hub = HubSandbox::new();
        hub.server.state().silent = Some(silent);
        let begin = Instant::now();
        let ended = hub.search_with("acme/tiny", &[("HF_HUB_DOWNLOAD_TIMEOUT", "0.5")]);
        let hosts = [&hub.server.hub, &hub.server.content_host];
        ended.assert_error(&format!("{} has been silent for 0.5 s", hosts[host]));
        assert_eq!(hint(&ended), "hint: try again, or wait longer with HF_HUB_DOWNLOAD_TIMEOUT=SECONDS");
        let seconds = begin.elapsed();
        assert!((Duration::from_millis(500)..Duration::from_secs(8)).contains(&seconds), "{seconds:?}");
        assert_nothing_can_be_loaded(&hub);
    }
    assert_answers(&HubSandbox::new().search_with("acme/tiny", &[("HF_HUB_DOWNLOAD_TIMEOUT", "1e19")]));
    for wrong in ["0", "-1", "soon", "NaN"] {
        HubSandbox::new().search_with("acme/tiny", &[("HF_HUB_DOWNLOAD_TIMEOUT", wrong)]).assert_error(
            &format!("HF_HUB_DOWNLOAD_TIMEOUT is \"{wrong}\", which is not a number of seconds above 0"),
        );
    }
}

#[test]
fn an_unreachable_hub_is_named() {
    let hub = HubSandbox::new();
    // Nothing listens on the port of a dropped listener.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it listens").to_string();
    drop(listener);
    let endpoint = format!("http://{address}");
    let failed = hub.search_with("acme/tiny", &[("HF_ENDPOINT", endpoint.as_str())]);
    assert_eq!(failed.code, 2);
    assert!(failed.stderr.starts_with(&format!("error: cannot reach {address}: ")), "{failed:?}");
    assert!(hint(&failed).starts_with("hint: check the connection, HF_ENDPOINT and HTTPS_PROXY"));
    let no_certificates = hub.search_with("acme/tiny", &[("SSL_CERT_FILE", "docs.txt")]);
    let file = hub.sandbox.path().join("docs.txt");
    no_certificates.assert_error(&format!("{} has no usable certificates: not a PEM file", file.display()));
    for endpoint in ["hub.example", "ftp://hub.example", "http://", "http://h?x=y"] {
        let failed = hub.search_with("acme/tiny", &[("HF_ENDPOINT", endpoint)]);
        failed.assert_error(&format!("'{endpoint}' is not the address of a hub"));
    }
}

#[test]
fn requests_go_through_the_proxy_except_to_excepted_hosts() {
    let hub = HubSandbox::new();
    let proxy = Proxy::start(hub.server.hub.clone());
    let (address, content_host) = (format!("http://{}", proxy.address), hub.server.content_host.clone());
    let through = |variable: &str, cache: &str| {
        let hidden = [("HF_ENDPOINT", "http://hub.invalid"), (variable, &address), ("HF_HUB_CACHE", cache)];
        hub.search_with("acme/tiny", &hidden)
    };
    for (variable, cache) in [("HTTP_PROXY", "a"), ("http_proxy", "b"), ("ALL_PROXY", "c")] {
        assert_answers(&through(variable, cache));
    }
    let targets = proxy.targets();
    assert!(targets.iter().all(|target| *target == HIDDEN_HUB || *target == content_host), "{targets:?}");
    assert_eq!(targets.iter().filter(|target| **target == content_host).count(), 3, "one for each run");

    let direct = [("HTTP_PROXY", address.as_str()), ("NO_PROXY", "localhost, 127.0.0.1")];
    assert_answers(&hub.search_with("acme/tiny", &direct));
    assert_eq!(proxy.targets().len(), targets.len());
    let wrong: Outcome =
        hub.search_with(&format!("acme/tiny@{}", "5".repeat(40)), &[("HTTP_PROXY", "ftp://u:word@h")]);
    wrong.assert_error("the address of the proxy is not valid");
    assert!(!wrong.stderr.contains("word"));
    assert_eq!(hub.names("snapshots"), [COMMIT]);
}

//! What can go wrong between a name and a model's files.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a model of the hub is not to be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// What was asked for cannot be the name of a model.
    #[error("'{name}' is neither a folder nor a name on the hub: {problem}")]
    Name {
        /// What was asked for.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The hub's address cannot be used.
    #[error("'{endpoint}' is no address of a hub")]
    Endpoint {
        /// What was set.
        endpoint: String,
    },
    /// A proxy's address cannot be used; it may have a password, so it is not shown.
    #[error("the address of the proxy is not valid")]
    Proxy,
    /// The file of certificates cannot be used.
    #[error("{} has no certificates to trust: {problem}", path.display())]
    Certificates {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// The model is not in the cache, and requests are not allowed.
    #[error("the model {name} is not in the cache {}, and requests are turned off", cache.display())]
    Offline {
        /// The model.
        name: String,
        /// Where it was looked for.
        cache: PathBuf,
    },
    /// Nothing is fetched where requests are not allowed.
    #[error("the model {name} is not fetched: requests are turned off")]
    RequestsOff {
        /// The model.
        name: String,
    },
    /// The model is not in the cache.
    #[error("the model {name} is not in the cache {}", cache.display())]
    NotCached {
        /// The model.
        name: String,
        /// Where it was looked for.
        cache: PathBuf,
    },
    /// The hub shows no such model to this user, and does not say whether there is one.
    #[error("no model {name}: it is no folder here, and on {hub} not found, or private")]
    NotFound {
        /// The model.
        name: String,
        /// The hub's host.
        hub: String,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// The model has no such revision.
    #[error("the model {name} has no revision {revision} on {hub}")]
    RevisionNotFound {
        /// The model.
        name: String,
        /// The revision.
        revision: String,
        /// The hub's host.
        hub: String,
    },
    /// Only some may have the model.
    #[error("the model {name} is gated: {hub} does not give it to everybody")]
    Gated {
        /// The model.
        name: String,
        /// The hub's host.
        hub: String,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// The hub does not take the token.
    #[error("{hub} does not accept the token")]
    TokenRefused {
        /// The hub's host.
        hub: String,
    },
    /// A file that every model needs is not there.
    #[error("the model {name} has no {file}")]
    NoFile {
        /// The model.
        name: String,
        /// The file.
        file: &'static str,
    },
    /// The weights are there as pickle only, which can run code when it is loaded.
    #[error(
        "the model {name} has no model.safetensors, only {found}, which can hold code and is never loaded"
    )]
    Pickle {
        /// The model.
        name: String,
        /// The file of its weights.
        found: String,
    },
    /// The weights are in several files.
    #[error("the model {name} has its weights in several files, which is not supported")]
    Sharded {
        /// The model.
        name: String,
    },
    /// A host was silent for too long.
    #[error("{host} has been silent for {} s", .waited.as_secs_f32())]
    TimedOut {
        /// The host.
        host: String,
        /// The time-out.
        waited: Duration,
    },
    /// A host cannot be reached, or breaks off before it answers.
    #[error("cannot reach {host}")]
    Unreachable {
        /// The host.
        host: String,
        /// What the connection says.
        source: Box<ureq::Error>,
    },
    /// The connection broke off within a file, again and again.
    #[error("the transfer of {file} from {host} broke off after {received} bytes{}", of(*.expected))]
    Cut {
        /// The file.
        file: String,
        /// The host.
        host: String,
        /// Bytes that are there, and that the next try begins with.
        received: u64,
        /// Bytes of the file, if the hub said.
        expected: Option<u64>,
    },
    /// A file's bytes are not those that the hub has.
    #[error("{file} from {host} has wrong bytes: {found} instead of {expected}")]
    WrongBytes {
        /// The file.
        file: String,
        /// The host.
        host: String,
        /// The digest or the length that the hub says.
        expected: String,
        /// That of the bytes that came.
        found: String,
    },
    /// A host refuses for a reason of its own.
    #[error("{host} answered {status}")]
    Status {
        /// The host.
        host: String,
        /// The status of HTTP.
        status: u16,
    },
    /// An answer makes no sense.
    #[error("the answer of {host} makes no sense: {problem}")]
    Answer {
        /// The host.
        host: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The cache cannot be read or written.
    #[error("cannot use {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl HubError {
    /// For `map_err` on what is done to `path`.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Cache { path: path.to_owned(), source }
    }
}

fn of(expected: Option<u64>) -> String {
    expected.map(|bytes| format!(" of {bytes}")).unwrap_or_default()
}

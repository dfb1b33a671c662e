//! Errors of finding and fetching models.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::http::HttpError;

/// Why a model of the hub is unavailable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HubError {
    /// The text is not the name of a model.
    #[error("'{name}' is neither a folder nor a name on the hub: {problem}")]
    Name {
        /// The text.
        name: String,
        /// The problem.
        problem: &'static str,
    },
    /// The hub's address is invalid.
    #[error("'{endpoint}' is not the address of a hub")]
    Endpoint {
        /// The address.
        endpoint: String,
    },
    /// No request can be made with these settings.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The model is not in the cache, and requests are off.
    #[error("the model {name} is not in the cache {}, and requests are turned off", cache.display())]
    Offline {
        /// The model.
        name: String,
        /// The cache.
        cache: PathBuf,
    },
    /// A fetch was requested while requests are off.
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
        /// The cache.
        cache: PathBuf,
    },
    /// The hub has no such model for this user. It does not say whether a private one exists.
    #[error("no model {name}: not a folder here, and not found on {hub}, or private")]
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
    /// The model is restricted to users who accepted its conditions.
    #[error("the model {name} is gated: {hub} serves it only to users who accepted its conditions")]
    Gated {
        /// The model.
        name: String,
        /// The hub's host.
        hub: String,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// The hub rejects the token.
    #[error("{hub} does not accept the token")]
    TokenRefused {
        /// The hub's host.
        hub: String,
    },
    /// A required file is missing.
    #[error("the model {name} has no {file}")]
    NoFile {
        /// The model.
        name: String,
        /// The file.
        file: &'static str,
    },
    /// The weights exist as pickle only, which can run code when it is loaded.
    #[error(
        "the model {name} has no model.safetensors, only {found}, which can contain code and is never loaded"
    )]
    Pickle {
        /// The model.
        name: String,
        /// The file of its weights.
        found: String,
    },
    /// The weights are split into several files.
    #[error("the weights of the model {name} are split into several files, which is not supported")]
    Sharded {
        /// The model.
        name: String,
    },
    /// A host sent nothing within the time-out.
    #[error("{host} has been silent for {} s", .waited.as_secs_f32())]
    TimedOut {
        /// The host.
        host: String,
        /// The time-out.
        waited: Duration,
    },
    /// A host cannot be reached, or closes the connection before it answers.
    #[error("cannot reach {host}")]
    Unreachable {
        /// The host.
        host: String,
        /// The error of the connection.
        source: Box<ureq::Error>,
    },
    /// The connection broke off within a file at every attempt.
    #[error("the transfer of {file} from {host} broke off after {received} bytes{}", of(*.expected))]
    Cut {
        /// The file.
        file: String,
        /// The host.
        host: String,
        /// Bytes received so far; the next attempt resumes after them.
        received: u64,
        /// The length of the file, if the hub states it.
        expected: Option<u64>,
    },
    /// A file's bytes differ from those on the hub.
    #[error("{file} from {host} has wrong bytes: {found} instead of {expected}")]
    WrongBytes {
        /// The file.
        file: String,
        /// The host.
        host: String,
        /// The digest or the length that the hub states.
        expected: String,
        /// That of the bytes received.
        found: String,
    },
    /// A file is longer than any file that is fetched.
    #[error("{file} from {host} is longer than the limit of {limit} bytes")]
    TooLong {
        /// The file.
        file: String,
        /// The host.
        host: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// The disk of the cache lacks the room for a file.
    #[error("{file} does not fit into {}: {room} bytes are left for it{}", folder.display(), where_needed(*needed))]
    NoRoom {
        /// The file.
        file: String,
        /// The folder of the cache.
        folder: PathBuf,
        /// The bytes that the file may still take.
        room: u64,
        /// The bytes that the file still needs, if the hub states its length.
        needed: Option<u64>,
    },
    /// A host answered with another error status.
    #[error("{host} answered {status}")]
    Status {
        /// The host.
        host: String,
        /// The HTTP status.
        status: u16,
    },
    /// An answer is invalid.
    #[error("invalid answer from {host}: {problem}")]
    Answer {
        /// The host.
        host: String,
        /// The problem.
        problem: &'static str,
    },
    /// The cache cannot be read or written.
    #[error("cannot use {}", path.display())]
    Cache {
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },
}

impl HubError {
    /// For `map_err` on an operation on `path`.
    pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Cache { path: path.to_owned(), source }
    }
}

fn where_needed(needed: Option<u64>) -> String {
    needed.map(|bytes| format!(", {bytes} are needed")).unwrap_or_default()
}

fn of(expected: Option<u64>) -> String {
    expected.map(|bytes| format!(" of {bytes}")).unwrap_or_default()
}

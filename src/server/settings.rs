//! What a server serves, where, to whom, and within which limits.

use std::net::{IpAddr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::engine::{Embedder, Engine, Reranker};
use crate::http::Secret;

/// What is served. Engines and the model come from one [`Models`](crate::engine::Models) over a
/// [`LaneHost`](super::LaneHost), so that they share what is loaded.
pub struct Site {
    /// The indexes, by name.
    pub indexes: Vec<NamedIndex>,
    /// The model of requests for vectors.
    pub model: Arc<dyn Embedder>,
    /// The cross-encoder of requests for reranking.
    pub reranker: Option<Reranker>,
}

/// An index and the name that requests give it.
pub struct NamedIndex {
    /// Unique within the site.
    pub name: String,
    /// The engine over the index.
    pub engine: Engine,
}

/// To whom the server answers, and its limits.
pub struct ServerSettings {
    /// Who may ask.
    pub access: Access,
    /// How much may be asked.
    pub limits: Limits,
    /// Gets a sentence about each request that failed by a fault of the server, not of the client.
    pub report: Report,
}

/// Receives sentences about failures.
pub type Report = Box<dyn Fn(&str) + Send + Sync>;

/// Where a server listens.
#[derive(Debug)]
pub enum Listen {
    /// A TCP address; port 0 is any free one.
    Tcp(SocketAddr),
    /// A Unix socket, which is created.
    #[cfg(unix)]
    Unix(PathBuf),
    /// A listening socket from the process that started this one.
    Inherited(TcpListener),
    /// A listening Unix socket from the process that started this one.
    #[cfg(unix)]
    InheritedUnix(std::os::unix::net::UnixListener),
}

impl Listen {
    /// Whether only processes of this machine can connect, and no browser.
    pub(super) const fn is_local(&self) -> bool {
        match self {
            Self::Tcp(_) | Self::Inherited(_) => false,
            #[cfg(unix)]
            Self::Unix(_) | Self::InheritedUnix(_) => true,
        }
    }
}

/// Who may ask.
#[derive(Debug, Default)]
pub struct Access {
    /// The key that requests carry; without one, nobody needs it.
    pub key: Option<Secret>,
    /// Names by which the server is reached, besides those of this machine. Asked without a key, it answers to no other
    /// name: a page of another site could have its own name lead to this machine.
    pub hosts: Vec<HostName>,
    /// Whether any name will do, as for a Unix socket, which no page can reach.
    pub any_host: bool,
    /// Pages on other sites that may ask.
    pub origins: Vec<Origin>,
}

/// The site of a page, such as `https://notes.example` or `http://localhost:3000`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// A text names no site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an origin is http:// or https:// and a host, with a port if it is unusual: https://notes.example")]
pub struct NotAnOrigin;

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let origin = text.strip_suffix('/').unwrap_or(text).to_ascii_lowercase();
        let host = ["http://", "https://"].iter().find_map(|scheme| origin.strip_prefix(scheme));
        let is_host = |host: &str| {
            !host.is_empty()
                && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte))
        };
        if host.is_some_and(is_host) { Ok(Self(origin)) } else { Err(NotAnOrigin) }
    }
}

impl Origin {
    /// As browsers send it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name by which the server is reached, without a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostName(String);

/// A text is no name of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a name or an address without a port, such as notes.lan")]
pub struct NotAHostName;

impl FromStr for HostName {
    type Err = NotAHostName;

    fn from_str(text: &str) -> Result<Self, NotAHostName> {
        let is_name = !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
        let is_address = text.parse::<IpAddr>().is_ok();
        if is_name || is_address { Ok(Self(text.to_owned())) } else { Err(NotAHostName) }
    }
}

impl HostName {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Limits of requests. All memory that requests take is bounded by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the body of a request.
    pub body: usize,
    /// Texts of a request.
    pub inputs: usize,
    /// Tokens of all texts of a request.
    pub tokens: usize,
    /// Requests that are answered or wait at the same time.
    pub waiting: usize,
    /// Bytes of the bodies, texts and vectors of all requests at the same time.
    pub memory: usize,
    /// Connections at the same time.
    pub connections: usize,
    /// The time for the head of a request, and for a connection without one.
    pub head: Duration,
    /// The time for the body of a request, and for a client to take a part of the answer.
    pub transfer: Duration,
    /// The time for an answer.
    pub answer: Duration,
    /// The time that running requests have after the server was asked to stop.
    pub grace: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: 8 << 20,
            inputs: 2048,
            tokens: 300_000,
            waiting: 256,
            memory: 192 << 20,
            connections: 1024,
            head: Duration::from_secs(10),
            transfer: Duration::from_secs(30),
            answer: Duration::from_secs(120),
            grace: Duration::from_secs(10),
        }
    }
}

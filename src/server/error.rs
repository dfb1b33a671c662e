//! Why a server does not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Address {
        /// The address.
        address: SocketAddr,
        /// The reason.
        source: io::Error,
    },
    /// The Unix socket cannot be created.
    #[error("cannot listen on {}: {source}", path.display())]
    Socket {
        /// Its path.
        path: PathBuf,
        /// The reason.
        source: io::Error,
    },
    /// The socket of the parent process cannot be used.
    #[error("the socket of the parent process cannot be used")]
    Inherited {
        /// The reason.
        source: io::Error,
    },
    /// The parent process passed no socket where it said so.
    #[error("the parent process passed no socket")]
    NotInherited,
    /// The server would answer other machines, and anyone there.
    #[error("{address} is reached by other machines, and there is no key")]
    NoKey {
        /// The address.
        address: SocketAddr,
    },
    /// The threads of the server cannot be started.
    #[error("the server cannot be started")]
    Start {
        /// The reason.
        source: io::Error,
    },
    /// Standard input ended before an agent asked anything.
    #[error("no agent is on standard input")]
    NoAgent,
    /// The protocol on standard input and output broke off.
    #[error("the client on standard input and output cannot be served: {message}")]
    Protocol {
        /// The reason.
        message: String,
    },
}

//! A server: HTTP for programs of several kinds, the Model Context Protocol for agents, a page for people.
//!
//! [`Bound`] answers on a socket until it is told to stop, [`serve_agent`] on standard input and output. Everything that is
//! answered comes from the [`engine`](crate::engine); this module owns protocols, limits and access, and nothing else in the
//! crate knows of it. `embed serve --help` and the [reference](crate::reference::server) list the routes.
//!
//! | file | job |
//! | --- | --- |
//! | `connections.rs` | sockets: accepted, bounded in number and time, ended without cutting off an answer |
//! | `access.rs` | keys, names of the server, pages of other sites |
//! | `admission.rs` | how many requests at a time, and their memory |
//! | `service.rs` | from the body of a request to its answer, on a thread that may wait |
//! | `router.rs`, `routes/` | paths, and the protocols: our own, OpenAI's, that of text-embeddings-inference |
//! | `mcp.rs` | the tools for agents |
//! | `lanes/` | texts of waiting requests are encoded together |
//! | `model_name.rs` | the names of models in requests and answers |
//! | `problem.rs` | statuses, and how each protocol writes them |
//! | `page/`, `openapi.json` | the page, and the description for programs |
//!
//! # Invariants
//!
//! - No path or field of a request opens a file or names a host. A network is reached only for a model of a service, which the
//!   server was started with.
//! - All memory that requests take is bounded by [`Limits`].
//! - No text is truncated unless its request allows it.
//! - The threads that serve connections never wait: reading an index and encoding happen on others.

mod access;
mod admission;
mod connections;
mod error;
mod lanes;
mod mcp;
mod metrics;
mod model_name;
mod problem;
mod router;
mod routes;
mod serve;
mod service;
mod settings;

pub use error::ServerError;
pub use lanes::LaneHost;
pub use serve::{Bound, serve_agent, stop_signal};
pub use settings::{
    Access, HostName, Limits, Listen, NamedIndex, NotAHostName, NotAnOrigin, Origin, Report, ServerSettings,
    Site,
};

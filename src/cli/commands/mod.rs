//! One file per subcommand: its arguments and its function.

pub(crate) mod analogy;
pub(crate) mod cluster;
pub(crate) mod compact;
pub(crate) mod completions;
pub(crate) mod duplicates;
pub(crate) mod encode;
pub(crate) mod eval;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod info;
pub(crate) mod list;
pub(crate) mod man;
#[cfg(feature = "server")]
pub(crate) mod mcp;
pub(crate) mod models;
pub(crate) mod remove;
pub(crate) mod rerank;
pub(crate) mod search;
#[cfg(feature = "server")]
pub(crate) mod serve;
pub(crate) mod similarity;
pub(crate) mod verify;

//! One file a subcommand: its arguments and what it does.

pub(crate) mod compact;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod list;
pub(crate) mod remove;
pub(crate) mod search;

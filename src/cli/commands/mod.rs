//! One file a subcommand: its arguments and what it does.

pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod index;
pub(crate) mod search;

//! The flags that commands share, as clap parses them. This module does not depend on commands: each command flattens
//! the groups it needs.

pub(crate) mod by;
pub(crate) mod corpus;
pub(crate) mod global;
pub(crate) mod location;
pub(crate) mod model;
pub(crate) mod output;
pub(crate) mod records;
pub(crate) mod service;
pub(crate) mod texts;
pub(crate) mod values;

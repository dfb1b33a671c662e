//! Damaged indexes.

pub(super) mod damaged;
pub(super) mod forged;
mod template;

//! Damaged indexes.

pub(super) mod damaged;
pub(super) mod forged;
pub(crate) mod row_checksum;
mod template;

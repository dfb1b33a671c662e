//! Damaged indexes.

pub(super) mod damaged;
pub(super) mod forged;
// Programs that change a catalog need the function of its checksums, which is private to the library.
#[path = "../../../../../src/index/row_checksum.rs"]
pub(crate) mod row_checksum;
mod template;

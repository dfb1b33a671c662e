//! The check of a whole index: every row, code, checksum, page, text and word.
//!
//! Faults are collected rather than returned at the first one, so that a person sees all there is to repair.

mod catalog;
mod fault;
mod files;
mod whole;
mod words;

pub use fault::Fault;
pub(super) use files::checked_segments;
pub use whole::verify;

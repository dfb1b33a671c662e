//! Exact search: the best rows of a matrix for one query or many, among all rows or some.
//!
//! The answer is that of scoring every row with [`InstructionSet::dot`](crate::simd::InstructionSet::dot), sorting as
//! [`Scored`](crate::topk::Scored) does and cutting the list short. It is the same for any number of threads, any
//! instruction set, and whatever other queries share the scan: a score depends on nothing but the row and the query, and
//! the order of scored rows is total.
//!
//! Work runs on rayon's current thread pool. Nothing is written anywhere, and no file is known here. With [`checksums`], what
//! is read is compared with them first.

mod blocks;
mod bound;
mod candidates;
pub mod checksums;
pub mod codes;
mod collector;
mod float;
mod request;
mod rows;
mod screen;
mod screened;
mod search;
#[cfg(test)]
mod test_rows;
#[cfg(test)]
mod tests;

pub use request::{Found, ScanRequest, Statistics};
pub use rows::Rows;
pub use search::Scan;

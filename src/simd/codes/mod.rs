//! Exact integer products of codes and small integers: the first pass over quantized rows.
//!
//! A code is a byte `b` from 0 to 255 that stands for `b - 128`. Rows are kept in two parts (see [`pack`]): the upper six
//! bits `u` of a code, by themselves, stand for the middle of the four codes that have them, `4 * u + 1.5 - 128`; the
//! lower two bits `l` add `l - 1.5`. Sums with parts are taken twice, which makes them integers.
//!
//! One query is multiplied with one part of many rows as integers of 16 bits, which costs nothing where the reading of
//! the rows sets the pace. Many queries are integers of 8 bits, packed so that each lane of a register belongs to a
//! query of its own: a row is then put together and read once for sixteen queries, and nothing has to be summed
//! across lanes.
//!
//! Sums are exact, so every kernel gives the same ones, and the order of additions does not matter. They may wrap
//! around on the way, as all of it is done modulo 2^32 and the result is known to fit.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod ceiling;
mod dispatch;
mod layout;
mod narrow_queries;
mod parts;
mod portable;
#[cfg(target_arch = "x86_64")]
mod row_tiles;
#[cfg(test)]
mod tests;
mod wide_query;

pub use ceiling::{Ceilings, Scaling};
pub use layout::{BLOCK, COARSE_BYTES, FINE_BYTES, GROUP, RAISED_BY};
pub use narrow_queries::NarrowQueries;
pub use parts::{CoarseRows, FineRows, PartRows, pack};
pub use wide_query::WideQuery;

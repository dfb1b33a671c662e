//! Exact integer products of codes and small integers: the first pass over quantized rows.
//!
//! A code is a byte `b` from 0 to 255 that stands for `b - 128`. Rows are stored in two parts (see [`pack`]): the upper six
//! bits `u` of a code alone stand for the middle of the four codes that have them, `4 * u + 1.5 - 128`; the lower two
//! bits `l` add `l - 1.5`. Sums with parts are doubled, which makes them integers.
//!
//! One query is multiplied with one part of many rows in 16-bit integers, which costs no time if reading the rows is
//! the bottleneck. Many queries are 8-bit integers, packed so that each lane of a register belongs to one query: a row
//! is then joined and read once for sixteen queries, and nothing is summed across lanes.
//!
//! Sums are exact, so every instruction set gives the same ones, and the order of additions does not matter.
//! Intermediate sums may wrap around: all arithmetic is modulo 2^32, and the result is known to fit.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod ceiling;
mod dispatch;
mod layout;
mod narrow_queries;
#[cfg(target_arch = "aarch64")]
mod neon;
mod parts;
mod portable;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod row_tiles;
#[cfg(test)]
mod tests;
mod wide_query;

pub use ceiling::{Ceilings, Scaling};
pub use layout::{BLOCK, COARSE_BYTES, FINE_BYTES, GROUP, RAISED_BY};
pub use narrow_queries::NarrowQueries;
pub use parts::{CoarseRows, FineRows, PartRows, pack};
pub use wide_query::WideQuery;

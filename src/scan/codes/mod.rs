//! Rows in a quarter of their size: one byte for each component, in two parts, with a bound on the error of each.
//!
//! # Layout
//!
//! A row `x` of dimension `d` has a code for each component, a byte `b` that stands for `scale * (b - 128)`. Codes are
//! stored in two parts, so that a scan reads only the coarse one, three quarters of the bytes, and the fine one for the
//! few rows that need it. Each part is one record a row, in the order of the rows, without gaps; `n` is
//! `d.div_ceil(64)`, numbers are little-endian, and the bits of codes lie as [`pack`](crate::simd::pack) puts them.
//!
//! | part | bytes | content |
//! | --- | --- | --- |
//! | coarse | 0..4 | `scale`, float32, finite and not negative |
//! | coarse | 4..8 | `error` of the coarse part alone |
//! | coarse | 8..8 + 48 n | the upper six bits of each code: the codes that have them share the middle of the four |
//! | fine | 0..4 | `error` of both parts together |
//! | fine | 4..4 + 16 n | the lower two bits of each code |
//!
//! An `error` is a non-negative float32, infinite where the codes say nothing about the row. A record depends on its row
//! alone, so records are appended as rows are.
//!
//! # What an `error` promises
//!
//! For a row `x`, what its codes stand for, `c` times `scale`, and any vector `q` of float32 whose length is at most
//! 2^60, it bounds what the codes and the rounding of [`InstructionSet::dot`](crate::simd::InstructionSet::dot) do to the score together:
//!
//! `|dot(q, x) - scale * (q . c)| <= |q| * error + d * 2^-149`
//!
//! `c` is `b - 128` for both parts together, and `b - b % 4 + 1.5 - 128` for the coarse part alone.
//!
//! By the Cauchy-Schwarz inequality, `|q . (x - scale * c)| <= |q| * |x - scale * c|`, and the rounding
//! error that `dot` promises is at most `(d.div_ceil(16) + 6) * 2^-24 * |q| * |x| + d * 2^-149`, because the sum
//! of the absolute products is at most `|q| * |x|`. So `error` is `|x - scale * c|`, measured on the codes as they
//! are, plus that factor of `|q|`. It is computed in float64, whose own error is far below the share of 2^-20 by
//! which it is raised, and then rounded up to float32.
//!
//! A row that is longer than `1 + 2^-10`, or has a component that is not finite, has infinite errors. It is never ruled
//! out by its codes, and a scan may rely on the length of all others.

mod borrowed;
mod encode;
mod records;
#[cfg(test)]
mod tests;

pub use borrowed::{Codes, NotCodes};
pub use encode::{Encoded, encode_rows};
pub(super) use encode::{length, round_up};
pub(super) use records::LONGEST;
pub use records::{coarse_record_size, fine_record_size};

//! Rows in a quarter of their size: one byte a component, in two parts, with a bound on what each has lost.
//!
//! # Layout
//!
//! A row `x` of dimension `d` has a code for each component, a byte `b` that stands for `scale * (b - 128)`. Codes are
//! kept in two parts, so that a scan may read the coarse one alone, three quarters of the bytes, and the fine one of the
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
//! An `error` is a float32 that is not negative, and infinite where codes tell nothing of the row. Records are made from
//! their row alone, so that they can be appended as rows are.
//!
//! # What an `error` promises
//!
//! For a row `x`, what its codes stand for, `c` times `scale`, and any vector `q` of float32 whose length is at most
//! 2^60, it bounds what the codes and the rounding of [`Kernel::dot`](crate::simd::Kernel::dot) do to the score together:
//!
//! `|dot(q, x) - scale * (q . c)| <= |q| * error + d * 2^-149`
//!
//! `c` is `b - 128` for both parts together, and `b - b % 4 + 1.5 - 128` for the coarse part alone.
//!
//! By the inequality of Cauchy and Schwarz, `|q . (x - scale * c)| <= |q| * |x - scale * c|`, and the rounding
//! error that `dot` promises is at most `(d.div_ceil(16) + 6) * 2^-24 * |q| * |x| + d * 2^-149`, because the sum
//! of the absolute products is at most `|q| * |x|`. So `error` is `|x - scale * c|`, measured on the codes as they
//! are, plus that factor of `|q|`. It is computed in float64, whose own error is far below the share of 2^-20 by
//! which it is raised, and then rounded up to float32.
//!
//! A row that is longer than `1 + 2^-10`, or has a component that is not finite, has infinite errors. It is never ruled
//! out by its codes, and a scan may count on the length of all others.

mod encode;
#[cfg(test)]
mod tests;

pub use encode::{Encoded, encode_rows};
pub(super) use encode::{length, round_up};

use super::blocks::Block;
use crate::simd::{BLOCK, COARSE_BYTES, CoarseRows, FINE_BYTES, FineRows, PartRows, Scaling};
use crate::vectors::Dimension;

/// The longest row that codes are made of: 1, and some room for the rounding of its components.
pub(super) const LONGEST: f64 = 1.0 + 1.0 / 1024.0;

/// The bytes of a coarse record before its codes.
const COARSE_HEADER: usize = 8;

/// The bytes of a fine record before its codes.
const FINE_HEADER: usize = 4;

/// The bytes of the coarse record of one row.
#[must_use]
pub const fn coarse_record_size(dimension: Dimension) -> usize {
    COARSE_HEADER + dimension.get().div_ceil(BLOCK) * COARSE_BYTES
}

/// The bytes of the fine record of one row.
#[must_use]
pub const fn fine_record_size(dimension: Dimension) -> usize {
    FINE_HEADER + dimension.get().div_ceil(BLOCK) * FINE_BYTES
}

/// Bytes that are not codes of that many components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCodes {
    /// A part ends within a record.
    #[error("{bytes} bytes are not codes of whole rows, which take {record_size} bytes each")]
    CutOff {
        /// How many bytes there were.
        bytes: usize,
        /// How many a row takes in this part.
        record_size: usize,
    },
    /// The parts are not of the same rows.
    #[error("there are coarse codes of {coarse} rows, but fine codes of {fine}")]
    DifferentRows {
        /// How many records the coarse part has.
        coarse: usize,
        /// How many the fine part has.
        fine: usize,
    },
}

/// Borrowed codes of rows, in the layout of [this module](self).
///
/// That they are the codes of the rows they are used with is taken on trust: with others a scan stays memory-safe,
/// but may miss rows.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    coarse: &'a [u8],
    fine: &'a [u8],
    dimension: Dimension,
}

impl<'a> Codes<'a> {
    /// The codes in the records of both parts.
    ///
    /// # Errors
    ///
    /// [`NotCodes`] where they are not whole records, as many in each part.
    pub fn new(coarse: &'a [u8], fine: &'a [u8], dimension: Dimension) -> Result<Self, NotCodes> {
        let count = |part: &[u8], record_size: usize| {
            let whole = part.len().is_multiple_of(record_size);
            whole
                .then_some(part.len() / record_size)
                .ok_or(NotCodes::CutOff { bytes: part.len(), record_size })
        };
        let counts =
            (count(coarse, coarse_record_size(dimension))?, count(fine, fine_record_size(dimension))?);
        if counts.0 == counts.1 {
            Ok(Self { coarse, fine, dimension })
        } else {
            Err(NotCodes::DifferentRows { coarse: counts.0, fine: counts.1 })
        }
    }

    /// The coarse records.
    #[must_use]
    pub const fn coarse(&self) -> &'a [u8] {
        self.coarse
    }

    /// The fine records.
    #[must_use]
    pub const fn fine(&self) -> &'a [u8] {
        self.fine
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.coarse.len() / coarse_record_size(self.dimension)
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.coarse.is_empty()
    }

    /// The width of every row.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The coarse parts of the codes of the rows of a block.
    pub(super) fn coarse_rows<'b>(&self, block: &Block<'b>) -> CoarseRows<'b>
    where
        'a: 'b,
    {
        part_rows(self.coarse, COARSE_HEADER, self.dimension, block)
    }

    /// The fine parts of the codes of the rows of a block.
    pub(super) fn fine_rows<'b>(&self, block: &Block<'b>) -> FineRows<'b>
    where
        'a: 'b,
    {
        part_rows(self.fine, FINE_HEADER, self.dimension, block)
    }

    /// How to read sums with the coarse parts alone of the rows of a block.
    pub(super) fn coarse_scalings(&self, block: &Block<'_>) -> impl Iterator<Item = Scaling> {
        block.rows().map(|row| {
            let record = &self.coarse[row.0 as usize * coarse_record_size(self.dimension)..];
            Scaling { scale: number(record), error: number(&record[4..]) }
        })
    }

    /// How to read sums with both parts of the rows of a block.
    pub(super) fn scalings(&self, block: &Block<'_>) -> impl Iterator<Item = Scaling> {
        let fine = |row: usize| &self.fine[row * fine_record_size(self.dimension)..];
        let rows = block.rows().zip(self.coarse_scalings(block));
        rows.map(move |(row, coarse)| Scaling { error: number(fine(row.0 as usize)), ..coarse })
    }
}

fn part_rows<'a, const BYTES: usize>(
    records: &'a [u8],
    header: usize,
    dimension: Dimension,
    block: &Block<'a>,
) -> PartRows<'a, BYTES> {
    let width = dimension.get();
    let size = header + width.div_ceil(BLOCK) * BYTES;
    match block {
        Block::Run(rows) => {
            PartRows::new(&records[rows.start as usize * size..rows.end as usize * size], header, width)
        }
        Block::Scattered(numbers) => PartRows::new(records, header, width).at(numbers),
    }
}

/// The float32 at the start of `record`.
fn number(record: &[u8]) -> f32 {
    f32::from_le_bytes(*record.first_chunk().expect("a record begins with a number"))
}

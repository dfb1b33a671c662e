//! Codes as a scan reads them.

use super::records::{COARSE_HEADER, FINE_HEADER, coarse_record_size, fine_record_size};
use crate::scan::blocks::Block;
use crate::simd::{BLOCK, CoarseRows, FineRows, PartRows, Scaling};
use crate::vectors::Dimension;

/// Bytes that are not codes of rows of the dimension.
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

/// Borrowed codes of rows, in the layout of [`codes`](super).
///
/// That they belong to the rows that they are used with is not checked: with other codes a scan stays memory-safe but may
/// miss rows.
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
    /// [`NotCodes`] where they are not whole records, or the parts have different numbers of them.
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
    pub(in crate::scan) fn coarse_rows<'b>(&self, block: &Block<'b>) -> CoarseRows<'b>
    where
        'a: 'b,
    {
        part_rows(self.coarse, COARSE_HEADER, self.dimension, block)
    }

    /// The fine parts of the codes of the rows of a block.
    pub(in crate::scan) fn fine_rows<'b>(&self, block: &Block<'b>) -> FineRows<'b>
    where
        'a: 'b,
    {
        part_rows(self.fine, FINE_HEADER, self.dimension, block)
    }

    /// How to scale sums with the coarse parts of the rows of a block.
    pub(in crate::scan) fn coarse_scalings(&self, block: &Block<'_>) -> impl Iterator<Item = Scaling> {
        block.rows().map(|row| {
            let record = &self.coarse[row.0 as usize * coarse_record_size(self.dimension)..];
            Scaling { scale: number(record), error: number(&record[4..]) }
        })
    }

    /// How to scale sums with both parts of the rows of a block.
    pub(in crate::scan) fn scalings(&self, block: &Block<'_>) -> impl Iterator<Item = Scaling> {
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

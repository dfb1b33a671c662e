//! Rows in a quarter of their size: one byte a component, with a bound on what was lost.
//!
//! # Layout
//!
//! One record a row, in the order of the rows, without gaps; `d` is the dimension, numbers are little-endian.
//!
//! | bytes | content |
//! | --- | --- |
//! | 0..4 | `scale`, float32, finite and not negative |
//! | 4..8 | `error`, float32, not negative, infinite where codes tell nothing of the row |
//! | 8..8 + d | the codes: a byte `b` stands for the component `scale * (b - 128)` |
//!
//! A record is made from its row alone, so that records can be appended as rows are, and those of rows `a` to `b`
//! are the bytes `a * (8 + d)` to `b * (8 + d)`.
//!
//! # What `error` promises
//!
//! For a row `x`, its codes `c` and any vector `q` of float32 whose length is at most 2^60, it bounds what the
//! codes and the rounding of [`Kernel::dot`](crate::simd::Kernel::dot) do to the score together:
//!
//! `|dot(q, x) - scale * (q . c)| <= |q| * error + d * 2^-149`
//!
//! By the inequality of Cauchy and Schwarz, `|q . (x - scale * c)| <= |q| * |x - scale * c|`, and the rounding
//! error that `dot` promises is at most `(d.div_ceil(16) + 6) * 2^-24 * |q| * |x| + d * 2^-149`, because the sum
//! of the absolute products is at most `|q| * |x|`. So `error` is `|x - scale * c|`, measured on the codes as they
//! are, plus that factor of `|q|`. It is computed in float64, whose own error is far below the share of 2^-20 by
//! which it is raised, and then rounded up to float32.
//!
//! A row that is longer than `1 + 2^-10`, or has a component that is not finite, has an infinite `error`. It is never
//! ruled out by its codes, and a scan may count on the length of all others.

use rayon::prelude::*;

use super::Rows;
use super::blocks::Block;
use crate::simd::{ByteRows, RAISED_BY, Scaling};
use crate::vectors::Dimension;

/// The longest row that codes are made of: 1, and some room for the rounding of its components.
pub(super) const LONGEST: f64 = 1.0 + 1.0 / 1024.0;

/// The codes of a component go from minus this to this.
const LARGEST_CODE: f32 = 127.0;

/// The bytes of a record before its codes.
const HEADER: usize = 8;

/// The bytes of the codes of one row.
#[must_use]
pub const fn record_size(dimension: Dimension) -> usize {
    HEADER + dimension.get()
}

/// The codes of `rows`, in the layout of [this module](self).
#[must_use]
pub fn encode_rows(rows: Rows<'_>) -> Vec<u8> {
    let width = rows.dimension.get();
    let mut bytes = vec![0; rows.len() * record_size(rows.dimension)];
    let records = bytes.par_chunks_exact_mut(record_size(rows.dimension));
    records.zip(rows.values.par_chunks_exact(width)).for_each(|(record, row)| encode_row(row, record));
    bytes
}

fn encode_row(row: &[f32], record: &mut [u8]) {
    let (header, codes) = record.split_at_mut(HEADER);
    let length = length(row.iter().map(|&value| f64::from(value)));
    let largest = row.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let bounded = length <= LONGEST;
    let scale = if bounded { largest / LARGEST_CODE } else { 0.0 };
    let steps = if scale > 0.0 { LARGEST_CODE / largest } else { 0.0 };
    for (byte, &value) in codes.iter_mut().zip(row) {
        // The conversion cuts the fraction off and keeps to the bytes there are, which makes it the nearest code.
        *byte = (value * steps + (f32::from(RAISED_BY) + 0.5)) as u8;
    }
    let error = if bounded { error(row, codes, scale, length) } else { f32::INFINITY };
    header[..4].copy_from_slice(&scale.to_le_bytes());
    header[4..].copy_from_slice(&error.to_le_bytes());
}

/// What the [module](self) promises, for a row of that `length`.
fn error(row: &[f32], codes: &[u8], scale: f32, length_of_row: f64) -> f32 {
    let decoded = codes.iter().map(|&byte| f64::from(scale) * (f64::from(byte) - f64::from(RAISED_BY)));
    let lost = length(row.iter().zip(decoded).map(|(&value, decoded)| f64::from(value) - decoded));
    let roundings = (row.len().div_ceil(16) + 6) as f64 * 2f64.powi(-24);
    round_up((lost + roundings * length_of_row) * (1.0 + 2f64.powi(-20)))
}

/// The Euclidean length.
pub(super) fn length(components: impl Iterator<Item = f64>) -> f64 {
    components.map(|value| value * value).sum::<f64>().sqrt()
}

/// A float32 that is not below `value`.
pub(super) fn round_up(value: f64) -> f32 {
    (value as f32).next_up()
}

/// Bytes that are not codes of that many components.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{bytes} bytes are not codes of whole rows, which take {record_size} bytes each")]
pub struct NotCodes {
    /// How many bytes there were.
    pub bytes: usize,
    /// How many a row takes.
    pub record_size: usize,
}

/// Borrowed codes of rows, in the layout of [this module](self).
///
/// That they are the codes of the rows they are used with is taken on trust: with others a scan stays memory-safe,
/// but may miss rows.
#[derive(Debug, Clone, Copy)]
pub struct Codes<'a> {
    bytes: &'a [u8],
    dimension: Dimension,
}

impl<'a> Codes<'a> {
    /// The codes in `bytes`.
    ///
    /// # Errors
    ///
    /// [`NotCodes`] where they are not a whole number of records.
    pub fn new(bytes: &'a [u8], dimension: Dimension) -> Result<Self, NotCodes> {
        let record_size = record_size(dimension);
        if bytes.len().is_multiple_of(record_size) {
            Ok(Self { bytes, dimension })
        } else {
            Err(NotCodes { bytes: bytes.len(), record_size })
        }
    }

    /// The records.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.bytes.len() / record_size(self.dimension)
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The width of every row.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// The codes of the rows of a block.
    pub(super) fn byte_rows<'b>(&self, block: &Block<'b>) -> ByteRows<'b>
    where
        'a: 'b,
    {
        let (size, width) = (record_size(self.dimension), self.dimension.get());
        match block {
            Block::Run(rows) => ByteRows::new(
                &self.bytes[rows.start as usize * size..rows.end as usize * size],
                HEADER,
                width,
            ),
            Block::Scattered(numbers) => ByteRows::new(self.bytes, HEADER, width).at(numbers),
        }
    }

    /// What the records of the rows of a block say besides the codes.
    pub(super) fn scalings(&self, block: &Block<'_>) -> impl Iterator<Item = Scaling> {
        let size = record_size(self.dimension);
        block.rows().map(move |row| {
            let (numbers, _) = self.bytes[row.0 as usize * size..][..HEADER].as_chunks::<4>();
            Scaling { scale: f32::from_le_bytes(numbers[0]), error: f32::from_le_bytes(numbers[1]) }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{any_row, random_rows};
    use super::*;
    use crate::simd::Kernel;

    #[test]
    fn records_are_laid_out_as_documented() {
        let dimension = Dimension::new(3).expect("a small dimension");
        let bytes = encode_rows(Rows::new(&[0.8, -0.6, 0.0, 2.0, 0.0, 0.0], dimension));
        let scale = 0.8f32 / 127.0;
        assert_eq!(bytes[..4], scale.to_le_bytes());
        assert_eq!(bytes[8..11], [128 + 127, 128 - 95, 128]);
        let lost = f64::from(-0.6f32) - f64::from(scale) * -95.0;
        let error = f32::from_le_bytes(bytes[4..8].try_into().expect("four bytes"));
        assert!(f64::from(error) > lost.abs() && f64::from(error) < lost.abs() + 1e-6, "{error}, {lost}");
        assert_eq!(bytes[11..15], 0f32.to_le_bytes(), "too long a row has no codes");
        assert_eq!(bytes[15..19], f32::INFINITY.to_le_bytes());
        assert_eq!(bytes.len(), 2 * record_size(dimension));
    }

    #[test]
    fn records_depend_on_their_rows_alone() {
        let rows = random_rows(20, 7, 1);
        let size = record_size(rows.dimension());
        let part = encode_rows(Rows::new(&rows.as_slice()[5 * 7..12 * 7], rows.dimension()));
        assert_eq!(encode_rows(Rows::from(&rows))[5 * size..12 * size], part);
    }

    #[test]
    fn part_of_a_record_is_refused() {
        let dimension = Dimension::new(3).expect("a small dimension");
        assert_eq!(Codes::new(&[0; 21], dimension).err(), Some(NotCodes { bytes: 21, record_size: 11 }));
        assert_eq!(Codes::new(&[0; 22], dimension).map(|codes| codes.len()), Ok(2));
    }

    proptest! {
        #[test]
        fn the_error_bounds_what_codes_and_rounding_do_to_a_score(
            (row, query) in (1usize..80).prop_flat_map(|width| (any_row(width), any_row(width))),
        ) {
            let dimension = Dimension::new(row.len()).expect("a small dimension");
            let bytes = encode_rows(Rows::new(&row, dimension));
            let codes = Codes::new(&bytes, dimension).expect("codes of one row");
            let Scaling { scale, error } = codes.scalings(&Block::Run(0..1)).next().expect("one row");
            let decoded: Vec<f64> =
                bytes[HEADER..].iter().map(|&byte| f64::from(scale) * (f64::from(byte) - 128.0)).collect();
            // What was lost is the worst of all queries.
            let lost = row.iter().zip(&decoded).map(|(&value, decoded)| (f64::from(value) - decoded) as f32);
            for query in [query, lost.collect()] {
                let length = length(query.iter().map(|&value| f64::from(value)));
                if error.is_finite() && length <= 1e18 {
                    let score = f64::from(Kernel::SCALAR.dot(&query, &row));
                    let by_codes: f64 = query.iter().zip(&decoded).map(|(&q, decoded)| f64::from(q) * decoded).sum();
                    let bound = length * f64::from(error) + row.len() as f64 * 2f64.powi(-149);
                    prop_assert!((score - by_codes).abs() <= bound, "{} {} {}", score, by_codes, bound);
                }
            }
        }
    }
}

//! Writing an `.npy` file from its first row to its last.

use std::io::{self, Write};

use super::header;
use crate::vectors::Dimension;

/// Writes a float32 matrix of rows x dimension. The number of rows is known in advance.
#[derive(Debug)]
pub struct NpyWriter<W> {
    output: W,
    dimension: Dimension,
    rows_left: u64,
    bytes: Vec<u8>,
}

impl<W: Write> NpyWriter<W> {
    /// Writes the header of a matrix of `rows` rows.
    ///
    /// # Errors
    ///
    /// An error of `output`.
    pub fn new(mut output: W, rows: u64, dimension: Dimension) -> io::Result<Self> {
        output.write_all(&header::encode(rows, dimension))?;
        Ok(Self { output, dimension, rows_left: rows, bytes: Vec::new() })
    }

    /// Writes the next rows, one after another, bit for bit.
    ///
    /// # Errors
    ///
    /// An error of the output.
    ///
    /// # Panics
    ///
    /// If `values` are not whole rows, or there are more rows than were announced.
    pub fn write(&mut self, values: &[f32]) -> io::Result<()> {
        let rows = values.len() / self.dimension.get();
        assert_eq!(values.len(), rows * self.dimension.get(), "only whole rows are written");
        self.rows_left = self.rows_left.checked_sub(rows as u64).expect("no more rows than announced");
        self.bytes.clear();
        self.bytes.extend(values.iter().flat_map(|value| value.to_le_bytes()));
        self.output.write_all(&self.bytes)
    }

    /// Returns the output.
    ///
    /// # Panics
    ///
    /// If rows are missing.
    #[must_use]
    pub fn finish(self) -> W {
        assert_eq!(self.rows_left, 0, "as many rows as announced");
        self.output
    }
}

//! Float32 matrices in the layout of the kernels.

use super::aligned::AlignedValues;

/// Column counts are rounded up to this: no panel of a product is wider, so it may write whole vectors.
const COLUMN_STEP: usize = 32;

/// Added to every row: with rows a power of two apart, many would share one set of the first-level cache.
const ROW_GAP: usize = 16;

/// Rows of values, `stride` apart.
#[derive(Debug, Clone, Copy)]
pub struct StridedRows<'a> {
    /// The values, starting with the first row.
    pub values: &'a [f32],
    /// The distance from a row to the next, in values.
    pub stride: usize,
}

/// A matrix of rows x columns, row by row, with unused room at the end of each row.
#[derive(Debug)]
pub struct Matrix {
    values: AlignedValues,
    rows: usize,
    columns: usize,
}

impl Matrix {
    /// A matrix of no rows.
    #[must_use]
    pub fn with_columns(columns: usize) -> Self {
        Self { values: AlignedValues::default(), rows: 0, columns }
    }

    /// Changes the number of rows to `rows`; the values are arbitrary.
    pub fn reset_rows(&mut self, rows: usize) {
        self.rows = rows;
        self.values.reset_len(rows * self.stride());
    }

    /// The number of rows.
    #[must_use]
    pub const fn rows(&self) -> usize {
        self.rows
    }

    /// The number of columns.
    #[must_use]
    pub const fn columns(&self) -> usize {
        self.columns
    }

    /// The distance from a row to the next, in values.
    #[must_use]
    pub const fn stride(&self) -> usize {
        self.columns.next_multiple_of(COLUMN_STEP) + ROW_GAP
    }

    /// The values of the row at `index`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.stride()..][..self.columns]
    }

    /// Copies the row at `from` over the row at `to`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn copy_row(&mut self, from: usize, to: usize) {
        let start = from * self.stride();
        let target = to * self.stride();
        self.values.copy_within(start..start + self.columns, target);
    }

    /// Keeps the first `rows`.
    ///
    /// # Panics
    ///
    /// If there are fewer.
    pub fn truncate_rows(&mut self, rows: usize) {
        assert!(rows <= self.rows, "no more rows than there are");
        self.reset_rows(rows);
    }

    /// The rows from `index` on.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn from_row(&self, index: usize) -> StridedRows<'_> {
        StridedRows { values: &self.values[index * self.stride()..], stride: self.stride() }
    }

    /// The values of the row at `index`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row_mut(&mut self, index: usize) -> &mut [f32] {
        let stride = self.stride();
        &mut self.values[index * stride..][..self.columns]
    }

    /// All rows, [`Matrix::stride`] apart.
    #[must_use]
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// All rows, [`Matrix::stride`] apart.
    pub fn values_mut(&mut self) -> &mut [f32] {
        &mut self.values
    }
}

//! The matrix that a scan searches.

use crate::vectors::{Dimension, RowId, UnitVectors};

/// A borrowed matrix of float32 rows, one after another: rows x dimension.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a> {
    values: &'a [f32],
    dimension: Dimension,
}

impl<'a> Rows<'a> {
    /// The matrix of those `values`, row by row.
    ///
    /// # Panics
    ///
    /// If `values` is not a whole number of rows, or more of them than a [`RowId`] can
    /// tell apart.
    #[must_use]
    pub fn new(values: &'a [f32], dimension: Dimension) -> Self {
        assert!(values.len().is_multiple_of(dimension.get()), "a matrix holds whole rows");
        let rows = Self { values, dimension };
        assert!(u32::try_from(rows.len()).is_ok(), "rows are numbered with 32 bits");
        rows
    }

    /// The number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len() / self.dimension.get()
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The number of values of a row.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
    }

    /// All values, row by row.
    #[must_use]
    pub const fn values(&self) -> &'a [f32] {
        self.values
    }

    /// The values of one row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: RowId) -> &'a [f32] {
        let width = self.dimension.get();
        &self.values[row.0 as usize * width..][..width]
    }
}

impl<'a> From<&'a UnitVectors> for Rows<'a> {
    fn from(vectors: &'a UnitVectors) -> Self {
        Self::new(vectors.as_slice(), vectors.dimension())
    }
}

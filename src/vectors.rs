//! Unit vectors and the small types that name their rows and their width.

use std::num::NonZeroU32;

/// The number of components of a vector; at least 1 and at most [`Dimension::MAX`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Dimension(NonZeroU32);

impl Dimension {
    /// Far above any published embedding model, and low enough that a row's size in bytes cannot overflow.
    pub const MAX: u32 = 65_536;

    /// A dimension of `components`, or `None` where that is 0 or above [`Dimension::MAX`].
    #[must_use]
    pub fn new(components: usize) -> Option<Self> {
        let components = u32::try_from(components).ok()?;
        NonZeroU32::new(components).filter(|value| value.get() <= Self::MAX).map(Self)
    }

    /// The number of components.
    #[must_use]
    pub const fn get(self) -> usize {
        self.0.get() as usize
    }
}

impl std::fmt::Display for Dimension {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

/// The position of a vector in its matrix, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RowId(pub u32);

/// A row that has no direction: its length is zero, infinite or not a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a vector of length zero, or with infinite or undefined components, has no direction")]
pub struct NoDirection;

/// Scales `vector` to Euclidean length 1.
///
/// The length is accumulated in float64, in order, so that the result does not depend on the machine.
///
/// # Errors
///
/// [`NoDirection`] where the length is zero or not finite; `vector` is then unchanged.
pub fn normalize(vector: &mut [f32]) -> Result<(), NoDirection> {
    let squares: f64 = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    let length = squares.sqrt();
    if !length.is_finite() || length == 0.0 {
        return Err(NoDirection);
    }
    for value in vector {
        *value = (f64::from(*value) / length) as f32;
    }
    Ok(())
}

/// A matrix of float32 rows of Euclidean length 1: rows x dimension, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct UnitVectors {
    dimension: Dimension,
    values: Vec<f32>,
}

impl UnitVectors {
    /// A matrix of no rows.
    #[must_use]
    pub const fn new(dimension: Dimension) -> Self {
        Self { dimension, values: Vec::new() }
    }

    /// Appends `row`, scaled to length 1.
    ///
    /// # Errors
    ///
    /// [`NoDirection`] where `row` cannot be scaled; the matrix is then unchanged.
    ///
    /// # Panics
    ///
    /// If `row` is not of this matrix's dimension.
    pub fn push(&mut self, row: &[f32]) -> Result<(), NoDirection> {
        assert_eq!(row.len(), self.dimension.get(), "a row has the dimension of its matrix");
        let start = self.values.len();
        self.values.extend_from_slice(row);
        normalize(&mut self.values[start..]).inspect_err(|_| self.values.truncate(start))
    }

    /// Appends `row`, which has length 1 already, bit for bit.
    ///
    /// # Panics
    ///
    /// If `row` is not of this matrix's dimension.
    pub fn push_unit(&mut self, row: &[f32]) {
        assert_eq!(row.len(), self.dimension.get(), "a row has the dimension of its matrix");
        self.values.extend_from_slice(row);
    }

    /// Appends every row of `other`.
    ///
    /// # Panics
    ///
    /// If `other` is of another dimension.
    pub fn append(&mut self, other: &Self) {
        assert_eq!(other.dimension, self.dimension, "rows have the dimension of their matrix");
        self.values.extend_from_slice(&other.values);
    }

    /// The width of every row.
    #[must_use]
    pub const fn dimension(&self) -> Dimension {
        self.dimension
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

    /// All rows, one after another.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.values
    }

    /// The row at `index`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        let width = self.dimension.get();
        &self.values[index * width..(index + 1) * width]
    }

    /// The rows in order.
    #[must_use]
    pub fn rows(&self) -> impl ExactSizeIterator<Item = &[f32]> {
        self.values.chunks_exact(self.dimension.get())
    }
}

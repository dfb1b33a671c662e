//! Unit vectors, and small types for their rows and their dimension.

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

/// A vector without direction: its length is zero, infinite or NaN.
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
    let length = length(vector)?;
    divide(vector, length);
    Ok(())
}

/// The greatest deviation of the length of a unit vector from 1.
///
/// [`normalize`] rounds every component once, and so leaves a length within 2^-24 (6e-8) of 1. Other programs sum
/// the squares in float32, which at common dimensions costs a few more units in the last place (1.2e-7 each). Most rows of
/// float16 exceed it. The cosine of two vectors within it is off by little more than 2e-6.
pub const UNIT_TOLERANCE: f64 = 1e-6;

/// Scales `vector` to Euclidean length 1, unless its length is within [`UNIT_TOLERANCE`] of 1: then no bit changes, so that
/// vectors exported from an index and imported again are the same.
///
/// # Errors
///
/// As [`normalize`].
pub fn normalize_unless_unit(vector: &mut [f32]) -> Result<(), NoDirection> {
    let length = length(vector)?;
    if (length - 1.0).abs() > UNIT_TOLERANCE {
        divide(vector, length);
    }
    Ok(())
}

/// The Euclidean length of `vector`, which is neither zero nor infinite.
fn length(vector: &[f32]) -> Result<f64, NoDirection> {
    let squares: f64 = vector.iter().map(|&value| f64::from(value) * f64::from(value)).sum();
    let length = squares.sqrt();
    if length.is_finite() && length != 0.0 { Ok(length) } else { Err(NoDirection) }
}

fn divide(vector: &mut [f32], length: f64) {
    for value in vector {
        *value = (f64::from(*value) / length) as f32;
    }
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

    /// Appends `row`, scaled to length 1 unless it has that length already (see [`normalize_unless_unit`]).
    ///
    /// # Errors
    ///
    /// [`NoDirection`] where `row` cannot be scaled; the matrix is then unchanged.
    ///
    /// # Panics
    ///
    /// If `row` is not of this matrix's dimension.
    pub fn push_keeping_unit(&mut self, row: &[f32]) -> Result<(), NoDirection> {
        assert_eq!(row.len(), self.dimension.get(), "a row has the dimension of its matrix");
        let start = self.values.len();
        self.values.extend_from_slice(row);
        normalize_unless_unit(&mut self.values[start..]).inspect_err(|_| self.values.truncate(start))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_normalized_vector_is_a_unit_vector_and_keeps_its_bits(
            mut vector in proptest::collection::vec(proptest::num::f32::NORMAL, 1..500)
        ) {
            normalize(&mut vector).expect("normal numbers have a length");
            prop_assert!((length(&vector).expect("it has length 1") - 1.0).abs() <= UNIT_TOLERANCE / 4.0);
            let before = vector.clone();
            normalize_unless_unit(&mut vector).expect("it has length 1");
            prop_assert_eq!(vector, before);
        }

        #[test]
        fn a_vector_of_another_length_is_scaled(scale in prop_oneof![1e-30_f32..0.999, 1.001_f32..1e30]) {
            let mut vector = [0.6 * scale, -0.8 * scale];
            normalize_unless_unit(&mut vector).expect("it has a length");
            prop_assert!((vector[0] - 0.6).abs() < 1e-6 && (vector[1] + 0.8).abs() < 1e-6, "{:?}", vector);
        }
    }

    #[test]
    fn a_vector_without_direction_is_refused_and_unchanged() {
        for bad in [[0.0, 0.0], [1.0, f32::INFINITY], [f32::NAN, 1.0]] {
            let mut vector = bad;
            assert_eq!(normalize_unless_unit(&mut vector), Err(NoDirection));
            assert_eq!(vector.map(f32::to_bits), bad.map(f32::to_bits));
            let mut rows = UnitVectors::new(Dimension::new(2).expect("2 is a dimension"));
            assert_eq!(rows.push_keeping_unit(&bad), Err(NoDirection));
            assert!(rows.is_empty());
        }
    }
}

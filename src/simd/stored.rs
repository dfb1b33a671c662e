//! Matrices in the bytes of a model file.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use half::f16;

use super::instruction_set::InstructionSet;
use super::vector::{Operation, Simd};

/// Bytes that do not move while a model uses them: a mapped file, a buffer, or a part of the binary.
pub type Bytes = Arc<dyn AsRef<[u8]> + Send + Sync>;

/// The little-endian number format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Element {
    /// IEEE 754 binary16, two bytes.
    Float16,
    /// IEEE 754 binary32, four bytes.
    Float32,
}

impl Element {
    /// The bytes of one number.
    #[must_use]
    pub const fn bytes(self) -> usize {
        match self {
            Self::Float16 => 2,
            Self::Float32 => 4,
        }
    }

    /// The number in `bytes`.
    fn read(self, bytes: &[u8]) -> f32 {
        match (self, bytes) {
            (Self::Float16, &[a, b]) => f16::from_le_bytes([a, b]).to_f32(),
            (Self::Float32, &[a, b, c, d]) => f32::from_le_bytes([a, b, c, d]),
            _ => unreachable!("the bytes of one number"),
        }
    }
}

/// A matrix of rows x columns in the bytes of a file, row by row, at any alignment.
#[derive(Clone)]
pub struct StoredMatrix {
    bytes: Bytes,
    start: usize,
    element: Element,
    rows: usize,
    columns: usize,
}

impl StoredMatrix {
    /// The matrix of `rows` x `columns` in `range` of `bytes`, or `None` where the range is not of that size.
    #[must_use]
    pub fn new(
        bytes: Bytes,
        range: Range<usize>,
        element: Element,
        [rows, columns]: [usize; 2],
    ) -> Option<Self> {
        let size = rows.checked_mul(columns)?.checked_mul(element.bytes())?;
        let found = (*bytes).as_ref().get(range.clone())?;
        (found.len() == size).then_some(Self { start: range.start, bytes, element, rows, columns })
    }

    /// One row of zeros.
    #[must_use]
    pub fn zeros(columns: usize) -> Self {
        let bytes = vec![0_u8; columns * Element::Float32.bytes()];
        Self { bytes: Arc::new(bytes), start: 0, element: Element::Float32, rows: 1, columns }
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

    /// The number format.
    #[must_use]
    pub const fn element(&self) -> Element {
        self.element
    }

    /// The bytes of the row at `index`.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row_bytes(&self, index: usize) -> &[u8] {
        assert!(index < self.rows, "a row of the matrix");
        let size = self.columns * self.element.bytes();
        &(*self.bytes).as_ref()[self.start + index * size..][..size]
    }

    /// The row at `index` as float32, exactly.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    pub fn row(&self, index: usize) -> impl Iterator<Item = f32> {
        let element = self.element;
        self.row_bytes(index).chunks_exact(element.bytes()).map(move |bytes| element.read(bytes))
    }
}

/// Adds the row at `index` of `matrix` to `target`.
///
/// # Panics
///
/// If there is no such row, or `target` is not as long as it.
pub fn add_row(set: InstructionSet, matrix: &StoredMatrix, index: usize, target: &mut [f32]) {
    assert_eq!(target.len(), matrix.columns(), "one value per column");
    set.run(AddRow { bytes: matrix.row_bytes(index), element: matrix.element(), target });
}

struct AddRow<'a> {
    bytes: &'a [u8],
    element: Element,
    target: &'a mut [f32],
}

impl Operation for AddRow<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let size = self.element.bytes();
        let mut bytes = self.bytes.chunks_exact(size * S::LANES);
        let mut targets = self.target.chunks_exact_mut(S::LANES);
        for (bytes, target) in (&mut bytes).zip(&mut targets) {
            let values = match self.element {
                Element::Float16 => simd.widen(bytes),
                Element::Float32 => simd.load_bytes(bytes),
            };
            simd.store(simd.add(simd.load(target), values), target);
        }
        for (bytes, target) in bytes.remainder().chunks_exact(size).zip(targets.into_remainder()) {
            *target += self.element.read(bytes);
        }
    }
}

impl fmt::Debug for StoredMatrix {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "StoredMatrix({} x {} {:?} at {})",
            self.rows, self.columns, self.element, self.start
        )
    }
}

//! An output that several threads write.

use std::marker::PhantomData;

use super::tile::Target;
use crate::simd::matrix::Matrix;

/// An output whose columns several threads may write, each thread its own.
pub(crate) struct OutputPointer<'a> {
    values: *mut f32,
    len: usize,
    stride: usize,
    borrow: PhantomData<&'a mut Matrix>,
}

// SAFETY: the pointer is used through `OutputPointer::tile` only, for the columns of one panel; `for_each_step` gives
// every panel to one thread.
#[expect(unsafe_code, reason = "threads write different columns of one matrix")]
unsafe impl Sync for OutputPointer<'_> {}

impl<'a> OutputPointer<'a> {
    pub(crate) fn new(output: &'a mut Matrix) -> Self {
        let stride = output.stride();
        let values = output.values_mut();
        Self { values: values.as_mut_ptr(), len: values.len(), stride, borrow: PhantomData }
    }

    /// The tile of `rows` rows from `row` on and `width` columns from `column` on, which may go beyond the last into the
    /// room at the end of a row.
    ///
    /// # Panics
    ///
    /// If the output has no such tile.
    #[expect(unsafe_code, reason = "a pointer into the output")]
    pub(crate) fn tile(&self, row: usize, rows: usize, column: usize, width: usize) -> Target {
        let stride = self.stride;
        assert!(column + width <= stride && (row + rows) * stride <= self.len, "a tile of the output");
        // SAFETY: the assertion above.
        Target { values: unsafe { self.values.add(row * stride + column) }, stride }
    }
}

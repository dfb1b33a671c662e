//! The innermost product: a few rows times a panel two vectors wide, all sums in registers.

use crate::simd::activation::Activation;
use crate::simd::vector::{Simd, Tile};

/// The vectors that an activation function takes together.
const TOGETHER: usize = 4;

/// The destination of the sums of a tile.
///
/// A trait instead of a closure: its methods can be `#[inline(always)]`, as all code on vectors must be.
pub(crate) trait Finish<S: Simd> {
    /// Takes the sums of one vector of one row of the tile.
    ///
    /// # Safety
    ///
    /// The tile's target has that row and vector.
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn finish(&self, simd: S, row: usize, vector: usize, sums: S::Vector);
}

/// The memory that the sums of a tile are written to.
#[derive(Clone, Copy)]
pub(crate) struct Target {
    /// The first row.
    pub values: *mut f32,
    /// The distance from a row to the next, in values.
    pub stride: usize,
}

impl Target {
    /// # Safety
    ///
    /// The target has that row and vector.
    #[inline(always)]
    #[expect(unsafe_code, reason = "a pointer into the target")]
    pub(crate) unsafe fn at<S: Simd>(self, row: usize, vector: usize) -> *mut f32 {
        // SAFETY: the caller's promise.
        unsafe { self.values.add(row * self.stride + vector * S::LANES) }
    }

    /// Applies `activation` to every value, in a separate pass: the constants of the function stay in registers.
    ///
    /// # Safety
    ///
    /// The target has this many rows of this many vectors.
    #[inline(always)]
    #[expect(unsafe_code, reason = "reads and writes through a pointer")]
    pub(crate) unsafe fn activate<S: Simd>(
        self,
        simd: S,
        rows: usize,
        vectors: usize,
        activation: Activation,
    ) {
        let (count, mut first) = (rows * vectors, 0);
        while first + TOGETHER <= count {
            // SAFETY: the caller's promise.
            unsafe { self.activate_each::<S, TOGETHER>(simd, vectors, first, activation) }
            first += TOGETHER;
        }
        for first in first..count {
            // SAFETY: the caller's promise.
            unsafe { self.activate_each::<S, 1>(simd, vectors, first, activation) }
        }
    }

    /// # Safety
    ///
    /// The target has `N` vectors from `first` on, counted row by row.
    #[inline(always)]
    #[expect(unsafe_code, reason = "reads and writes through a pointer")]
    unsafe fn activate_each<S: Simd, const N: usize>(
        self,
        simd: S,
        vectors: usize,
        first: usize,
        activation: Activation,
    ) {
        let mut values = [simd.splat(0.0); N];
        for (index, value) in values.iter_mut().enumerate() {
            let (row, vector) = ((first + index) / vectors, (first + index) % vectors);
            // SAFETY: the caller's promise.
            *value = unsafe { simd.load_from(self.at::<S>(row, vector)) };
        }
        for (index, value) in activation.apply_each(simd, values).into_iter().enumerate() {
            let (row, vector) = ((first + index) / vectors, (first + index) % vectors);
            // SAFETY: the caller's promise.
            unsafe { simd.store_to(value, self.at::<S>(row, vector)) }
        }
    }
}

/// Writes the sums unchanged.
impl<S: Simd> Finish<S> for Target {
    #[inline(always)]
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn finish(&self, simd: S, row: usize, vector: usize, sums: S::Vector) {
        // SAFETY: the caller's promise.
        unsafe { simd.store_to(sums, self.at::<S>(row, vector)) }
    }
}

impl Tile {
    /// Computes the sums of `rows` rows of `VECTORS` vectors and hands them to `finish`.
    ///
    /// # Safety
    ///
    /// `rows` is 1 to [`Simd::TILE_ROWS`], and the target of `finish` has them; else as of [`Simd::tile_sums`].
    #[inline(always)]
    #[expect(unsafe_code, reason = "reads through pointers")]
    pub(crate) unsafe fn multiply<S: Simd, const VECTORS: usize>(
        self,
        simd: S,
        rows: usize,
        finish: &impl Finish<S>,
    ) {
        macro_rules! by_rows {
            ($($count:literal)*) => {
                match rows {
                    $($count if $count <= S::TILE_ROWS => {
                        // SAFETY: the caller's promise for so many rows.
                        let sums = unsafe { simd.tile_sums::<$count, VECTORS>(self) };
                        for row in 0..$count {
                            for vector in 0..VECTORS {
                                // SAFETY: as above.
                                unsafe { finish.finish(simd, row, vector, sums[row][vector]) }
                            }
                        }
                    })*
                    _ => unreachable!("more rows than a tile has"),
                }
            };
        }
        by_rows!(1 2 3 4 5 6 7 8 9 10 11 12 13 14);
    }
}

/// Cuts `rows` into the fewest tiles of at most `most` rows, all nearly equal: `(first row, rows)` of each.
///
/// A tile of few rows costs nearly as much as a full one, so a short one at the end would be wasted.
pub(crate) fn tiles(rows: usize, most: usize) -> impl Iterator<Item = (usize, usize)> {
    let count = rows.div_ceil(most);
    (0..count).map(move |index| {
        let (start, end) = (index * rows / count, (index + 1) * rows / count);
        (start, end - start)
    })
}

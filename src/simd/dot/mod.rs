//! Dot products of float32 vectors, one at a time, one query by many rows, and many queries by many rows.
//!
//! Each instruction set supplies one function, `tile`, which multiplies a few rows with a few queries so that
//! every value loaded is used several times and the additions of one pair do not wait for one another. What is
//! here walks the matrices in tiles, and is compiled once per instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

use super::picked::Picked;
use super::{Instructions, Kernel};

/// The number of partial sums that a dot product is made of, on every instruction set.
const LANES: usize = 16;

/// The float32 values of rows that a tile walk multiplies with all queries before it goes on: 32 KiB, so
/// that they are read from memory once and from the first-level cache afterwards.
const CACHED_VALUES: usize = 8 * 1024;

impl Kernel {
    /// The dot product of two vectors, in float32.
    ///
    /// Lane `j` of sixteen sums the products of the components `j`, `j + 16`, `j + 32` and so on, in order, each
    /// with one fused multiply-add that starts from zero; vectors whose length is no multiple of 16 count as
    /// padded with zeros. Then lane `j` takes in lane `j + 8`, then `j + 4`, `j + 2` and `j + 1`, and lane 0 is
    /// the result. Every kernel follows this order to the bit (but for the payload of a NaN), and so do
    /// [`Kernel::dots`] and [`Kernel::dots_many`]: a row's score says nothing about how it was computed.
    ///
    /// For vectors of `n` components and without overflow, the result differs from the exact one by no more
    /// than `(n.div_ceil(16) + 6) * 2^-24` times the sum of the absolute products, plus `n * 2^-149`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    #[must_use]
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "the factors of a dot product have the same length");
        let mut score = [0.0];
        self.multiply(Factors { queries: Vectors::one(a), rows: Vectors::one(b) }, &mut score);
        score[0]
    }

    /// The dot product of `query` with each of `rows`, which lie one after another: as many rows as `scores`
    /// has places, each as long as `query`. The scores are those of [`Kernel::dot`], bit for bit.
    ///
    /// # Panics
    ///
    /// If `rows` is not as long as that.
    pub fn dots(self, query: &[f32], rows: &[f32], scores: &mut [f32]) {
        assert_eq!(rows.len(), scores.len() * query.len(), "one score for each row as long as the query");
        let rows = Vectors { values: rows, width: query.len(), picked: Picked::First(scores.len()) };
        self.multiply(Factors { queries: Vectors::one(query), rows }, scores);
    }

    /// The dot product of each of `queries` with each of `rows`. The score of query `q` and row `r` goes to
    /// `scores[q * rows.len() + r]`, and is that of [`Kernel::dot`], bit for bit.
    ///
    /// # Panics
    ///
    /// If the widths differ, or there is not one score for each pair.
    pub fn dots_many(self, queries: Vectors<'_>, rows: Vectors<'_>, scores: &mut [f32]) {
        assert_eq!(queries.width, rows.width, "queries have the width of the rows");
        assert_eq!(scores.len(), queries.len() * rows.len(), "one score for each pair of query and row");
        self.multiply(Factors { queries, rows }, scores);
    }

    #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
    fn multiply(self, factors: Factors<'_>, scores: &mut [f32]) {
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F was detected.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => unsafe { avx512::multiply(factors, scores) },
            // SAFETY: `Instructions::Avx2` is made only after AVX2 and FMA were detected.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => unsafe { avx2::multiply(factors, scores) },
            // SAFETY: `Instructions::Neon` is made only after NEON was detected.
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => unsafe { neon::multiply(factors, scores) },
            Instructions::Scalar => scalar::multiply(factors, scores),
        }
    }
}

/// Vectors of the same width out of a matrix: all of them, or those of some numbers.
#[derive(Debug, Clone, Copy)]
pub struct Vectors<'a> {
    values: &'a [f32],
    width: usize,
    picked: Picked<'a>,
}

impl<'a> Vectors<'a> {
    /// All vectors of a matrix, `width` values each, one after another.
    ///
    /// # Panics
    ///
    /// If `width` is 0, or `values` is not a whole number of vectors.
    #[must_use]
    pub fn new(values: &'a [f32], width: usize) -> Self {
        assert!(width > 0 && values.len().is_multiple_of(width), "a matrix holds whole vectors");
        Self { values, width, picked: Picked::First(values.len() / width) }
    }

    /// The vectors of those numbers, counted from 0, in that order. A number without a vector panics when the
    /// vector is needed.
    #[must_use]
    pub const fn at(self, numbers: &'a [u32]) -> Self {
        Self { picked: Picked::At(numbers), ..self }
    }

    /// The number of vectors.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.picked.len()
    }

    /// Whether there are no vectors.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn one(values: &'a [f32]) -> Self {
        Self { values, width: values.len(), picked: Picked::First(1) }
    }

    /// `N` vectors from `start` on; the last one again where there are fewer.
    #[inline]
    fn tile<const N: usize>(self, start: usize) -> [&'a [f32]; N] {
        self.picked.tile(start).map(|number| &self.values[number * self.width..][..self.width])
    }
}

/// Vectors of the same width that are multiplied, all with all.
#[derive(Clone, Copy)]
struct Factors<'a> {
    queries: Vectors<'a>,
    rows: Vectors<'a>,
}

impl Factors<'_> {
    /// Fills `scores`, as [`Kernel::dots_many`] lays them out, tile by tile.
    ///
    /// At the edges a tile repeats a vector, which costs less than the waiting for one product's additions.
    #[inline]
    fn multiply_in_tiles<const QUERIES: usize, const ROWS: usize>(
        self,
        scores: &mut [f32],
        tile: impl Fn([&[f32]; QUERIES], [&[f32]; ROWS]) -> [[f32; ROWS]; QUERIES],
    ) {
        let Self { queries, rows } = self;
        let block = (CACHED_VALUES / rows.width.max(1)).next_multiple_of(ROWS).max(ROWS);
        for start in (0..rows.len()).step_by(block) {
            let end = rows.len().min(start + block);
            for query in (0..queries.len()).step_by(QUERIES) {
                let query_tile = queries.tile(query);
                for row in (start..end).step_by(ROWS) {
                    let products = tile(query_tile, rows.tile(row));
                    for (query, products) in (query..queries.len()).zip(products) {
                        let count = ROWS.min(end - row);
                        scores[query * rows.len() + row..][..count].copy_from_slice(&products[..count]);
                    }
                }
            }
        }
    }
}

/// Sixteen components, one for each lane.
type Block = [f32; LANES];

/// The components of `vector` in blocks, but for a rest that does not fill one.
#[inline]
fn whole_blocks(vector: &[f32]) -> &[Block] {
    vector.as_chunks().0
}

/// The components of `vector` that do not fill a block, padded with zeros.
#[inline]
fn padded_rest(vector: &[f32]) -> [Block; 1] {
    let rest = vector.as_chunks::<LANES>().1;
    let mut padded = [0.0; LANES];
    padded[..rest.len()].copy_from_slice(rest);
    [padded]
}

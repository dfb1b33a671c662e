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
    /// than `(n.div_ceil(16) + 5) * 2^-24` times the sum of the absolute products, plus `n * 2^-149`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    #[must_use]
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "the factors of a dot product have the same length");
        let mut score = [0.0];
        self.multiply(Factors { queries: Matrix::row(a), rows: Matrix::row(b) }, &mut score);
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
        let rows = Matrix { values: rows, count: scores.len(), width: query.len() };
        self.multiply(Factors { queries: Matrix::row(query), rows }, scores);
    }

    /// The dot product of each of `queries` with each of `rows`, all `width` long and one after another. The
    /// score of query `q` and row `r` goes to `scores[q * row_count + r]`, and is that of [`Kernel::dot`], bit
    /// for bit.
    ///
    /// # Panics
    ///
    /// If `width` is 0, if `queries` or `rows` is no multiple of it, or if `scores` has not one place for each
    /// pair.
    pub fn dots_many(self, queries: &[f32], rows: &[f32], width: usize, scores: &mut [f32]) {
        let factors = Factors { queries: Matrix::new(queries, width), rows: Matrix::new(rows, width) };
        let pairs = factors.queries.count * factors.rows.count;
        assert_eq!(scores.len(), pairs, "one score for each pair of query and row");
        self.multiply(factors, scores);
    }

    #[expect(
        unsafe_code,
        reason = "functions of an instruction set are called after the CPU was asked for it"
    )]
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

/// Vectors of the same length, one after another.
#[derive(Clone, Copy)]
struct Matrix<'a> {
    values: &'a [f32],
    count: usize,
    width: usize,
}

impl<'a> Matrix<'a> {
    fn new(values: &'a [f32], width: usize) -> Self {
        assert!(width > 0 && values.len().is_multiple_of(width), "a matrix holds whole vectors");
        Self { values, count: values.len() / width, width }
    }

    fn row(values: &'a [f32]) -> Self {
        Self { values, count: 1, width: values.len() }
    }

    /// `N` vectors from `start` on; the last one again where there are fewer.
    fn tile<const N: usize>(self, start: usize) -> [&'a [f32]; N] {
        std::array::from_fn(|offset| {
            let index = (start + offset).min(self.count - 1);
            &self.values[index * self.width..][..self.width]
        })
    }
}

/// Two matrices of the same width, whose vectors are multiplied with one another.
#[derive(Clone, Copy)]
struct Factors<'a> {
    queries: Matrix<'a>,
    rows: Matrix<'a>,
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
        for start in (0..rows.count).step_by(block) {
            let end = rows.count.min(start + block);
            for query in (0..queries.count).step_by(QUERIES) {
                let query_tile = queries.tile(query);
                for row in (start..end).step_by(ROWS) {
                    let products = tile(query_tile, rows.tile(row));
                    for (query, products) in (query..queries.count).zip(products) {
                        let count = ROWS.min(end - row);
                        scores[query * rows.count + row..][..count].copy_from_slice(&products[..count]);
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

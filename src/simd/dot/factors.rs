//! The vectors of a product and the walk over them in tiles.

use crate::simd::picked::Picked;

/// The number of partial sums that a dot product is made of, on every instruction set.
pub(super) const LANES: usize = 16;

/// The float32 values of rows that a tile walk multiplies with all queries before it continues: 32 KiB, so that they
/// are read from memory once and from the first-level cache afterwards.
const CACHED_VALUES: usize = 8 * 1024;

/// Vectors of the same width from a matrix: all of them, or those with given numbers.
#[derive(Debug, Clone, Copy)]
pub struct Vectors<'a> {
    values: &'a [f32],
    pub(super) width: usize,
    picked: Picked<'a>,
}

impl<'a> Vectors<'a> {
    /// `count` vectors of `width` values each, one after another. Vectors may have no components.
    pub(super) const fn first(values: &'a [f32], width: usize, count: usize) -> Self {
        Self { values, width, picked: Picked::First(count) }
    }

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
    /// vector is read.
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

    pub(super) fn one(values: &'a [f32]) -> Self {
        Self { values, width: values.len(), picked: Picked::First(1) }
    }

    /// `N` vectors from `start` on; if there are fewer, the last one is repeated.
    #[inline]
    fn tile<const N: usize>(self, start: usize) -> [&'a [f32]; N] {
        self.picked.tile(start).map(|number| &self.values[number * self.width..][..self.width])
    }
}

/// Vectors of the same width that are multiplied, all with all.
#[derive(Clone, Copy)]
pub(super) struct Factors<'a> {
    pub queries: Vectors<'a>,
    pub rows: Vectors<'a>,
}

impl Factors<'_> {
    /// Fills `scores`, as [`InstructionSet::dots_many`](crate::simd::InstructionSet::dots_many) lays them out, tile by
    /// tile.
    ///
    /// At the edges a tile repeats a vector, which costs less than waiting for one product's additions.
    #[inline]
    pub(super) fn multiply_in_tiles<const QUERIES: usize, const ROWS: usize>(
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
pub(super) type Block = [f32; LANES];

/// The components of `vector` in blocks, without the rest that does not fill a block.
#[inline]
pub(super) fn whole_blocks(vector: &[f32]) -> &[Block] {
    vector.as_chunks().0
}

/// The components of `vector` that do not fill a block, padded with zeros.
#[inline]
pub(super) fn padded_rest(vector: &[f32]) -> [Block; 1] {
    let rest = vector.as_chunks::<LANES>().1;
    let mut padded = [0.0; LANES];
    padded[..rest.len()].copy_from_slice(rest);
    [padded]
}

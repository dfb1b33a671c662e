//! Scaled dot-product attention (Vaswani et al., arXiv 1706.03762), one sequence at a time.

use std::f32::consts::LOG2_E;

use super::aligned::with_scratch;
use super::instruction_set::InstructionSet;
use super::matrix::Rows;
use super::product::{Finish, Target, tiles};
use super::transcendental::exp2;
use super::vector::{MOST_ROWS, Operation, Simd, Tile, WIDEST};

/// The vectors across a panel of keys.
const PANEL_VECTORS: usize = 2;

/// The heads of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// How many.
    pub count: usize,
    /// The width of each.
    pub dimension: usize,
}

/// Attention of some queries to all tokens of one sequence.
#[derive(Debug)]
pub struct Attention<'a> {
    /// The queries, one row each, all heads side by side.
    pub queries: Rows<'a>,
    /// The keys, one row for each token.
    pub keys: Rows<'a>,
    /// The values, one row for each token.
    pub values: Rows<'a>,
    /// The number of tokens.
    pub tokens: usize,
    /// The heads.
    pub heads: Heads,
}

impl Attention<'_> {
    /// Writes the heads' outputs, one row of `output` for each query, rows `stride` apart.
    ///
    /// Each row needs room for one vector beyond the last head.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub fn apply(self, set: InstructionSet, output: &mut [f32], stride: usize) {
        let room = Room::of(&self, set);
        with_scratch(room.total(), |scratch| {
            set.run(Attend { attention: self, output, stride, room, scratch })
        });
    }
}

struct Attend<'a> {
    attention: Attention<'a>,
    output: &'a mut [f32],
    stride: usize,
    room: Room,
    scratch: &'a mut [f32],
}

/// The scratch memory of one head, in values.
#[derive(Clone, Copy)]
struct Room {
    keys: usize,
    values: usize,
    scores: usize,
    score_stride: usize,
}

impl Room {
    fn of(attention: &Attention<'_>, set: InstructionSet) -> Self {
        let Attention { tokens, heads, .. } = *attention;
        let padded = tokens.next_multiple_of(PANEL_VECTORS * set.lanes());
        let score_stride = padded + WIDEST;
        Self {
            keys: padded * heads.dimension,
            values: tokens * heads.dimension.next_multiple_of(set.lanes()),
            scores: MOST_ROWS * score_stride,
            score_stride,
        }
    }

    const fn total(self) -> usize {
        self.keys + self.values + self.scores
    }
}

/// One head's matrices in scratch memory.
struct Head<'a> {
    /// Panels of keys: for each panel, head dimension x two vectors of keys.
    keys: &'a [f32],
    /// Tokens x head dimension in whole vectors.
    values: &'a [f32],
}

impl Operation for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Room { keys, values, score_stride, .. } = self.room;
        let (keys, rest) = self.scratch.split_at_mut(keys);
        let (values, scores) = rest.split_at_mut(values);
        let rows = self.output.len() / self.stride;
        for head in 0..self.attention.heads.count {
            self.attention.gather_keys(simd, head, keys);
            self.attention.gather_values(simd, head, values);
            for (row, rows) in tiles(rows, S::TILE_ROWS) {
                let output = &mut self.output[row * self.stride..(row + rows) * self.stride];
                let block = Block { head, row, rows, score_stride, matrices: Head { keys, values } };
                self.attention.attend_block(simd, &block, scores, output);
            }
        }
    }
}

/// A few queries of one head.
struct Block<'a> {
    head: usize,
    row: usize,
    rows: usize,
    score_stride: usize,
    matrices: Head<'a>,
}

impl Attention<'_> {
    /// Transposes the keys of `head` into panels, zeros beyond the last token.
    #[inline(always)]
    fn gather_keys<S: Simd>(&self, simd: S, head: usize, target: &mut [f32]) {
        let width = PANEL_VECTORS * S::LANES;
        let dimension = self.heads.dimension;
        for (panel, target) in target.chunks_exact_mut(width * dimension).enumerate() {
            for vector in 0..PANEL_VECTORS {
                let first = panel * width + vector * S::LANES;
                for start in (0..dimension).step_by(S::LANES) {
                    let columns = (dimension - start).min(S::LANES);
                    let row = |lane: usize| {
                        let token = first + lane;
                        if token >= self.tokens {
                            return simd.splat(0.0);
                        }
                        let from = &self.keys.values[token * self.keys.stride + head * dimension + start..];
                        if columns == S::LANES {
                            simd.load(from)
                        } else {
                            simd.load_partial(&from[..columns], 0.0)
                        }
                    };
                    simd.transpose(row, &mut target[start * width + vector * S::LANES..], width, columns);
                }
            }
        }
    }

    /// Copies the values of `head`, zeros to whole vectors.
    #[inline(always)]
    fn gather_values<S: Simd>(&self, simd: S, head: usize, target: &mut [f32]) {
        let dimension = self.heads.dimension;
        for (token, target) in target.chunks_exact_mut(dimension.next_multiple_of(S::LANES)).enumerate() {
            let from = &self.values.values[token * self.values.stride + head * dimension..][..dimension];
            for (from, target) in from.chunks(S::LANES).zip(target.chunks_exact_mut(S::LANES)) {
                let values =
                    if from.len() == S::LANES { simd.load(from) } else { simd.load_partial(from, 0.0) };
                simd.store(values, target);
            }
        }
    }

    /// Scores, softmax and weighted values of a few queries; the scores never leave the cache.
    #[inline(always)]
    #[expect(unsafe_code, reason = "tiles read and write through pointers")]
    fn attend_block<S: Simd>(&self, simd: S, block: &Block<'_>, scores: &mut [f32], output: &mut [f32]) {
        let Heads { dimension, .. } = self.heads;
        let width = PANEL_VECTORS * S::LANES;
        let rows = block.rows;
        let score_stride = block.score_stride;
        let queries = &self.queries.values[block.row * self.queries.stride + block.head * dimension..];
        assert!(queries.len() >= (rows - 1) * self.queries.stride + dimension, "a row for each query");
        assert!(scores.len() >= rows * score_stride, "room for the scores");
        for (panel, keys) in block.matrices.keys.chunks_exact(width * dimension).enumerate() {
            let tile = Tile {
                left: queries.as_ptr(),
                left_stride: self.queries.stride,
                right: keys.as_ptr(),
                right_stride: width,
                depth: dimension,
            };
            let target = Target { values: scores[panel * width..].as_mut_ptr(), stride: score_stride };
            // SAFETY: the checks above; a panel is `dimension` rows of `width` keys.
            unsafe {
                if self.tokens - panel * width > S::LANES {
                    tile.multiply::<S, 2>(simd, rows, &target);
                } else {
                    tile.multiply::<S, 1>(simd, rows, &target);
                }
            }
        }
        let scale = LOG2_E / (dimension as f32).sqrt();
        let mut inverse = [0.0; MOST_ROWS];
        for (row, inverse) in scores.chunks_exact_mut(score_stride).take(rows).zip(&mut inverse) {
            *inverse = 1.0 / exponentials(simd, row, self.tokens, scale);
        }
        let padded = dimension.next_multiple_of(S::LANES);
        let column = block.head * dimension;
        assert!(column + padded <= self.stride_of(output, rows), "room for the last head");
        let output_stride = output.len() / rows;
        for first in (0..padded).step_by(width) {
            let tile = Tile {
                left: scores.as_ptr(),
                left_stride: score_stride,
                right: block.matrices.values[first..].as_ptr(),
                right_stride: padded,
                depth: self.tokens,
            };
            let target = Target { values: output[column + first..].as_mut_ptr(), stride: output_stride };
            let finish = Scaled { target, scales: &inverse };
            // SAFETY: the checks above; the values are `tokens` rows of `padded`.
            unsafe {
                if padded - first > S::LANES {
                    tile.multiply::<S, 2>(simd, rows, &finish);
                } else {
                    tile.multiply::<S, 1>(simd, rows, &finish);
                }
            }
        }
    }

    #[inline(always)]
    fn stride_of(&self, output: &[f32], rows: usize) -> usize {
        output.len() / rows
    }
}

/// Writes the sums, each row times its scale.
struct Scaled<'a> {
    target: Target,
    scales: &'a [f32; MOST_ROWS],
}

impl<S: Simd> Finish<S> for Scaled<'_> {
    #[inline(always)]
    #[expect(unsafe_code, reason = "writes through a pointer")]
    unsafe fn finish(&self, simd: S, row: usize, vector: usize, sums: S::Vector) {
        let scaled = simd.multiply(sums, simd.splat(self.scales[row]));
        // SAFETY: the caller's promise.
        unsafe { simd.store_to(scaled, self.target.at::<S>(row, vector)) }
    }
}

/// Replaces the first `tokens` scores by `2^(scale (score - greatest))` and returns their sum.
#[inline(always)]
fn exponentials<S: Simd>(simd: S, row: &mut [f32], tokens: usize, scale: f32) -> f32 {
    let padded = tokens.next_multiple_of(S::LANES);
    row[tokens..padded].fill(f32::NEG_INFINITY);
    let row = &mut row[..padded];
    let mut greatest = simd.splat(f32::NEG_INFINITY);
    for values in row.chunks_exact(S::LANES) {
        greatest = simd.maximum(greatest, simd.load(values));
    }
    let offset = simd.splat(-scale * simd.greatest_lane(greatest));
    let scale = simd.splat(scale);
    let mut sums = simd.splat(0.0);
    for values in row.chunks_exact_mut(S::LANES) {
        let power = exp2(simd, simd.multiply_add(simd.load(values), scale, offset));
        sums = simd.add(sums, power);
        simd.store(power, values);
    }
    simd.sum_of_lanes(sums)
}

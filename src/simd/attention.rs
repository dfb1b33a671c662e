//! Scaled dot-product attention (Vaswani et al., arXiv 1706.03762), one sequence at a time.

use std::f32::consts::LOG2_E;

use super::aligned::with_scratch;
use super::instruction_set::InstructionSet;
use super::matrix::StridedRows;
use super::product::{Finish, Target, tiles};
use super::transcendental::exp2;
use super::vector::{MOST_ROWS, Operation, Simd, Tile, WIDEST};

/// The vectors across a panel of keys.
const PANEL_VECTORS: usize = 2;

/// The heads of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heads {
    /// The number of heads.
    pub count: usize,
    /// The width of each head.
    pub dimension: usize,
}

/// Attention of some queries to all tokens of one sequence.
#[derive(Debug, Clone, Copy)]
pub struct Attention<'a> {
    /// The queries, one row each, all heads side by side.
    pub queries: StridedRows<'a>,
    /// The keys, one row for each token.
    pub keys: StridedRows<'a>,
    /// The values, one row for each token.
    pub values: StridedRows<'a>,
    /// The number of tokens.
    pub tokens: usize,
    /// The heads.
    pub heads: Heads,
    /// The addends of the products of queries and keys, if any.
    pub bias: Option<DistanceBias<'a>>,
}

/// Addends of the product of a query and a key, by the distance between them.
#[derive(Debug, Clone, Copy)]
pub struct DistanceBias<'a> {
    /// For each head, `2 reach - 1` addends: from that of the farthest key before a query to that of the farthest key
    /// after it.
    pub addends: &'a [f32],
    /// The most tokens of a sequence.
    pub reach: usize,
    /// The position in the sequence of the first query.
    pub first_position: usize,
}

impl DistanceBias<'_> {
    /// The addends of `tokens` keys for the query at `position`.
    fn of(&self, head: usize, position: usize, tokens: usize) -> &[f32] {
        let zero_distance = head * (2 * self.reach - 1) + self.reach - 1;
        &self.addends[zero_distance - position..][..tokens]
    }
}

impl Attention<'_> {
    /// Writes the heads' outputs, one row of `output` for each query, rows `stride` apart.
    ///
    /// Each row needs room for a vector beyond the last head.
    ///
    /// # Panics
    ///
    /// If a slice is too short.
    pub fn apply(self, set: InstructionSet, output: &mut [f32], stride: usize) {
        let room = Room::of(&self, set);
        let attend = |scratch: &mut [f32]| set.run(Attend { attention: self, output, stride, room, scratch });
        with_scratch(room.keys + room.values + room.scores, attend);
    }
}

/// The scratch memory of one head, in values.
#[derive(Debug, Clone, Copy)]
struct Room {
    /// Panels of keys: for each panel, head dimension x two vectors of keys.
    keys: usize,
    /// Tokens x head dimension in whole vectors.
    values: usize,
    /// Rows of a tile x tokens in whole panels.
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
}

struct Attend<'a> {
    attention: Attention<'a>,
    output: &'a mut [f32],
    stride: usize,
    room: Room,
    scratch: &'a mut [f32],
}

impl Operation for Attend<'_> {
    type Output = ();

    #[inline(always)]
    fn run<S: Simd>(self, simd: S) {
        let Self { attention, output, stride, room, scratch } = self;
        let (keys, rest) = scratch.split_at_mut(room.keys);
        let (values, scores) = rest.split_at_mut(room.values);
        for head in 0..attention.heads.count {
            attention.gather_keys(simd, head, keys);
            attention.gather_values(simd, head, values);
            for (first, rows) in tiles(output.len() / stride, S::TILE_ROWS) {
                let block = Block { head, first, rows, score_stride: room.score_stride };
                attention.score(simd, block, keys, scores);
                attention.add_bias(simd, block, scores);
                let scales = attention.soften(simd, block, scores);
                let output = &mut output[first * stride..(first + rows) * stride];
                attention.weigh(simd, block, values, scores, &mut Output { rows: output, stride, scales });
            }
        }
    }
}

/// A few queries of one head.
#[derive(Clone, Copy)]
struct Block {
    head: usize,
    first: usize,
    rows: usize,
    score_stride: usize,
}

impl Attention<'_> {
    /// Transposes the keys of `head` into panels, zeros beyond the last token.
    #[inline(always)]
    fn gather_keys<S: Simd>(&self, simd: S, head: usize, target: &mut [f32]) {
        let width = PANEL_VECTORS * S::LANES;
        let dimension = self.heads.dimension;
        for first in (0..self.tokens.next_multiple_of(width)).step_by(S::LANES) {
            let panel = &mut target[first / width * width * dimension + first % width..];
            for start in (0..dimension).step_by(S::LANES) {
                let columns = (dimension - start).min(S::LANES);
                let row = |lane: usize| {
                    let token = first + lane;
                    if token >= self.tokens {
                        return simd.splat(0.0);
                    }
                    let from = &self.keys.values[token * self.keys.stride + head * dimension + start..];
                    load_up_to(simd, &from[..columns])
                };
                simd.transpose(row, &mut panel[start * width..], width, columns);
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
                simd.store(load_up_to(simd, from), target);
            }
        }
    }

    /// The product of each query with every key.
    #[inline(always)]
    #[expect(unsafe_code, reason = "tiles read and write through pointers")]
    fn score<S: Simd>(&self, simd: S, block: Block, keys: &[f32], scores: &mut [f32]) {
        let Block { head, first, rows, score_stride } = block;
        let (width, dimension) = (PANEL_VECTORS * S::LANES, self.heads.dimension);
        let queries = &self.queries.values[first * self.queries.stride + head * dimension..];
        assert!(queries.len() >= (rows - 1) * self.queries.stride + dimension, "a row for each query");
        for (panel, keys) in keys.chunks_exact(width * dimension).enumerate() {
            let column = panel * width;
            assert!(scores.len() >= (rows - 1) * score_stride + column + width, "room for the scores");
            let tile = Tile {
                left: queries.as_ptr(),
                left_stride: self.queries.stride,
                right: keys.as_ptr(),
                right_stride: width,
                depth: dimension,
            };
            let target = Target { values: scores[column..].as_mut_ptr(), stride: score_stride };
            // SAFETY: the checks above; a panel is `dimension` rows of `width` keys.
            unsafe {
                if self.tokens - column > S::LANES {
                    tile.multiply::<S, 2>(simd, rows, &target);
                } else {
                    tile.multiply::<S, 1>(simd, rows, &target);
                }
            }
        }
    }

    /// Adds the addends of distances, if there are any.
    #[inline(always)]
    fn add_bias<S: Simd>(&self, simd: S, block: Block, scores: &mut [f32]) {
        let Some(bias) = &self.bias else { return };
        for (row, scores) in scores.chunks_exact_mut(block.score_stride).take(block.rows).enumerate() {
            let position = bias.first_position + block.first + row;
            let addends = bias.of(block.head, position, self.tokens);
            let mut scores = scores[..self.tokens].chunks_exact_mut(S::LANES);
            let mut addends = addends.chunks_exact(S::LANES);
            for (scores, addends) in (&mut scores).zip(&mut addends) {
                simd.store(simd.add(simd.load(scores), simd.load(addends)), scores);
            }
            for (score, addend) in scores.into_remainder().iter_mut().zip(addends.remainder()) {
                *score += addend;
            }
        }
    }

    /// Replaces scores by the exponentials of their softmax and returns the scale of each row.
    #[inline(always)]
    fn soften<S: Simd>(&self, simd: S, block: Block, scores: &mut [f32]) -> [f32; MOST_ROWS] {
        let scale = LOG2_E / (self.heads.dimension as f32).sqrt();
        let mut scales = [0.0; MOST_ROWS];
        for (row, inverse) in scores.chunks_exact_mut(block.score_stride).zip(&mut scales[..block.rows]) {
            *inverse = 1.0 / exponentials(simd, row, self.tokens, scale);
        }
        scales
    }

    /// The sum of all values, weighted by each row of `weights`.
    #[inline(always)]
    #[expect(unsafe_code, reason = "tiles read and write through pointers")]
    fn weigh<S: Simd>(
        &self,
        simd: S,
        block: Block,
        values: &[f32],
        weights: &[f32],
        output: &mut Output<'_>,
    ) {
        let Block { head, rows, score_stride, .. } = block;
        let (width, dimension) = (PANEL_VECTORS * S::LANES, self.heads.dimension);
        let padded = dimension.next_multiple_of(S::LANES);
        let end = head * dimension + padded;
        assert!(
            output.rows.len() >= (rows - 1) * output.stride + end,
            "room for a vector beyond the last head"
        );
        assert!(weights.len() >= (rows - 1) * score_stride + self.tokens, "a weight for each token");
        assert!(values.len() >= self.tokens * padded, "a value for each token");
        for first in (0..padded).step_by(width) {
            let tile = Tile {
                left: weights.as_ptr(),
                left_stride: score_stride,
                right: values[first..].as_ptr(),
                right_stride: padded,
                depth: self.tokens,
            };
            let target = output.rows[head * dimension + first..].as_mut_ptr();
            let finish =
                Scaled { target: Target { values: target, stride: output.stride }, scales: &output.scales };
            // SAFETY: the checks above.
            unsafe {
                if padded - first > S::LANES {
                    tile.multiply::<S, 2>(simd, rows, &finish);
                } else {
                    tile.multiply::<S, 1>(simd, rows, &finish);
                }
            }
        }
    }
}

/// The target of weighted values.
struct Output<'a> {
    rows: &'a mut [f32],
    stride: usize,
    /// Each row is multiplied by its scale.
    scales: [f32; MOST_ROWS],
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

/// The values of `source`, at most a vector, and zeros.
#[inline(always)]
fn load_up_to<S: Simd>(simd: S, source: &[f32]) -> S::Vector {
    if source.len() == S::LANES { simd.load(source) } else { simd.load_partial(source, 0.0) }
}

/// Replaces the first `tokens` scores by `2^(scale (score - greatest))` and returns their sum.
#[inline(always)]
fn exponentials<S: Simd>(simd: S, row: &mut [f32], tokens: usize, scale: f32) -> f32 {
    let (whole, rest) = row.split_at_mut(tokens - tokens % S::LANES);
    let mut greatest = simd.splat(f32::NEG_INFINITY);
    for scores in whole.chunks_exact(S::LANES) {
        greatest = simd.maximum(greatest, simd.load(scores));
    }
    // Beyond the last token, keys are zeros.
    let last = simd.keep_first(simd.load(rest), tokens % S::LANES, f32::NEG_INFINITY);
    let greatest = simd.greatest_lane(simd.maximum(greatest, last));
    let (scale, offset) = (simd.splat(scale), simd.splat(-scale * greatest));
    let power = |scores| exp2(simd, simd.multiply_add(scores, scale, offset));
    let mut sums = simd.splat(0.0);
    if !tokens.is_multiple_of(S::LANES) {
        sums = power(last);
        simd.store(sums, rest);
    }
    for scores in whole.chunks_exact_mut(S::LANES) {
        let power = power(simd.load(scores));
        sums = simd.add(sums, power);
        simd.store(power, scores);
    }
    simd.sum_of_lanes(sums)
}

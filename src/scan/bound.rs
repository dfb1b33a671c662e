//! What codes say about scores: an interval that contains the computed score.
//!
//! A query `q` is quantized to integers `u` in steps of `t`, with the remainder `f = q - t * u`. Take the `scale` of a row
//! `x`, the values `c` that its codes stand for (by the coarse part or by both), and the `error` of these. The exact sum
//! `S = u . c` gives the score `centre = t * scale * S`, and the score that
//! [`InstructionSet::dot`](crate::simd::InstructionSet::dot) computes for `q` and `x` is no further from it than
//!
//! `|q| * error + d * 2^-149 + |f| * scale * |c|`.
//!
//! The first two terms are the promise of [the codes](super::codes) for `scale * (q . c)`; the third, by the
//! Cauchy-Schwarz inequality, bounds its distance from `scale * (t * u . c)`. `scale * |c|` is at most the length of `x`
//! plus what the codes lost of it, so at most `LONGEST + error`.
//!
//! Both are computed in float32, with `L = (|q| + |f|) * (LONGEST + error)` above the centre and, but for the tiny
//! term, above the half-width. The centre is rounded three times, the half-width twice and an end of the interval
//! once, by `2^-24` each, which makes less than `8 * 2^-24 * L` in all. (For doubled sums, half the step compensates
//! without rounding.) A share of `2^-20` on `|q| + |f|` where it is multiplied by `error`, and `2^-20 * (|q| + |f|) * LONGEST` for the rest, cover twice as much. Products too
//! small for float32 lose less than `2^-119`, as `S` is below `2^31`; `2^-100` covers them.

use super::codes::{LONGEST, length, round_up};
use crate::simd::Scaling;

/// The lengths of queries for which the bounds hold: far from where products of float32 overflow or underflow.
const LENGTHS: std::ops::RangeInclusive<f64> = 1e-18..=1e18;

/// The share by which bounds are raised to cover their own rounding.
const SHARE: f64 = 1.0 / (1 << 20) as f64;

/// A query in integers.
#[derive(Debug, Clone)]
pub(super) struct Quantized {
    /// One for each component of the query, within the limits.
    pub(super) integers: Vec<i16>,
    pub(super) bound: Bound,
}

/// How sums of products with a query's integers bound its scores.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    /// The `t` of the [module](self), or half of it for doubled sums.
    pub(super) step: f32,
    /// The half-width of an interval for each unit of a row's `error`; not 0.
    pub(super) per_error: f32,
    /// The half-width of the interval of a row without `error`.
    pub(super) constant: f32,
}

/// Limits on the integers of a query: on the magnitude of each, and on the sum of all.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) largest: i16,
    pub(super) sum: u32,
}

/// Where a score lies.
#[derive(Debug, Clone, Copy)]
pub(super) struct Interval {
    pub(super) lower: f32,
    pub(super) upper: f32,
}

impl Interval {
    /// Of a row without codes.
    pub(super) const UNKNOWN: Self = Self { lower: f32::NEG_INFINITY, upper: f32::INFINITY };
}

impl Bound {
    /// Rules no row out.
    const NONE: Self = Self { step: 0.0, per_error: 1.0, constant: f32::INFINITY };

    /// The bound for doubled sums.
    pub(super) fn of_doubled_sums(self) -> Self {
        Self { step: self.step / 2.0, ..self }
    }

    /// The interval of the score of a row whose codes make that sum with the query's integers. It may be unbounded, and
    /// its ends NaN; neither rules a row out.
    #[inline]
    pub(super) fn interval(&self, row: Scaling, sum: i32) -> Interval {
        let centre = (self.step * row.scale) * sum as f32;
        let half_width = self.per_error * row.error + self.constant;
        Interval { lower: centre - half_width, upper: centre + half_width }
    }
}

/// Quantizes `query` in the finest steps that the limits allow. For a query whose length is zero or extreme, the bound
/// rules no row out.
pub(super) fn quantize(query: &[f32], limits: Limits) -> Quantized {
    let components = || query.iter().map(|&value| f64::from(value));
    let length_of_query = length(components());
    if !LENGTHS.contains(&length_of_query) {
        return Quantized { integers: vec![0; query.len()], bound: Bound::NONE };
    }
    let step = step(query, limits);
    let largest = f64::from(limits.largest);
    let integer = |value: f64| (value / f64::from(step)).round_ties_even().clamp(-largest, largest) as i16;
    let integers: Vec<i16> = components().map(integer).collect();
    let taken = integers.iter().map(|&integer| f64::from(step) * f64::from(integer));
    let left = length(components().zip(taken).map(|(value, taken)| value - taken));
    let both = (length_of_query + left) * (1.0 + SHARE);
    let tiny = query.len() as f64 * 2f64.powi(-149) + 2f64.powi(-100);
    let constant = (left * LONGEST + SHARE * both * LONGEST + tiny) * (1.0 + SHARE);
    Quantized { integers, bound: Bound { step, per_error: round_up(both), constant: round_up(constant) } }
}

/// The finest step for which neither the largest component nor the sum of all, rounded, exceeds its limit.
fn step(query: &[f32], limits: Limits) -> f32 {
    let magnitudes = || query.iter().map(|value| f64::from(value.abs()));
    let for_largest = magnitudes().fold(0.0, f64::max) / f64::from(limits.largest);
    // Rounding adds at most a half to a component; the other half covers the rounding of the step.
    let for_sum = magnitudes().sum::<f64>() / (f64::from(limits.sum) - query.len() as f64);
    for_largest.max(for_sum) as f32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::scan::Rows;
    use crate::scan::blocks::Block;
    use crate::scan::codes::{Codes, Encoded, encode_rows};
    use crate::scan::test_rows::any_row;
    use crate::simd::{InstructionSet, WideQuery};
    use crate::vectors::Dimension;

    proptest! {
        #[test]
        fn the_intervals_of_both_passes_contain_the_score_that_is_computed(
            (row, query) in (1usize..150).prop_flat_map(|width| (any_row(width), any_row(width))),
            largest in prop::sample::select(vec![1, 64, 127, WideQuery::LARGEST]),
            magnitude in -70i32..70,
        ) {
            let dimension = Dimension::new(row.len()).expect("a small dimension");
            let Encoded { coarse, fine } = encode_rows(Rows::new(&row, dimension));
            let codes = Codes::new(&coarse, &fine, dimension).expect("codes of one row");
            let query: Vec<f32> = query.iter().map(|value| value * 2f32.powi(magnitude)).collect();
            let Quantized { integers, bound } = quantize(&query, Limits { largest, sum: WideQuery::LARGEST_SUM });
            prop_assert!(integers.iter().all(|integer| integer.abs() <= largest));
            let (block, wide, set) = (Block::Run(0..1), WideQuery::new(&integers), InstructionSet::SCALAR);
            let (mut coarse, mut fine) = ([0], [0]);
            set.coarse_sums(&wide, codes.coarse_rows(&block), &mut coarse);
            set.fine_sums(&wide, codes.fine_rows(&block), &mut fine);
            let first = codes.coarse_scalings(&block).map(|scaling| (scaling, coarse[0]));
            let second = codes.scalings(&block).map(|scaling| (scaling, coarse[0] + fine[0]));
            let score = set.dot(&query, &row);
            for (scaling, sum) in first.chain(second) {
                let Interval { lower, upper } = bound.of_doubled_sums().interval(scaling, sum);
                let outside = score < lower || score > upper;
                prop_assert!(!outside, "{} is not in {} to {}", score, lower, upper);
            }
        }
    }

    #[test]
    fn integers_of_a_long_query_keep_to_the_limit_of_their_sum() {
        let query = vec![1.0 / 256.0; 1 << 16];
        let quantized = quantize(&query, Limits { largest: WideQuery::LARGEST, sum: WideQuery::LARGEST_SUM });
        let _ = WideQuery::new(&quantized.integers);
        assert!(quantized.bound.constant < 0.01, "the step is as fine as the limit allows");
    }

    #[test]
    fn a_query_of_extreme_length_rules_nothing_out() {
        for query in [[0.0; 4], [f32::NAN; 4], [1e30; 4], [1e-30; 4], [f32::INFINITY; 4]] {
            let bound = quantize(&query, Limits { largest: 127, sum: u32::MAX }).bound;
            assert_eq!(bound.interval(Scaling { scale: 0.01, error: 0.01 }, 0).upper, f32::INFINITY);
        }
    }
}

//! The scores of all pairs of rows, block by block: the whole matrix is never in memory.

use std::ops::Range;

use rayon::prelude::*;

use crate::scan::Rows;
use crate::simd::{InstructionSet, Vectors};

/// Rows of a strip, the unit of work: few enough to stay in the L2 cache while all other rows stream past.
const ROWS_OF_A_STRIP: usize = 64;

/// Rows that a strip is multiplied with at once; their scores stay in the L2 cache.
const ROWS_OF_A_BLOCK: usize = 512;

/// The scores of one row with some later rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scores<'a> {
    pub(super) row: usize,
    /// The row of the first score; greater than `row`.
    pub(super) first: usize,
    pub(super) values: &'a [f32],
}

impl Scores<'_> {
    /// The rows whose score reaches `threshold`, ascending.
    pub(super) fn reaching(&self, threshold: f32) -> impl Iterator<Item = (usize, f32)> {
        // Nearly all scores are below the threshold, and the compiler vectorizes a loop without an early exit.
        let any = self.values.iter().map(|&score| u32::from(score >= threshold)).sum::<u32>() > 0;
        let values = if any { self.values } else { &[] };
        (self.first..).zip(values.iter().copied()).filter(move |&(_, score)| score >= threshold)
    }
}

/// Divides the rows into strips; the last may be shorter.
pub(super) fn strips(row_count: usize) -> Vec<Range<usize>> {
    let starts = (0..row_count).step_by(ROWS_OF_A_STRIP);
    starts.map(|start| start..row_count.min(start + ROWS_OF_A_STRIP)).collect()
}

/// Passes the scores of every row of `strip` with every later row to `visit`.
pub(super) fn visit_strip(rows: Rows<'_>, strip: &Range<usize>, mut visit: impl FnMut(Scores<'_>)) {
    let kernel = InstructionSet::best();
    let queries = vectors(rows, strip);
    let mut products = vec![0.0; strip.len() * ROWS_OF_A_BLOCK];
    for start in (strip.start..rows.len()).step_by(ROWS_OF_A_BLOCK) {
        let block = start..rows.len().min(start + ROWS_OF_A_BLOCK);
        let products = &mut products[..strip.len() * block.len()];
        kernel.dots_many(queries, vectors(rows, &block), products);
        for (row, scores) in strip.clone().zip(products.chunks_exact(block.len())) {
            let first = block.start.max(row + 1);
            let scores = scores.get(first - block.start..).unwrap_or_default();
            visit(Scores { row, first, values: scores });
        }
    }
}

/// Folds the scores of all pairs on all threads: `new` creates an accumulator, `add` updates it, `merge` joins two. `add` and
/// `merge` must be commutative and associative for the result not to depend on the number of threads.
pub(super) fn fold_pairs<T: Send>(
    rows: Rows<'_>,
    new: impl Fn() -> T + Sync + Send,
    add: impl Fn(&mut T, Scores<'_>) + Sync + Send,
    merge: impl Fn(T, T) -> T + Sync + Send,
) -> T {
    let strips = strips(rows.len()).into_par_iter();
    let folded = strips.fold(&new, |mut folded, strip| {
        visit_strip(rows, &strip, |scores| add(&mut folded, scores));
        folded
    });
    folded.reduce(&new, merge)
}

/// The rows of `range` as an operand of a product.
pub(super) fn vectors<'a>(rows: Rows<'a>, range: &Range<usize>) -> Vectors<'a> {
    let width = rows.dimension().get();
    Vectors::new(&rows.values()[range.start * width..range.end * width], width)
}

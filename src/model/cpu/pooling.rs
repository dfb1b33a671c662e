//! From the hidden states of a sequence to its vector.

use crate::simd::Matrix;

/// Writes the mean of `tokens` rows of `hidden` from `first` on.
pub(super) fn mean(hidden: &Matrix, first: usize, tokens: usize, target: &mut [f32]) {
    target.copy_from_slice(hidden.row(first));
    for row in first + 1..first + tokens {
        target.iter_mut().zip(hidden.row(row)).for_each(|(sum, value)| *sum += value);
    }
    let count = tokens as f32;
    for sum in target {
        *sum /= count;
    }
}

//! The confidence of a hit: the probability that it answers its query.
//!
//! The evidence for a hit is its cosine plus half of its coverage, the fraction of the query's total idf that the hit
//! reaches. Six query sets were run against their own corpus and against the corpora of the others. A single threshold
//! of 0.730, chosen on half of the queries, separates the two with a balanced accuracy of 0.974; the best cosine alone
//! reaches 0.960, and ranks, gaps and spreads of the list at most 0.73. The 300 queries of `SciFact` against README
//! files: 0.985 (`benches/verdict.py`). Confidence separates right corpora from wrong ones. It does not detect a
//! missing answer in the right corpus: the best statistic of the scores reaches a balanced accuracy of 0.72.

/// The evidence at which a right and a wrong corpus are equally likely: the threshold.
const EVEN: f32 = 0.730;

/// The increase in evidence that multiplies the odds by e. Nearly all wrong corpora are more than three scales below
/// the threshold, nearly all right ones above it.
const SCALE: f32 = 0.03;

/// With fewer texts the best cosine is lower, and confidence is unknown: the corpora above have thousands of texts.
pub(super) const LEAST_TEXTS_OF_CONFIDENCE: u64 = 100;

/// The weight of coverage in the evidence.
const COVERAGE_WEIGHT: f32 = 0.5;

/// The confidence from 0 to 1; 0.5 at the threshold. Calibrated for the bundled model: cosines of other models are
/// scaled differently.
#[must_use]
pub fn confidence(cosine: f32, coverage: f32) -> f32 {
    let evidence = COVERAGE_WEIGHT.mul_add(coverage, cosine);
    1.0 / (1.0 + (-(evidence - EVEN) / SCALE).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_rises_with_cosine_and_coverage_around_the_threshold() {
        assert!((confidence(0.63, 0.2) - 0.5).abs() < 1e-4);
        assert!(confidence(0.6, 0.1) < confidence(0.7, 0.1));
        assert!(confidence(0.6, 0.1) < confidence(0.6, 0.3));
        assert!(confidence(0.45, 0.05) < 0.01 && confidence(0.8, 0.4) > 0.99);
    }
}

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
pub const LEAST_TEXTS_OF_CONFIDENCE: u64 = 100;

/// The weight of coverage in the evidence.
const COVERAGE_WEIGHT: f32 = 0.5;

/// At a lower confidence, a hit is more likely of a wrong corpus than of the right one.
pub const EVEN_CONFIDENCE: f32 = 0.5;

/// The confidence from 0 to 1; 0.5 at the threshold. Calibrated for the bundled model: cosines of other models are
/// scaled differently.
#[must_use]
pub fn confidence(cosine: f32, coverage: f32) -> f32 {
    let evidence = COVERAGE_WEIGHT.mul_add(coverage, cosine);
    1.0 / (1.0 + (-(evidence - EVEN) / SCALE).exp())
}

/// A cosine that no hit of at least this confidence and at most this coverage is below; `None` where there is no such bound.
pub(super) fn least_cosine(confidence: f32, coverage: f32) -> Option<f32> {
    /// More than the rounding error of a confidence, and of a cosine.
    const ROUNDING: f64 = 1e-6;
    let likely = f64::from(confidence) - ROUNDING;
    let evidence = f64::from(EVEN) + f64::from(SCALE) * (likely / (1.0 - likely)).ln();
    let cosine = evidence - f64::from(COVERAGE_WEIGHT) * f64::from(coverage) - ROUNDING;
    (likely > 0.0).then_some(cosine as f32)
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

    #[test]
    fn no_hit_of_a_confidence_has_less_than_its_least_cosine() {
        for step in -100_i16..=100 {
            for coverage in [0.0, 0.3, 1.0] {
                let cosine = f32::from(step) / 100.0;
                let least = least_cosine(confidence(cosine, coverage), coverage);
                assert!(least.is_none_or(|least| least <= cosine), "{cosine} {coverage} {least:?}");
            }
        }
        assert!((least_cosine(0.5, 0.2).expect("there is a bound") - 0.63).abs() < 1e-4);
        assert_eq!(least_cosine(0.0, 1.0), None);
    }
}

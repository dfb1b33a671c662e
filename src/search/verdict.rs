//! How likely a hit is to answer its query at all.
//!
//! The evidence for a hit is its cosine and half of its coverage: the part of what the query's words could give. Six sets of
//! queries were asked of their own corpus and of those of other sets; one threshold of 0.730, chosen on half of
//! the queries, tells the two apart with a balanced accuracy of 0.974, where the best cosine alone reaches 0.960 and
//! ranks, gaps and spreads of the list at most 0.73. The 300 queries of `SciFact` against README files: 0.985
//! (`benches/verdict.py`). It tells a wrong corpus from the right one. It does not tell whether the right corpus lacks the
//! answer: no statistic of the scores gets past 0.72 there.

/// Evidence at which a hit is as likely of the right corpus as of a wrong one.
const EVEN: f32 = 0.730;

/// The evidence that multiplies the odds by e: nearly all wrong corpora are three of it below, nearly all right ones above.
const SCALE: f32 = 0.03;

/// Among fewer texts the best cosine is lower, and confidence is not known: the sets have thousands of texts.
pub const LEAST_TEXTS_OF_CONFIDENCE: u64 = 100;

/// How much of the coverage counts.
const COVERAGE_WEIGHT: f32 = 0.5;

/// At a lower confidence, a hit is more likely of a wrong corpus than of the right one.
pub const EVEN_CONFIDENCE: f32 = 0.5;

/// From 0 to 1, 0.5 at the threshold. Calibrated for the bundled model; cosines of other models have other scales.
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

//! The explanation of a score, for `--explain`.

use std::fmt::Write as _;

use embed::engine::{EVEN_CONFIDENCE, Explanation, Hit, ScoreDetails};

/// `cosine 0.712 (rank 2) + words 0.213 (rank 1: refund, return), confidence 0.97 (strong)`.
pub(super) fn explanation_line(hit: &Hit, explanation: Option<&Explanation>) -> String {
    let (Some(parts), Some(Explanation { details, terms })) = (hit.parts, explanation) else {
        return format!("by meaning alone{}", reranked(hit.rerank));
    };
    let rank = |rank: Option<usize>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
    let ScoreDetails { cosine_rank, words_rank, .. } = *details;
    let mut line = String::new();
    if let Some(cosine) = parts.cosine {
        write!(line, "cosine {cosine:.3} (rank {}) + ", rank(cosine_rank)).expect("a string takes it");
    }
    write!(line, "words {:.3}", parts.words).expect("a string takes it");
    if words_rank.is_some() {
        write!(line, " (rank {}: {})", rank(words_rank), terms.join(", ")).expect("a string takes it");
    }
    line.push_str(&reranked(hit.rerank));
    match parts.confidence {
        Some(confidence) => write!(line, ", confidence {confidence:.2} ({})", verdict(confidence)),
        None => write!(line, ", confidence unknown"),
    }
    .expect("a string takes it");
    line
}

fn reranked(logit: Option<f32>) -> String {
    logit.map_or_else(String::new, |logit| format!(", reranked {logit:.2}"))
}

/// The name of a range of confidence.
const fn verdict(confidence: f32) -> &'static str {
    match confidence {
        0.9.. => "strong",
        EVEN_CONFIDENCE.. => "fair",
        _ => "weak",
    }
}

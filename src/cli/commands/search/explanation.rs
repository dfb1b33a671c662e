//! The explanation of a score, for `--explain`.

use std::fmt::Write as _;

use embed::engine::{EVEN_CONFIDENCE, Hit, ScoreDetails, ScoreParts, WordQuery};
use serde::Serialize;

/// The explanation of one hit, with its documented fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Explanation {
    #[serde(skip)]
    parts: ScoreParts,
    #[serde(skip)]
    rerank: Option<f32>,
    #[serde(flatten)]
    details: ScoreDetails,
    /// The terms of the query that occur in the passage.
    terms: Vec<String>,
}

impl Explanation {
    /// `None` if the score is only a cosine, plus what a cross-encoder added.
    pub(super) fn new(query: &str, hit: &Hit) -> Option<Self> {
        let parts = hit.parts?;
        let terms = WordQuery::parse(query).matches_in(&hit.passage.passage.contextual_text());
        Some(Self { parts, rerank: hit.rerank, details: parts.details, terms })
    }

    /// `cosine 0.712 (rank 2) + words 0.213 (rank 1: refund, return), confidence 0.97 (strong)`.
    pub(super) fn line(&self) -> String {
        let rank = |rank: Option<usize>| rank.map_or_else(|| "-".to_owned(), |rank| rank.to_string());
        let ScoreDetails { cosine_rank, words_rank, .. } = self.details;
        let mut line = String::new();
        if let Some(cosine) = self.parts.cosine {
            write!(line, "cosine {cosine:.3} (rank {}) + ", rank(cosine_rank)).expect("a string takes it");
        }
        write!(line, "words {:.3}", self.parts.words).expect("a string takes it");
        if words_rank.is_some() {
            write!(line, " (rank {}: {})", rank(words_rank), self.terms.join(", "))
                .expect("a string takes it");
        }
        line.push_str(&reranked(self.rerank));
        match self.parts.confidence {
            Some(confidence) => write!(line, ", confidence {confidence:.2} ({})", verdict(confidence)),
            None => write!(line, ", confidence unknown"),
        }
        .expect("a string takes it");
        line
    }
}

/// The line for a score that is a cosine, and what a cross-encoder added.
pub(super) fn line_by_meaning(rerank: Option<f32>) -> String {
    format!("by meaning alone{}", reranked(rerank))
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

//! Reranking: a cross-encoder's scores of texts for a query, and the reordering of hits by them.

use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use super::{EngineError, Models};
use crate::hub::HubName;
use crate::model::{CrossEncoder, CrossEncoderFiles, Device, EncoderPrecision, ModelError};
use crate::search::Hit;
use crate::topk::best_first;

/// The weight of a cross-encoder's score when it is added to the score of a search. Its scores range from about -11 to
/// 11, a cosine from -1 to 1: with this weight it moves hits past their neighbors, and a strong hit stays near the top.
pub const RERANK_WEIGHT: f32 = 0.01;

/// The batch size under a deadline. In float32, batches of two take 5 % longer than batches of eight; in 8-bit
/// integers, batches of two take 20 % longer and batches of four 5 %.
const DEADLINE_BATCH: usize = 4;

/// The requested cross-encoder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RerankerRequest {
    /// A folder, or the name of a model of the hub.
    pub name: String,
    /// The precision of the encoder.
    pub precision: EncoderPrecision,
    /// The device that runs the model.
    pub device: Device,
}

/// How the hits of a search are reranked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RerankOptions {
    /// How many of the best hits of a query are read.
    pub top: NonZeroUsize,
    /// What the model's output is multiplied by before it is added to the score.
    pub weight: f32,
    /// The time for one query, after which no batch of hits is begun; at least one batch is read.
    pub budget: Duration,
}

impl RerankOptions {
    /// 20 hits, [`RERANK_WEIGHT`], 10 seconds.
    pub const DEFAULT: Self =
        Self { top: NonZeroUsize::new(20).unwrap(), weight: RERANK_WEIGHT, budget: Duration::from_secs(10) };
}

impl Default for RerankOptions {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// A cross-encoder that scores texts for queries. Shared by threads.
#[derive(Debug)]
pub struct Reranker {
    model: CrossEncoder,
}

/// The scores of the first texts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reranking {
    /// The model's output for each text that was scored, in the order of the texts; higher is better. Shorter than the
    /// list of texts if time ran out.
    pub scores: Vec<f32>,
    /// The number of pairs that exceed the model's limit and were truncated.
    pub truncated: usize,
}

impl Models {
    /// Loads the requested cross-encoder.
    ///
    /// # Errors
    ///
    /// [`EngineError::Model`] or [`EngineError::Hub`] if the model is unavailable or is not a cross-encoder.
    pub fn reranker(&self, request: &RerankerRequest) -> Result<Reranker, EngineError> {
        let RerankerRequest { name, precision, device } = request;
        let files = match CrossEncoderFiles::find(name) {
            Err(ModelError::Unknown { .. }) if HubName::is_meant_by(name) => {
                let name: HubName = name.parse().map_err(ModelError::Hub)?;
                self.with_hub(|hub, progress| CrossEncoderFiles::from_hub(hub, &name, progress))?
            }
            found => found?,
        };
        Ok(Reranker { model: CrossEncoder::new(&files, *precision, *device)? })
    }
}

impl Reranker {
    /// The name of the model.
    #[must_use]
    pub fn name(&self) -> &str {
        self.model.name()
    }

    /// The scores of all `texts` for `query`.
    ///
    /// # Errors
    ///
    /// [`EngineError::Model`] where a text cannot be scored.
    pub fn scores<S: AsRef<str> + Sync>(&self, query: &str, texts: &[S]) -> Result<Reranking, EngineError> {
        let scored = self.model.score(query, texts)?;
        Ok(Reranking { scores: scored.scores, truncated: scored.truncated })
    }

    /// The scores of the first `texts` for `query`: as many as fit `budget`. A batch starts only if the remaining time
    /// is at least that of the previous one; the first always starts.
    ///
    /// The number of scores depends on the machine; the score of a text does not depend on the budget.
    ///
    /// # Errors
    ///
    /// As [`Reranker::scores`].
    pub fn scores_within<S: AsRef<str> + Sync>(
        &self,
        query: &str,
        texts: &[S],
        budget: Duration,
    ) -> Result<Reranking, EngineError> {
        let started = Instant::now();
        let mut reranking = Reranking::default();
        for batch in texts.chunks(DEADLINE_BATCH) {
            let begun = Instant::now();
            let scored = self.model.score(query, batch)?;
            reranking.scores.extend(scored.scores);
            reranking.truncated += scored.truncated;
            if started.elapsed() + begun.elapsed() > budget {
                break;
            }
        }
        Ok(reranking)
    }

    /// Scores the best of `hits` for `query`, with the titles and headings above them, and reorders them. Returns the
    /// number of hits that were scored.
    ///
    /// # Errors
    ///
    /// As [`Reranker::scores`].
    pub fn rerank_hits(
        &self,
        query: &str,
        hits: &mut [Hit],
        options: RerankOptions,
    ) -> Result<usize, EngineError> {
        let best = hits.iter().take(options.top.get());
        let texts: Vec<Cow<'_, str>> = best.map(|hit| hit.passage.passage.contextual_text()).collect();
        let scores = self.scores_within(query, &texts, options.budget)?.scores;
        drop(texts);
        rerank(hits, &scores, options.weight);
        Ok(scores.len())
    }
}

/// Reorders the hits that `logits` has scores for, which are the first ones: a hit's score becomes
/// `score + weight * logit`, and the best comes first, ties in their former order and NaN last. The hits behind them keep place and score.
///
/// # Panics
///
/// If there are more scores than hits.
pub fn rerank(hits: &mut [Hit], logits: &[f32], weight: f32) {
    let scored = &mut hits[..logits.len()];
    for (hit, logit) in scored.iter_mut().zip(logits) {
        hit.score += weight * logit;
        hit.rerank = Some(*logit);
    }
    scored.sort_by(|a, b| best_first(a.score, b.score));
}

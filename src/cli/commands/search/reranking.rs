//! `--rerank`: reranking the best hits of each query with a cross-encoder.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use embed::engine::{
    Answers, Device, EncoderPrecision, EngineError, Hit, Models, RERANK_WEIGHT, RerankOptions, Reranker,
    RerankerRequest,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::values::{at_least_one, seconds, weight};
use crate::cli::host::ProgramHost;
use crate::cli::render::counted;
use crate::cli::report::note;

/// `--rerank` and the flags that require it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reranking")]
pub(super) struct RerankingArguments {
    /// Rerank the best results with a cross-encoder: its score is added to theirs. MODEL is a folder or
    /// ORG/NAME[@REVISION] on the hub
    #[arg(long, value_name = "MODEL")]
    rerank: Option<String>,
    /// The number of results to rerank
    #[arg(long, value_name = "N", default_value = "20", value_parser = at_least_one, requires = "rerank")]
    rerank_top: NonZeroUsize,
    /// The weight of the cross-encoder's score
    #[arg(long, value_name = "W", default_value_t = RERANK_WEIGHT, value_parser = weight, requires = "rerank", allow_negative_numbers = true)]
    rerank_weight: f32,
    /// The time limit for each query, in seconds; the remaining results keep their scores
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds, requires = "rerank")]
    rerank_seconds: Duration,
}

impl RerankingArguments {
    /// The loaded model and its options; `None` without `--rerank`.
    pub(super) fn load(&self, host: Arc<ProgramHost>) -> Result<Option<Reranking>, EngineError> {
        let Some(name) = self.rerank.clone() else { return Ok(None) };
        let request =
            RerankerRequest { name, precision: EncoderPrecision::default(), device: Device::default() };
        let reranker = Models::new(host).reranker(&request)?;
        let options = RerankOptions {
            top: self.rerank_top.get(),
            weight: self.rerank_weight,
            budget: self.rerank_seconds,
        };
        Ok(Some(Reranking { reranker, options }))
    }
}

/// A cross-encoder and its options.
pub(super) struct Reranking {
    reranker: Reranker,
    options: RerankOptions,
}

impl Reranking {
    /// The number of hits that the search must find, for reranking and for `top_k`.
    pub(super) fn hits_to_find(&self, top_k: usize) -> usize {
        self.options.top.max(top_k)
    }

    /// Reranks the hits of every query that has a text, then drops those beyond `top_k` and below `minimum`.
    pub(super) fn apply(
        &self,
        queries: &[Option<String>],
        answers: &mut Answers,
        (top_k, minimum): (usize, Option<f32>),
        global: &GlobalArguments,
    ) -> Result<(), EngineError> {
        let started = Instant::now();
        let (mut read, mut left) = (0, 0);
        for (query, hits) in queries.iter().zip(&mut answers.hits) {
            if let Some(text) = query {
                let scored = self.reranker.rerank_hits(text, hits, self.options)?;
                read += scored;
                left += hits.len().min(self.options.top) - scored;
            }
            hits.retain(|hit: &Hit| minimum.is_none_or(|minimum| hit.score >= minimum));
            hits.truncate(top_k);
        }
        let seconds = started.elapsed().as_secs_f64();
        let rest = if left > 0 {
            format!("; skipped {left} more: the --rerank-seconds limit was reached")
        } else {
            String::new()
        };
        note(global, &format!("reranked {} in {seconds:.1} s{rest}", counted(read as u64, "result")));
        Ok(())
    }
}

//! `--rerank`: reranking the best hits of each query with a cross-encoder.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use embed::engine::{
    Answers, Device, EncoderPrecision, EngineError, Hit, Models, RerankOptions, Reranker, RerankerRequest,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::values::{Seconds, at_least_one, some_seconds, weight};
use crate::cli::host::ProgramHost;
use crate::cli::render::counted;
use crate::cli::report::note;

/// The heading of these flags in the help.
const HEADING: &str = "Reranking";

const DEFAULTS: RerankOptions = RerankOptions::DEFAULT;

/// `--rerank` and the flags that require it.
#[derive(Debug, Args)]
pub(super) struct RerankingArguments {
    /// Rerank the best results with a cross-encoder: its score is added to theirs. MODEL is a folder or
    /// ORG/NAME[@REVISION] on the hub
    #[arg(long, value_name = "MODEL", help_heading = HEADING)]
    rerank: Option<String>,
    /// The number of results to rerank
    #[arg(long, value_name = "N", default_value_t = DEFAULTS.top, value_parser = at_least_one, requires = "rerank", allow_negative_numbers = true, help_heading = HEADING)]
    rerank_top: NonZeroUsize,
    /// The weight of the cross-encoder's score
    #[arg(long, value_name = "W", default_value_t = DEFAULTS.weight, value_parser = weight, requires = "rerank", allow_negative_numbers = true, help_heading = HEADING)]
    rerank_weight: f32,
    /// Start reranking no more results of a query after S seconds; the remaining results keep their scores
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.budget), value_parser = some_seconds, requires = "rerank", allow_negative_numbers = true, help_heading = HEADING)]
    rerank_seconds: Seconds,
}

impl RerankingArguments {
    /// Whether results are reranked.
    pub(super) const fn is_on(&self) -> bool {
        self.rerank.is_some()
    }

    /// The loaded model and its options; `None` without `--rerank`.
    pub(super) fn load(&self, host: Arc<ProgramHost>) -> Result<Option<Reranking>, EngineError> {
        let Some(name) = self.rerank.clone() else { return Ok(None) };
        let request =
            RerankerRequest { name, precision: EncoderPrecision::default(), device: Device::default() };
        let reranker = Models::new(host).reranker(&request)?;
        let options =
            RerankOptions { top: self.rerank_top, weight: self.rerank_weight, budget: self.rerank_seconds.0 };
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
        self.options.top.get().max(top_k)
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
                left += hits.len().min(self.options.top.get()) - scored;
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

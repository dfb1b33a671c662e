//! `--rerank`: a cross-encoder reads the best hits of each query.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use embed::engine::{
    Answers, Device, EncoderPrecision, EngineError, Hit, Models, RerankOptions, Reranker, RerankerRequest,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::values::{Seconds, at_least_one, seconds, weight};
use crate::cli::host::ProgramHost;
use crate::cli::render::counted;
use crate::cli::report::note;

/// The heading of these flags in the help.
const HEADING: &str = "Reranking";

const DEFAULTS: RerankOptions = RerankOptions::DEFAULT;

/// `--rerank` and what only makes sense with it.
#[derive(Debug, Args)]
pub(super) struct RerankingArguments {
    /// Let a cross-encoder read the best results with the query, and add its output to their scores: a model folder, or
    /// ORG/NAME[@REVISION] on the hub
    #[arg(long, value_name = "MODEL", help_heading = HEADING)]
    rerank: Option<String>,
    /// How many results it reads
    #[arg(long, value_name = "N", default_value_t = DEFAULTS.top, value_parser = at_least_one, requires = "rerank", allow_negative_numbers = true, help_heading = HEADING)]
    rerank_top: NonZeroUsize,
    /// What its output is multiplied by
    #[arg(long, value_name = "W", default_value_t = DEFAULTS.weight, value_parser = weight, requires = "rerank", allow_negative_numbers = true, help_heading = HEADING)]
    rerank_weight: f32,
    /// Start reading no more results of a query after S seconds; those that it did not get to keep their scores
    #[arg(long, value_name = "S", default_value_t = Seconds(DEFAULTS.budget), value_parser = seconds, requires = "rerank", allow_negative_numbers = true, help_heading = HEADING)]
    rerank_seconds: Seconds,
}

impl RerankingArguments {
    /// Whether results are reranked.
    pub(super) const fn is_on(&self) -> bool {
        self.rerank.is_some()
    }

    /// The model and what it does; `None` without `--rerank`.
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

/// A cross-encoder and how it is used.
pub(super) struct Reranking {
    reranker: Reranker,
    options: RerankOptions,
}

impl Reranking {
    /// The hits that a search must find so that as many as were asked for can be reranked.
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
        let rest =
            if left > 0 { format!("; {left} more did not fit --rerank-seconds") } else { String::new() };
        note(global, &format!("reranked {} in {seconds:.1} s{rest}", counted(read as u64, "result")));
        Ok(())
    }
}

//! The quality of a model on judged data.

use std::time::{Duration, Instant};

use super::EngineError;
use super::query::SearchBy;
use crate::analysis::{
    Judgements, RetrievalBenchmark, RetrievalQuality, SimilarityBenchmark, pearson, spearman,
};
use crate::embedding::{Batch, Embedder, Role, embed_texts};
use crate::index::bytes_of_vectors;
use crate::scan::{Rows, Scan};
use crate::search::{Limits, PreparedQuery, RankedRow, Ranking, SearchQuery};
use crate::simd::InstructionSet;
use crate::vectors::{Dimension, UnitVectors};
use crate::words::{WordQuery, WordsInMemory};

/// The depth of the ranking for nDCG and MRR.
const NDCG_DEPTH: usize = 10;

/// The number of texts of a local model to embed between two reports of progress.
const PORTION: usize = 256;

/// The vectors of texts, and the time of embedding them.
#[derive(Debug)]
pub struct TimedVectors {
    /// A row for each text.
    pub vectors: UnitVectors,
    /// The time of embedding.
    pub elapsed: Duration,
}

/// The speed of a model and the size of its vectors, on a benchmark.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ModelCosts {
    /// The components of a vector.
    pub dimension: Dimension,
    /// Texts embedded in a second, on this machine or by the service with its network. Services count tokens in different
    /// ways, so that tokens would not compare.
    pub texts_per_second: f64,
    /// The bytes of the vectors in an index, without texts and words.
    pub index_bytes: u64,
}

impl TimedVectors {
    /// The costs of these vectors.
    #[must_use]
    pub fn costs(&self) -> ModelCosts {
        let dimension = self.vectors.dimension();
        ModelCosts {
            dimension,
            texts_per_second: self.vectors.len() as f64 / self.elapsed.as_secs_f64().max(1e-9),
            index_bytes: bytes_of_vectors(self.vectors.len(), dimension),
        }
    }
}

/// Means over the judged queries of a retrieval benchmark, as `trec_eval` computes them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrievalMeasurement {
    /// The number of judged queries.
    pub queries: usize,
    /// nDCG at 10.
    pub ndcg_at_10: f64,
    /// Recall at the requested depth.
    pub recall: f64,
    /// Mean reciprocal rank at 10.
    pub mrr_at_10: f64,
}

/// Correlations of scores with the judgments of pairs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SimilarityMeasurement {
    /// The number of pairs.
    pub pairs: usize,
    /// Spearman's rank correlation; NaN where all scores are equal.
    pub spearman: f64,
    /// Pearson's correlation.
    pub pearson: f64,
}

/// The documents of a benchmark, embedded.
#[derive(Debug)]
pub struct RetrievalDocuments {
    embedded: TimedVectors,
    words: WordsInMemory,
}

impl RetrievalDocuments {
    /// Embeds `texts`. `advance` receives the size of each portion.
    ///
    /// # Errors
    ///
    /// [`EngineError::Embed`].
    pub fn embed(
        embedder: &dyn Embedder,
        texts: &[String],
        advance: impl FnMut(u64),
    ) -> Result<Self, EngineError> {
        let documents = embed_in_portions(embedder, texts, advance)?;
        let mut words = WordsInMemory::default();
        for text in texts {
            words.push(text);
        }
        Ok(Self { embedded: documents, words })
    }

    /// The costs of the vectors.
    #[must_use]
    pub fn costs(&self) -> ModelCosts {
        self.embedded.costs()
    }
}

/// The vectors of `texts` as documents: texts x dimension. `advance` receives the size of each portion.
///
/// # Errors
///
/// [`EngineError::Embed`].
pub fn embed_in_portions(
    embedder: &dyn Embedder,
    texts: &[String],
    mut advance: impl FnMut(u64),
) -> Result<TimedVectors, EngineError> {
    let size = match embedder.batch() {
        Batch::LOCAL => PORTION,
        batch => batch.texts,
    };
    let begun = Instant::now();
    let mut vectors = UnitVectors::new(embedder.description().dimension);
    for portion in texts.chunks(size) {
        vectors.append(&embed_texts(embedder, Role::Document, portion)?.vectors);
        advance(portion.len() as u64);
    }
    Ok(TimedVectors { vectors, elapsed: begun.elapsed() })
}

/// The vectors of the queries of `benchmark`, each with `prefix` before its text: queries x dimension.
///
/// # Errors
///
/// [`EngineError::Embed`].
pub fn embed_queries(
    embedder: &dyn Embedder,
    benchmark: &RetrievalBenchmark,
    prefix: &str,
) -> Result<UnitVectors, EngineError> {
    let texts: Vec<String> =
        benchmark.queries.iter().map(|query| format!("{prefix}{}", query.text)).collect();
    Ok(embed_texts(embedder, Role::Query, &texts)?.vectors)
}

/// Ranks the documents of `benchmark`, whose vectors are `documents`, for each of its queries, as deep as the deepest
/// measure: by words alone without `vectors`, the vectors of the queries. Queries are literal: quotation marks and hyphens
/// have no special meaning.
#[must_use]
pub fn measure_retrieval(
    benchmark: &RetrievalBenchmark,
    documents: &RetrievalDocuments,
    vectors: Option<&UnitVectors>,
    by: SearchBy,
    recall_depth: usize,
) -> RetrievalMeasurement {
    let words: Vec<WordQuery> = benchmark.queries.iter().map(|query| WordQuery::plain(&query.text)).collect();
    let query = |(index, words)| {
        PreparedQuery::plain(SearchQuery {
            vector: vectors.filter(|_| by != SearchBy::Words).map(|vectors| vectors.row(index)),
            words: (by != SearchBy::Meaning).then_some(words),
        })
    };
    let queries: Vec<PreparedQuery<'_>> = words.iter().enumerate().map(query).collect();
    let ranking = Ranking {
        nearest: Scan::new(Rows::from(&documents.embedded.vectors)),
        allowed: None,
        words: Some(&documents.words),
    };
    let depth = recall_depth.max(NDCG_DEPTH);
    let Ok(found) = ranking.best(&queries, depth, Limits::default());
    let mut quality = RetrievalQuality::new(recall_depth);
    for (query, best) in benchmark.queries.iter().zip(&found) {
        let id = |ranked: &RankedRow| benchmark.ids[ranked.scored.row.0 as usize].as_str();
        let ranking: Vec<&str> = best.iter().map(id).collect();
        let judgements: Judgements<'_> =
            query.relevance.iter().map(|(id, &relevance)| (id.as_str(), relevance)).collect();
        quality.add(&ranking, &judgements);
    }
    RetrievalMeasurement {
        queries: quality.queries(),
        ndcg_at_10: quality.ndcg_at_10(),
        recall: quality.recall(),
        mrr_at_10: quality.mrr_at_10(),
    }
}

/// Compares the scores of the pairs of `benchmark` with their judgments. `vectors` has a row for each text; the two
/// texts of a pair are adjacent.
#[must_use]
pub fn measure_similarity(benchmark: &SimilarityBenchmark, vectors: &UnitVectors) -> SimilarityMeasurement {
    let kernel = InstructionSet::best();
    let width = vectors.dimension().get();
    let pairs = vectors.as_slice().chunks_exact(2 * width).map(|pair| pair.split_at(width));
    let scores: Vec<f64> = pairs.map(|(first, second)| f64::from(kernel.dot(first, second))).collect();
    SimilarityMeasurement {
        pairs: scores.len(),
        spearman: spearman(&benchmark.judged, &scores),
        pearson: pearson(&benchmark.judged, &scores),
    }
}

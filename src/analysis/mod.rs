//! Analyses of vectors other than search: near-duplicates, clusters, analogies, and quality measures.

mod analogy;
mod benchmark;
mod communities;
mod correlation;
mod duplicates;
mod kmeans;
mod pairwise;
mod random;
mod retrieval;
#[cfg(test)]
mod samples;
mod similarity;
mod words;

pub use analogy::{Analogy, AnalogyMeasure, AnalogyOrigin};
pub use benchmark::{BenchmarkError, JudgedQuery, LineProblem, RetrievalBenchmark, SimilarityBenchmark};
pub use communities::{Community, CommunityOptions, find_communities};
pub use correlation::{pearson, spearman};
pub use duplicates::{Groups, Pair, choose_threshold, find_pairs};
pub use kmeans::{Assignment, Clustering, choose_count, k_means};
pub use retrieval::{Judgements, RetrievalQuality};
pub use similarity::{pairwise_similarities, similarities, similarity_matrix};
pub use words::WordCounts;

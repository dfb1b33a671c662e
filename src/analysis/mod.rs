//! What vectors are good for beside a search.

mod correlation;
mod retrieval;
mod similarity;

pub use correlation::{pearson, spearman};
pub use retrieval::{Judgements, RetrievalQuality, ndcg, recall};
pub use similarity::{pairwise_similarities, similarities, similarity_matrix};

//! What vectors are good for beside a search.

mod correlation;
mod retrieval;

pub use correlation::{pearson, spearman};
pub use retrieval::{Judgements, RetrievalQuality, ndcg, recall};

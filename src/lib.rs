//! Semantic search.

pub mod analysis;
pub mod corpus;
pub mod index;
pub mod indexing;
pub mod mapped_file;
pub mod model;
pub mod scan;
pub mod search;
pub mod simd;
pub mod topk;
pub mod vectors;

//! What decides the vectors of a model besides its files.

use super::{EncoderPrecision, Pooling};
use crate::vectors::Dimension;

/// Pooling, prefixes, precision and dimensions.
///
/// The default has mean pooling, the default of the bundled model; other models have
/// [`ModelFiles::default_pooling`](super::ModelFiles::default_pooling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingSettings {
    /// How the hidden states of tokens become a text's vector.
    pub pooling: Pooling,
    /// Precedes every query.
    pub query_prefix: String,
    /// Precedes every document.
    pub document_prefix: String,
    /// The numbers that the encoder computes with.
    pub precision: EncoderPrecision,
    /// Keep only the first components of every vector, this many (Kusupati et al., arXiv 2205.13147).
    pub dimensions: Option<Dimension>,
}

impl Default for EmbeddingSettings {
    fn default() -> Self {
        Self {
            pooling: Pooling::Mean,
            query_prefix: String::new(),
            document_prefix: String::new(),
            precision: EncoderPrecision::Float32,
            dimensions: None,
        }
    }
}

//! The settings that determine the vectors of a model, in addition to its files.

use super::{EncoderPrecision, Pooling};
use crate::vectors::Dimension;

/// Pooling, prefixes, precision and dimensions.
///
/// The default has mean pooling, which is the default of the bundled model; for other models see
/// [`ModelFiles::default_pooling`](super::ModelFiles::default_pooling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbeddingSettings {
    /// How the hidden states of tokens become a text's vector.
    pub pooling: Pooling,
    /// The prefix of every query.
    pub query_prefix: String,
    /// The prefix of every document.
    pub document_prefix: String,
    /// The precision of the encoder.
    pub precision: EncoderPrecision,
    /// The number of first components of every vector to keep (Kusupati et al., arXiv 2205.13147).
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

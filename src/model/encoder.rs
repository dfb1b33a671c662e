//! The interface between a model and its encoder.

use super::{ModelError, Pooling};

/// Computes hidden states of token sequences and pools them.
pub trait Encoder: Send + Sync + std::fmt::Debug {
    /// Pooled hidden states: one row of the model's hidden size for each sequence, in the order given, not yet
    /// normalized. A sequence is a text's token ids, special tokens included: at least one, at most as many as the
    /// model has positions.
    ///
    /// # Errors
    ///
    /// [`ModelError::Encode`] where a tensor operation fails.
    fn encode(&self, sequences: &[&[u32]], pooling: Pooling) -> Result<Vec<f32>, ModelError>;

    /// Like [`Encoder::encode`], for pairs of texts: from the position in `seconds` on, the tokens of a sequence have
    /// type 1, if the model has types. `seconds` has a position for each sequence: its length if all tokens have type
    /// 0.
    ///
    /// # Errors
    ///
    /// As there.
    fn encode_pairs(
        &self,
        sequences: &[&[u32]],
        seconds: &[usize],
        pooling: Pooling,
    ) -> Result<Vec<f32>, ModelError>;
}

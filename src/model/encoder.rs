//! The seam between a model and what computes it.

use std::convert::Infallible;

use super::{BertConfig, CpuEncoder, EncoderPrecision, ModelError, Pooling, Weights};

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
}

impl Encoder for CpuEncoder {
    fn encode(&self, sequences: &[&[u32]], pooling: Pooling) -> Result<Vec<f32>, ModelError> {
        Ok(Self::encode(self, sequences, pooling)?)
    }
}

/// The encoder for this CPU; the weights stay where they are.
pub(super) fn cpu_encoder(config: &BertConfig, weights: &Weights, precision: EncoderPrecision) -> CpuEncoder {
    let tensor = |name: &str| Ok(weights.tensor(name));
    CpuEncoder::with_precision::<Infallible>(precision, config.shape(), tensor)
        .expect("the weights were checked against the configuration")
}

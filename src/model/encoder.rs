//! The seam between a model and what computes it.

use super::{
    Architecture, CpuEncoder, Device, EncoderPrecision, ModelError, Pooling, ReferenceEncoder, Weights,
};

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

/// The fastest encoder of `architecture` on `device` that computes in `precision`.
pub(super) fn fastest_encoder(
    architecture: &Architecture,
    weights: &Weights,
    device: Device,
    precision: EncoderPrecision,
) -> Result<Box<dyn Encoder>, ModelError> {
    match (device, architecture, precision) {
        (Device::Cpu, Architecture::Bert(family), _) => Ok(Box::new(family.cpu_encoder(weights, precision))),
        (_, _, EncoderPrecision::Float32) => {
            Ok(Box::new(ReferenceEncoder::new(architecture, weights, device.open()?)?))
        }
        _ => Err(ModelError::PrecisionUnsupported { precision, architecture: architecture.name(), device }),
    }
}

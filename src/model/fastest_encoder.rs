//! The choice of encoder.

use super::{
    Architecture, CpuEncoder, Device, Encoder, EncoderPrecision, ModelError, Pooling, ReferenceEncoder,
    Weights,
};

impl Encoder for CpuEncoder {
    fn encode(&self, sequences: &[&[u32]], pooling: Pooling) -> Result<Vec<f32>, ModelError> {
        Ok(Self::encode(self, sequences, pooling)?)
    }

    fn encode_pairs(
        &self,
        sequences: &[&[u32]],
        seconds: &[usize],
        pooling: Pooling,
    ) -> Result<Vec<f32>, ModelError> {
        Ok(Self::encode_pairs(self, sequences, seconds, pooling)?)
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

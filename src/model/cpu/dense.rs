//! A linear layer in the precision of its encoder.

use super::precision::EncoderPrecision;
use crate::simd::{InstructionSet, Linear, Matrix, QuantizedLinear, Store, StoredMatrix, Threads};

/// A linear layer, `input x weights^T + bias`.
#[derive(Debug)]
pub(super) enum Dense {
    Float32(Linear),
    Int8(QuantizedLinear),
}

impl Dense {
    /// As of [`Linear::new`].
    pub(super) fn new(
        set: InstructionSet,
        precision: EncoderPrecision,
        layers: Vec<(StoredMatrix, StoredMatrix)>,
    ) -> Option<Self> {
        Some(match precision {
            EncoderPrecision::Float32 => Self::Float32(Linear::new(set, layers)?),
            EncoderPrecision::Int8 => Self::Int8(QuantizedLinear::new(set, layers)?),
        })
    }

    /// As of [`Linear::apply`].
    pub(super) fn apply(&self, input: &Matrix, output: &mut Matrix, store: Store, threads: Threads) {
        match self {
            Self::Float32(linear) => linear.apply(input, output, store, threads),
            Self::Int8(linear) => linear.apply(input, output, store, threads),
        }
    }

    /// As of [`Linear::pack`].
    pub(super) fn pack(&self) {
        match self {
            Self::Float32(linear) => linear.pack(),
            Self::Int8(linear) => linear.pack(),
        }
    }
}

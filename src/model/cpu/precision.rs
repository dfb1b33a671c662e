//! The precision of an encoder.

use std::fmt;
use std::str::FromStr;

/// The numbers in which the encoder multiplies by its weights; all else is float32.
///
/// Vectors of different precisions are close to one another, but not equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum EncoderPrecision {
    /// IEEE 754 binary32: as the model was trained.
    #[default]
    Float32,
    /// 8-bit integers: weights with a scale for each output, activations with one for each token.
    Int8,
}

/// Why a name is not a precision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownPrecision {
    /// No precision has the name.
    #[error("it must be f32 or int8")]
    Name,
    /// No encoder computes with bfloat16.
    #[error("no encoder here computes with bf16; use int8, which is faster, or f32")]
    Bfloat16,
}

impl EncoderPrecision {
    /// `f32` or `int8`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Float32 => "f32",
            Self::Int8 => "int8",
        }
    }
}

impl FromStr for EncoderPrecision {
    type Err = UnknownPrecision;

    /// The precision with that [`name`](EncoderPrecision::name).
    fn from_str(name: &str) -> Result<Self, UnknownPrecision> {
        match name {
            "f32" => Ok(Self::Float32),
            "int8" => Ok(Self::Int8),
            "bf16" => Err(UnknownPrecision::Bfloat16),
            _ => Err(UnknownPrecision::Name),
        }
    }
}

impl fmt::Display for EncoderPrecision {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

//! BERT on the CPU in float32: packed tokens in, one vector for each sequence out.
//!
//! Sequences are grouped into tiles of whole sequences, one after another without padding. A tile passes through all
//! layers on one thread; only where there are too few tokens to go round do all threads share a tile, step by step.
//!
//! Invariant: a sequence's vector depends on its tokens, the weights and the instruction set, bit for bit; not on
//! its neighbours, its tile, the number of threads, or whether the weights are packed.

mod error;
mod layer;
mod pooling;
mod run;
mod shape;
#[cfg(test)]
mod tests;
mod tiles;
mod weights;

pub use error::{EncoderError, TokensError};
pub use run::CpuEncoder;
pub use shape::BertShape;

//! Inner loops for the instruction sets of the CPU, behind a safe interface.
//!
//! - Dot products of float32 rows, products with their codes of one byte a component, and products of bytes: these give
//!   the same bits on every instruction set, so that an answer does not depend on the machine.
//! - The kernels of the encoder ([`Linear`], [`Attention`], [`LayerNorm`], activations) on float32: instruction sets differ
//!   in the last bits of a vector, because a product as fast as the machine allows adds in the order of its registers.
//!
//! An [`InstructionSet`] names what they run on, and holding one proves that this CPU has it: there is no way to make one
//! that the CPU lacks. It is chosen once a run, and every call dispatches once, so that no inner loop checks what the CPU
//! has.
#![expect(clippy::inline_always, reason = "code that is not inlined is compiled without the instruction set")]

mod activation;
mod aligned;
mod attention;
mod codes;
mod dot;
mod instruction_set;
mod layer_norm;
mod matrix;
mod picked;
mod product;
mod quantized;
mod stored;
#[cfg(test)]
mod tests;
mod transcendental;
mod vector;

pub use activation::Activation;
pub use aligned::AlignedValues;
pub use attention::{Attention, DistanceBias, Heads};
pub use codes::{
    BLOCK, COARSE_BYTES, Ceilings, CoarseRows, FINE_BYTES, FineRows, GROUP, NarrowQueries, PartRows,
    RAISED_BY, Scaling, WideQuery, pack,
};
pub use dot::Vectors;
pub use instruction_set::InstructionSet;
pub use layer_norm::LayerNorm;
pub use matrix::{Matrix, StridedRows};
pub use product::{Linear, Store, Threads};
pub use quantized::QuantizedLinear;
pub use stored::{Bytes, Element, StoredMatrix, add_row};

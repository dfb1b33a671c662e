//! Inner loops for the instruction sets of the CPU, behind a safe interface.
//!
//! - Dot products of float32 rows, products with their codes of one byte per component, and products of bytes: these
//!   give the same bits on every instruction set, so that results do not depend on the machine.
//! - The kernels of the encoder ([`Linear`], [`Attention`], [`LayerNorm`], activations) on float32: instruction sets
//!   differ in the last bits of a vector, because the fastest product adds in the order of its registers.
//!
//! An [`InstructionSet`] names the instructions of the kernels. Holding one proves that this CPU has them: a value for
//! missing instructions cannot be created. It is chosen once per run, and every call dispatches once, so that no inner
//! loop checks CPU features.
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

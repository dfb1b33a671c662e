//! Inner loops on the instructions of the CPU at hand, behind a safe interface.
//!
//! - A [`Kernel`] computes dot products for the scan, of float32 rows and of their codes of one byte a component, and
//!   products of bytes for the encoder.
//! - An [`InstructionSet`] runs the encoder's kernels: products, attention, normalization and activations on float32.
//!   The sums of a [`QuantizedLinear`] are integers, and so a [`Kernel`]'s.
//!
//! Both name a set of instructions, and holding one proves that this CPU has them: there is no way to make one that the
//! CPU lacks. It is chosen once a run or once a scan, and its methods dispatch once a call, so that no inner loop asks
//! what the CPU can do. They are two because they promise different things: every [`Kernel`] gives the same bits, so
//! that an answer does not depend on the machine; instruction sets differ in the last bits of a vector, because a
//! product as fast as the machine allows adds in the order of its registers.
//!
//! ARM CPUs run the encoder's portable code, which the compiler vectorizes, and the dot products on NEON.
#![expect(clippy::inline_always, reason = "code that is not inlined is compiled without the instruction set")]

mod activation;
mod aligned;
mod attention;
mod codes;
mod dot;
mod instruction_set;
mod kernel;
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

use kernel::Instructions;

pub use activation::Activation;
pub use aligned::AlignedValues;
pub use attention::{Attention, DistanceBias, Heads};
pub use codes::{
    BLOCK, COARSE_BYTES, Ceilings, CoarseRows, FINE_BYTES, FineRows, GROUP, NarrowQueries, PartRows,
    RAISED_BY, Scaling, WideQuery, pack,
};
pub use dot::Vectors;
pub use instruction_set::InstructionSet;
pub use kernel::{Kernel, UnknownKernel};
pub use layer_norm::LayerNorm;
pub use matrix::{Matrix, Rows};
pub use product::{Linear, Store, Threads};
pub use quantized::QuantizedLinear;
pub use stored::{Bytes, Element, StoredMatrix, add_row};

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
//!
//! # 64-bit Arm
//!
//! The kernels for NEON, with and without products of bytes (`dotprod`, `i8mm`), were compiled and run under emulation (qemu 7.2),
//! on a CPU of each kind. **None was timed on an Arm CPU.** What can be told without one is how many multiply-adds an instruction of
//! the inner loop does, loads and the loop itself included, in compiled code. A vector of NEON is half as wide as one of AVX2; a CPU
//! may issue more of them in a cycle.
//!
//! | loop | `avx2` | `neon` | `dotprod` | `i8mm` |
//! | --- | --- | --- | --- | --- |
//! | float32 product | 384 / 87 = 4.4 | 288 / 90 = 3.2 | as `neon` | as `neon` |
//! | product of bytes | 768 / 135 = 5.7 | 192 / 56 = 3.4 | 1,152 / 97 = 11.9 | 768 / 57 = 13.5 |
//! | scan, one query | 256 / 66 = 3.9 | 512 / 222 = 2.3 | 512 / 117 = 4.4 | as `dotprod` |
//! | scan, sixteen queries | 256 / 34 = 7.5 | 128 / 46 = 2.8 | 1,024 / 85 = 12.0 | as `dotprod` |
//!
//! AVX-VNNI does 1,536 / 87 = 17.7 in a product of bytes. With `neon` alone, a multiply-add of bytes takes about as many instructions
//! as one of float32.
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

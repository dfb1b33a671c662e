//! NEON: 4 lanes in 32 registers, on every 64-bit Arm CPU, and the products of bytes that some of these CPUs add.
//!
//! Every build for 64-bit Arm has NEON, so the compiler uses it without being told; other instructions are assembly, since their
//! intrinsics are not stable.

mod bytes;
mod dot_product;
mod float;
mod i8mm;
mod lanes;
mod widening;

pub(in crate::simd) use bytes::{ByteProducts, for_rows};
pub(in crate::simd) use dot_product::DotProduct;
pub(in crate::simd) use float::Neon;
pub(in crate::simd) use i8mm::I8mm;

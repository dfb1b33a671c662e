//! Dot products of float32 vectors, one at a time, one query by many rows, and many queries by many rows.
//!
//! Each instruction set supplies one function, `tile`, which multiplies a few rows with a few queries so that
//! every value loaded is used several times and the additions of one pair do not wait for one another.
//! `factors.rs` walks the matrices in tiles and is compiled once for each instruction set.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod dispatch;
mod factors;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

pub use factors::Vectors;

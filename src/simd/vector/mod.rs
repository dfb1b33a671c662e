//! Vectors of float32 lanes, one type for each instruction set.
//!
//! Kernels are written once against [`Simd`] and compiled for every instruction set. A value of a [`Simd`] type proves
//! that the CPU has the features it names: it is created only after they were detected, so all its methods except those
//! on raw pointers are safe.

#[cfg(target_arch = "x86_64")]
mod assembly;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod byte_dot;
mod interface;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;

#[cfg(target_arch = "x86_64")]
pub(super) use assembly::{define_tile_sums, define_ymm_tile_sums, define_zmm_tile_sums};
#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
#[cfg(target_arch = "x86_64")]
pub(super) use byte_dot::ByteDot;
pub(super) use interface::{MOST_ROWS, Operation, Simd, Tile, WIDEST};
#[cfg(target_arch = "aarch64")]
pub(super) use neon::{ByteProducts, DotProduct, I8mm, Neon, for_rows};
pub(super) use portable::Portable;

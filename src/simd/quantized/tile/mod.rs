//! The innermost product: a few rows of unsigned bytes times a panel of signed ones.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod byte_tile;
mod dispatch;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(target_arch = "x86_64")]
mod ymm;

pub(crate) use byte_tile::{ByteTile, HALF_PANEL, HalfStep, PANEL_OUTPUTS, StepLayout, TileSums};

//! Products in 8-bit integers.
//!
//! Weights have one scale for each output: a signed byte from -127 to 127, times the scale. Activations have a scale
//! and a zero point for each row: an unsigned byte less the zero point, times the scale. A row is quantized only by its
//! own values, so its vector does not depend on other rows. A product of the bytes is exact, in 32 bits and on every
//! CPU; `sum(a w) = scale_a scale_w (sum(bytes) - zero point x (sum of w's bytes))`.
//!
//! Instructions of the inner loop, and multiply-adds a second of the loop alone and of whole products of the encoder (384 and
//! 1,536 inputs, without GELU) on one core of an AMD EPYC with AVX-512 VNNI, in billions; float32 multiplies 57 to 58 of at
//! most 59:
//!
//! | set | loop | loop alone | products |
//! | --- | --- | --- | --- |
//! | `avx512` | `vpdpbusd` on 512 bits | | 193 to 212 |
//! | `avxvnni` | `vpdpbusd` on 256 bits | | 185 to 203 |
//! | `avx2`, `avx512f` | `vpmaddwd` and `vpaddd` on 256 bits, both factors widened to 16 bits once | 97 | 85 to 88 |
//!
//! On 64-bit Arm, rows are signed bytes, 128 less than elsewhere; the sums of the weights make up for it:
//!
//! | set | loop |
//! | --- | --- |
//! | `i8mm` | `smmla`: 2 x 8 by 8 x 2 bytes, which `zip1` and `zip2` bring together |
//! | `dotprod` | `sdot` by one lane of a row |
//! | `neon` | `smull` and `smlal` to 16 bits, `sadalp` to 32 |
//!
//! These were run under emulation only; [`simd`](crate::simd) counts their instructions. Tiles of 10 x 2 vectors with `sdot` and of 8 x 2
//! with `smmla` spill or move registers: 1.9 and 2.9 instructions for each product, instead of 1.35 and 2.4.
//!
//! `avxvnni` was run in its EVEX encoding, as CPUs with AVX-512 have it. The VEX encoding, for CPUs without, comes from the
//! same macro; it was compiled and disassembled, but no CPU here could run it. `avx512f` ran on the same CPU.
//!
//! Tried without gain on AVX2, whose product of bytes (`vpmaddubsw`) saturates at 16 bits:
//!
//! - splitting the weights whose pairs could saturate into two halves: in the bundled model, 36 % of the steps of 16 outputs
//!   have such a pair, which eats the loop's 112 billion; adding two such products in 16 bits first: 88 % of the steps;
//! - splitting activations in two parts that cannot saturate: as many instructions for a product as with 16 bits;
//! - tiles of 5 x 2 and 4 x 2 vectors, and other orders of products and sums: 96 to 97 billion, as with 6 x 2; weights as
//!   memory operands: 57 to 84.

mod activations;
mod linear;
mod multiply;
#[cfg(test)]
mod tests;
mod tile;
mod weights;

pub use linear::QuantizedLinear;

//! BERT on the CPU: from token ids to one vector for each sequence.
//!
//! Products with weights are in float32, or in 8-bit integers with [`EncoderPrecision::Int8`]; all else is float32.
//!
//! Sequences are grouped into tiles of whole sequences, one after another without padding. A tile passes through all
//! layers on one thread. If there are too few tiles for all threads, the threads share each tile, step by step.
//!
//! Invariant: a sequence's vector depends on its tokens, the weights, the precision and the instruction set, bit for
//! bit; not on its neighbors, its tile, the number of threads, or whether the weights are packed.
//!
//! Time by part, for long texts: products with GELU 76 %, attention 18 %; for short texts: products 85 %, attention 6
//! %, widening half-precision weights 4 %, layer normalization 1 %.
//!
//! In 8-bit integers a product takes 0.3 times as long as in float32 with AVX-512 VNNI, and 0.66 times with AVX2
//! (`simd/quantized`), so the rest has a larger share. On AVX2, in microseconds for a token (all layers of the bundled
//! model's shape, one core of an AMD EPYC that other work shared):
//!
//! | part | float32, 325 tokens | int8, 325 tokens | float32, 13 tokens | int8, 13 tokens |
//! | --- | --- | --- | --- | --- |
//! | products, GELU included | 427 | 291 | 470 | 333 |
//! | attention | 90 | 88 | 25 | 25 |
//! | layer normalization | 3 | 3 | 3 | 4 |
//!
//! A single query in a new process takes 1 to 5 ms longer than in float32, since weights are quantized panel by panel.
//!
//! Tried without gain:
//!
//! - one kind of product (query, key and value, either half of the feed-forward layer) or the first and the last layer
//!   kept in float32 with the rest in 8-bit integers: the error of scores, 0.002 to 0.003, is unchanged or halved;
//! - the 14 x 32 tile of a product in compiled intrinsics: registers spill, at 43 % of the arithmetic peak;
//! - a block of assembly for each row, with registers left to the compiler: slower still;
//! - closures for the destination of a product: not inlined, so compiled without the instruction set; a trait is inlined;
//! - sums returned as arrays: copied through the stack, attention then takes 27 % of the time of long texts;
//! - quantizing all weights into separate memory at the first query: slower than panel by panel;
//! - tiles of 512 or 2,048 tokens instead of 1,024: no difference; nor of 256 in 8-bit integers.

mod dense;
mod error;
mod layer;
mod pooling;
mod precision;
mod run;
mod shape;
#[cfg(test)]
mod tests;
mod tiles;
mod weights;

pub use error::{EncoderError, TokensError};
pub use precision::{EncoderPrecision, UnknownPrecision};
pub use run::CpuEncoder;
pub use shape::BertShape;

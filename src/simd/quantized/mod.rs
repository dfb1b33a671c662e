//! Products in 8-bit integers.
//!
//! Weights have one scale for each output: a signed byte from -127 to 127, times the scale. Activations have a scale
//! and a zero point for each row: an unsigned byte less the zero point, times the scale. A row is quantized only by its
//! own values, so its vector does not depend on other rows. A product of the bytes is exact, in 32 bits and on every
//! CPU; `sum(a w) = scale_a scale_w (sum(bytes) - zero point x (sum of w's bytes))`.

mod activations;
mod linear;
mod multiply;
#[cfg(test)]
mod tests;
mod tile;
mod weights;

pub use linear::QuantizedLinear;

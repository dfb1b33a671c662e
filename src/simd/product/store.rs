//! The destination of a product.

use crate::simd::activation::Activation;

/// The destination of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// It replaces the output.
    Replace,
    /// It is added to the output.
    Add,
    /// It replaces the output, after this function.
    Activate(Activation),
}

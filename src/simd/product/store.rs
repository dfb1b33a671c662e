//! The destination of a product.

use crate::simd::activation::Activation;

/// The destination of a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// The product replaces the output.
    Replace,
    /// The product is added to the output.
    Add,
    /// The activation of the product replaces the output.
    Activate(Activation),
}

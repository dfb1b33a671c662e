//! Activation functions.

use super::transcendental::{exp2, times_normal_each};
use super::vector::Simd;

/// The function between the two products of a feed-forward layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// `x * Phi(x)`, Phi the normal distribution function (Hendrycks and Gimpel, arXiv 1606.08415); `gelu` in a
    /// model's configuration.
    Gelu,
    /// The approximation of GELU by a hyperbolic tangent, from the same paper; `gelu_new` and `gelu_pytorch_tanh`.
    GeluTanh,
    /// `max(x, 0)`; `relu`.
    Relu,
}

impl Activation {
    /// The function that `hidden_act` names in a model's configuration, if it is supported.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "gelu" => Some(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" => Some(Self::GeluTanh),
            "relu" => Some(Self::Relu),
            _ => None,
        }
    }

    #[inline(always)]
    pub(crate) fn apply_each<S: Simd, const N: usize>(
        self,
        simd: S,
        mut x: [S::Vector; N],
    ) -> [S::Vector; N] {
        match self {
            Self::Gelu => return times_normal_each(simd, x),
            Self::GeluTanh => {
                for x in &mut x {
                    *x = gelu_tanh(simd, *x);
                }
            }
            Self::Relu => {
                for x in &mut x {
                    *x = simd.maximum(*x, simd.splat(0.0));
                }
            }
        }
        x
    }
}

/// `x / (1 + exp(-2 z))`, z = sqrt(2 / pi) (x + 0.044715 x^3): equal to `x (1 + tanh z) / 2`.
#[inline(always)]
fn gelu_tanh<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    const CUBIC: f32 = 0.044_715;
    /// -2 sqrt(2 / pi) / ln 2: from z to a power of two.
    const POWER: f32 = -2.302_208_2;
    let square = simd.multiply(x, x);
    let cubic = simd.multiply_add(simd.multiply(square, simd.splat(CUBIC)), x, x);
    let power = simd.minimum(simd.multiply(cubic, simd.splat(POWER)), simd.splat(126.0));
    let one = simd.splat(1.0);
    simd.divide(x, simd.add(one, exp2(simd, power)))
}

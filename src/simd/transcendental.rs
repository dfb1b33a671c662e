//! Exponentials and the error function on vectors.
//!
//! The polynomials are our own minimax fits (iteratively reweighted least squares on Chebyshev nodes), their
//! coefficients rounded to float32. The errors below are measured by the tests.

use super::vector::Simd;

/// Below this, two to the power of it is not a normal float32.
const LEAST_EXPONENT: f32 = -126.0;

/// 2^fraction for fractions from -1/2 to 1/2, lowest power first.
const EXP2: [f32; 6] = [1.000_000_1, 0.693_146_94, 0.240_221_2, 0.055_507_13, 0.009_675_541, 0.001_327_647_1];

/// Beyond this, the normal distribution function is 0 or 1 to 8e-8.
const NORMAL_LIMIT: f32 = 5.25;

/// 2 / `NORMAL_LIMIT`^2: maps squares to [-1, 1], where the powers below do not cancel.
const NORMAL_SCALE: f32 = 0.072_562_36;

/// (normal distribution function at x, less 1/2) / x, in u = 2 (x / limit)^2 - 1, lowest power first.
const NORMAL: [f32; 14] = [
    0.134_659_35,
    -0.067_126_594,
    0.049_645_193,
    -0.039_771_218,
    0.032_045_26,
    -0.024_965_424,
    0.018_425_433,
    -0.013_090_512,
    0.008_839_717,
    -0.004_827_076_6,
    0.002_112_106,
    -0.001_619_676_4,
    0.001_362_166_5,
    -0.000_450_653_3,
];

/// Polynomials of `N` vectors, step by step together: each step waits for the previous one, and the CPU's queue does
/// not hold enough vectors that follow one another.
#[inline(always)]
fn polynomials<S: Simd, const TERMS: usize, const N: usize>(
    simd: S,
    x: [S::Vector; N],
    coefficients: &[f32; TERMS],
) -> [S::Vector; N] {
    let mut sums = [simd.splat(coefficients[TERMS - 1]); N];
    for &coefficient in coefficients[..TERMS - 1].iter().rev() {
        let coefficient = simd.splat(coefficient);
        for (sum, x) in sums.iter_mut().zip(x) {
            *sum = simd.multiply_add(*sum, x, coefficient);
        }
    }
    sums
}

/// Two to the power of `x`, for `x` up to 127: relative error at most 3e-7. Below -126 it is 2^-126.
#[inline(always)]
pub(crate) fn exp2<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    let x = simd.maximum(x, simd.splat(LEAST_EXPONENT));
    let whole = simd.round(x);
    let [power] = polynomials(simd, [simd.subtract(x, whole)], &EXP2);
    simd.scale_by_power_of_two(power, whole)
}

/// Each `x` times the normal distribution function at `x`: absolute error at most 4e-7 x max(1, |x|).
#[inline(always)]
pub(crate) fn times_normal_each<S: Simd, const N: usize>(simd: S, x: [S::Vector; N]) -> [S::Vector; N] {
    let (mut limited, mut u) = (x, x);
    for ((limited, u), x) in limited.iter_mut().zip(&mut u).zip(x) {
        *limited = simd.minimum(clamped(simd, x), simd.splat(NORMAL_LIMIT));
        let square = simd.multiply(*limited, *limited);
        *u = simd.multiply_add(square, simd.splat(NORMAL_SCALE), simd.splat(-1.0));
    }
    let mut values = polynomials(simd, u, &NORMAL);
    for ((value, limited), x) in values.iter_mut().zip(limited).zip(x) {
        let normal = simd.multiply_add(*value, limited, simd.splat(0.5));
        *value = simd.multiply(clamped(simd, x), normal);
    }
    values
}

/// Beyond the limit the polynomial's rounding error would be multiplied by `x`, so `x` is clamped where the result
/// should vanish.
#[inline(always)]
fn clamped<S: Simd>(simd: S, x: S::Vector) -> S::Vector {
    simd.maximum(x, simd.splat(-NORMAL_LIMIT))
}

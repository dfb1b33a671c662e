//! Plain Rust: 4 lanes that the compiler may put into one register.
//!
//! For every CPU that the other instruction sets do not cover.

use half::f16;

use super::{Operation, Simd};

const LANES: usize = 4;

/// Any CPU.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Portable;

#[inline(always)]
fn zip(left: [f32; LANES], right: [f32; LANES], combine: impl Fn(f32, f32) -> f32) -> [f32; LANES] {
    std::array::from_fn(|lane| combine(left[lane], right[lane]))
}

#[expect(unsafe_code, reason = "loads and stores through pointers")]
impl Simd for Portable {
    type Vector = [f32; LANES];

    const LANES: usize = LANES;
    const TILE_ROWS: usize = 4;

    #[inline]
    fn vectorize<O: Operation>(self, operation: O) -> O::Output {
        operation.run(self)
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    unsafe fn load_from(self, source: *const f32) -> [f32; LANES] {
        // SAFETY: the caller's promise; an array is aligned as its values are.
        unsafe { source.cast::<[f32; LANES]>().read_unaligned() }
    }

    #[inline(always)]
    unsafe fn store_to(self, vector: [f32; LANES], target: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { target.cast::<[f32; LANES]>().write_unaligned(vector) }
    }

    #[inline(always)]
    fn widen(self, halves: &[u8]) -> [f32; LANES] {
        let (halves, _) = halves[..2 * LANES].as_chunks();
        std::array::from_fn(|lane| f16::from_le_bytes(halves[lane]).to_f32())
    }

    #[inline(always)]
    fn add(self, left: [f32; LANES], right: [f32; LANES]) -> [f32; LANES] {
        zip(left, right, |left, right| left + right)
    }

    #[inline(always)]
    fn subtract(self, left: [f32; LANES], right: [f32; LANES]) -> [f32; LANES] {
        zip(left, right, |left, right| left - right)
    }

    #[inline(always)]
    fn multiply(self, left: [f32; LANES], right: [f32; LANES]) -> [f32; LANES] {
        zip(left, right, |left, right| left * right)
    }

    #[inline(always)]
    fn multiply_add(self, left: [f32; LANES], right: [f32; LANES], addend: [f32; LANES]) -> [f32; LANES] {
        // Rounded twice: without the instruction, `f32::mul_add` is a slow library call.
        self.add(self.multiply(left, right), addend)
    }

    #[inline(always)]
    fn maximum(self, left: [f32; LANES], right: [f32; LANES]) -> [f32; LANES] {
        zip(left, right, |left, right| if left > right { left } else { right })
    }

    #[inline(always)]
    fn minimum(self, left: [f32; LANES], right: [f32; LANES]) -> [f32; LANES] {
        zip(left, right, |left, right| if left < right { left } else { right })
    }

    #[inline(always)]
    fn divide(self, left: [f32; LANES], right: [f32; LANES]) -> [f32; LANES] {
        zip(left, right, |left, right| left / right)
    }

    #[inline(always)]
    fn round(self, vector: [f32; LANES]) -> [f32; LANES] {
        // Adding and subtracting 1.5 * 2^23 leaves no bits for a fraction; every caller stays within 2^22.
        const MAGIC: f32 = 12_582_912.0;
        vector.map(|value| (value + MAGIC) - MAGIC)
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, vector: [f32; LANES], exponent: [f32; LANES]) -> [f32; LANES] {
        zip(vector, exponent, |value, exponent| {
            value * f32::from_bits(((exponent as i32 + 127) << 23).cast_unsigned())
        })
    }

    #[inline(always)]
    fn sum_of_lanes(self, [a, b, c, d]: [f32; LANES]) -> f32 {
        (a + c) + (b + d)
    }

    #[inline(always)]
    fn greatest_lane(self, [a, b, c, d]: [f32; LANES]) -> f32 {
        a.max(c).max(b.max(d))
    }
}

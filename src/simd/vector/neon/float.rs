//! Vectors of four float32 lanes.

use std::arch::aarch64::{
    float32x4_t, int8x16_t, uint16x4_t, uint32x4_t, vaddq_f32, vaddq_s32, vaddvq_f32, vbslq_f32, vcltq_u32,
    vcombine_s16, vcvtnq_s32_f32, vcvtq_f32_s32, vdivq_f32, vdupq_n_f32, vdupq_n_s32, vdupq_n_u32, vfmaq_f32,
    vfmaq_laneq_f32, vget_lane_u32, vld1_u8, vld1q_f32, vld1q_s32, vld1q_u8, vld1q_u32, vmaxq_f32,
    vmaxvq_f32, vminq_f32, vmovn_s16, vmovn_s32, vmulq_f32, vreinterpret_u16_u8, vreinterpret_u32_s8,
    vreinterpretq_f32_f64, vreinterpretq_f32_s32, vreinterpretq_f32_u8, vreinterpretq_f32_u32,
    vreinterpretq_f64_f32, vreinterpretq_s8_s32, vreinterpretq_u32_f32, vrndnq_f32, vshlq_n_s32, vsliq_n_s32,
    vst1q_f32, vst1q_s8, vsubq_f32, vtrn1q_f32, vtrn1q_f64, vtrn2q_f32, vtrn2q_f64,
};
use std::arch::{asm, is_aarch64_feature_detected};

use super::lanes::{self, LaneProducts, SUMS};
use crate::simd::vector::{Operation, Simd, Tile};

const LANES: usize = 4;

/// A CPU with NEON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Neon(());

impl Neon {
    /// The proof, if this CPU has it.
    pub(crate) fn detect() -> Option<Self> {
        is_aarch64_feature_detected!("neon").then_some(Self(()))
    }
}

#[target_feature(enable = "neon")]
fn run_with_features<O: Operation>(simd: Neon, operation: O) -> O::Output {
    operation.run(simd)
}

/// Transposes 4 rows of 4 lanes: pairs of rows, then the halves.
#[inline]
#[target_feature(enable = "neon")]
fn transposed([a, b, c, d]: [float32x4_t; LANES]) -> [float32x4_t; LANES] {
    let (even_upper, odd_upper) =
        (vreinterpretq_f64_f32(vtrn1q_f32(a, b)), vreinterpretq_f64_f32(vtrn2q_f32(a, b)));
    let (even_lower, odd_lower) =
        (vreinterpretq_f64_f32(vtrn1q_f32(c, d)), vreinterpretq_f64_f32(vtrn2q_f32(c, d)));
    [
        vreinterpretq_f32_f64(vtrn1q_f64(even_upper, even_lower)),
        vreinterpretq_f32_f64(vtrn1q_f64(odd_upper, odd_lower)),
        vreinterpretq_f32_f64(vtrn2q_f64(even_upper, even_lower)),
        vreinterpretq_f32_f64(vtrn2q_f64(odd_upper, odd_lower)),
    ]
}

/// The lanes of float16 values. The intrinsic is not stable.
#[inline]
#[target_feature(enable = "neon")]
#[expect(unsafe_code, reason = "assembly")]
fn widened(halves: uint16x4_t) -> float32x4_t {
    let lanes: float32x4_t;
    // SAFETY: the instruction is part of NEON and only writes its register.
    unsafe {
        asm!(
            "fcvtl {lanes:v}.4s, {halves:v}.4h",
            lanes = lateout(vreg) lanes,
            halves = in(vreg) halves,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    lanes
}

/// The lowest byte of each lane, rounded to a whole number.
#[inline]
#[target_feature(enable = "neon")]
fn low_bytes(vector: float32x4_t) -> [u8; LANES] {
    let words = vmovn_s32(vcvtnq_s32_f32(vector));
    let bytes = vmovn_s16(vcombine_s16(words, words));
    vget_lane_u32::<0>(vreinterpret_u32_s8(bytes)).to_ne_bytes()
}

/// The lowest byte of the lanes of all vectors, the first lowest.
#[inline]
#[target_feature(enable = "neon")]
fn byte_fours([a, b, c, d]: [float32x4_t; 4]) -> int8x16_t {
    let two = vsliq_n_s32::<8>(vcvtnq_s32_f32(a), vcvtnq_s32_f32(b));
    let three = vsliq_n_s32::<16>(two, vcvtnq_s32_f32(c));
    vreinterpretq_s8_s32(vsliq_n_s32::<24>(three, vcvtnq_s32_f32(d)))
}

/// Adds `exponent` to the exponent field of a float32 of one.
#[inline]
#[target_feature(enable = "neon")]
fn power_of_two(exponent: float32x4_t) -> float32x4_t {
    let biased = vaddq_s32(vcvtnq_s32_f32(exponent), vdupq_n_s32(127));
    vreinterpretq_f32_s32(vshlq_n_s32::<23>(biased))
}

impl LaneProducts for Neon {
    #[inline(always)]
    #[expect(unsafe_code, reason = "calls intrinsics")]
    fn multiply_add<const LANE: i32>(
        self,
        sum: uint32x4_t,
        right: uint32x4_t,
        row: uint32x4_t,
    ) -> uint32x4_t {
        // SAFETY: `self` proves the features.
        unsafe {
            let (right, row) = (vreinterpretq_f32_u32(right), vreinterpretq_f32_u32(row));
            vreinterpretq_u32_f32(vfmaq_laneq_f32::<LANE>(vreinterpretq_f32_u32(sum), right, row))
        }
    }
}

#[expect(unsafe_code, reason = "calls intrinsics")]
impl Simd for Neon {
    type Vector = float32x4_t;

    const LANES: usize = LANES;
    const TILE_ROWS: usize = SUMS / 2;

    #[inline]
    fn vectorize<O: Operation>(self, operation: O) -> O::Output {
        // SAFETY: `self` proves the features.
        unsafe { run_with_features(self, operation) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> float32x4_t {
        // SAFETY: `self` proves the features, here and below.
        unsafe { vdupq_n_f32(value) }
    }

    #[inline(always)]
    unsafe fn load_from(self, source: *const f32) -> float32x4_t {
        // SAFETY: the caller's promise.
        unsafe { vld1q_f32(source) }
    }

    #[inline(always)]
    unsafe fn store_to(self, vector: float32x4_t, target: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { vst1q_f32(target, vector) }
    }

    #[inline(always)]
    unsafe fn tile_sums<const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile,
    ) -> [[float32x4_t; VECTORS]; ROWS] {
        // SAFETY: features; the caller's promise.
        unsafe {
            let sums = lanes::tile_sums::<_, _, _, ROWS, VECTORS>(self, tile);
            sums.map(|row| row.map(|sum| vreinterpretq_f32_u32(sum)))
        }
    }

    #[inline(always)]
    fn widen(self, halves: &[u8]) -> float32x4_t {
        assert!(halves.len() >= 2 * LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { widened(vreinterpret_u16_u8(vld1_u8(halves.as_ptr()))) }
    }

    #[inline(always)]
    fn load_bytes(self, bytes: &[u8]) -> float32x4_t {
        assert!(bytes.len() >= 4 * LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { vreinterpretq_f32_u8(vld1q_u8(bytes.as_ptr())) }
    }

    #[inline(always)]
    fn add(self, left: float32x4_t, right: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vaddq_f32(left, right) }
    }

    #[inline(always)]
    fn subtract(self, left: float32x4_t, right: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vsubq_f32(left, right) }
    }

    #[inline(always)]
    fn multiply(self, left: float32x4_t, right: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vmulq_f32(left, right) }
    }

    #[inline(always)]
    fn multiply_add(self, left: float32x4_t, right: float32x4_t, addend: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vfmaq_f32(addend, left, right) }
    }

    #[inline(always)]
    fn maximum(self, left: float32x4_t, right: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vmaxq_f32(left, right) }
    }

    #[inline(always)]
    fn minimum(self, left: float32x4_t, right: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vminq_f32(left, right) }
    }

    #[inline(always)]
    fn divide(self, left: float32x4_t, right: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vdivq_f32(left, right) }
    }

    #[inline(always)]
    fn round(self, vector: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vrndnq_f32(vector) }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, vector: float32x4_t, exponent: float32x4_t) -> float32x4_t {
        // SAFETY: features.
        unsafe { vmulq_f32(vector, power_of_two(exponent)) }
    }

    #[inline(always)]
    fn load_integers(self, integers: &[i32]) -> float32x4_t {
        assert!(integers.len() >= LANES, "a whole vector");
        // SAFETY: features; the slice is long enough.
        unsafe { vcvtq_f32_s32(vld1q_s32(integers.as_ptr())) }
    }

    #[inline(always)]
    fn store_as_bytes(self, vector: float32x4_t, target: &mut [u8]) {
        // SAFETY: features.
        let bytes = unsafe { low_bytes(vector) };
        if target.len() == LANES {
            target.copy_from_slice(&bytes);
        } else {
            target.copy_from_slice(&bytes[..target.len()]);
        }
    }

    #[inline(always)]
    fn store_byte_fours(self, vectors: [float32x4_t; 4], target: &mut [[i8; 4]]) {
        assert!(target.len() >= LANES, "four bytes for each lane");
        // SAFETY: features; the slice is long enough, and the store needs no alignment.
        unsafe { vst1q_s8(target.as_mut_ptr().cast(), byte_fours(vectors)) }
    }

    #[inline(always)]
    fn sum_of_lanes(self, vector: float32x4_t) -> f32 {
        // SAFETY: features.
        unsafe { vaddvq_f32(vector) }
    }

    #[inline(always)]
    fn greatest_lane(self, vector: float32x4_t) -> f32 {
        // SAFETY: features.
        unsafe { vmaxvq_f32(vector) }
    }

    #[inline(always)]
    fn keep_first(self, vector: float32x4_t, count: usize, fill: f32) -> float32x4_t {
        const INDEXES: [u32; LANES] = [0, 1, 2, 3];
        // SAFETY: features; the array is a whole vector.
        unsafe {
            let kept = vcltq_u32(vld1q_u32(INDEXES.as_ptr()), vdupq_n_u32(count as u32));
            vbslq_f32(kept, vector, vdupq_n_f32(fill))
        }
    }

    #[inline(always)]
    fn transpose(
        self,
        row: impl Fn(usize) -> float32x4_t,
        target: &mut [f32],
        stride: usize,
        columns: usize,
    ) {
        // SAFETY: features.
        let block = unsafe { transposed([row(0), row(1), row(2), row(3)]) };
        for (column, vector) in block[..columns].iter().enumerate() {
            self.store(*vector, &mut target[column * stride..]);
        }
    }
}

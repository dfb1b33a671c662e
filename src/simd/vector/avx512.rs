//! AVX-512: 16 lanes in 32 registers.

use std::arch::x86_64::{
    __m512, __m512i, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm_storeu_si128, _mm256_loadu_si256,
    _mm256_storeu_si256, _mm512_add_ps, _mm512_and_si512, _mm512_castpd_ps, _mm512_castps_pd,
    _mm512_cvtepi32_epi8, _mm512_cvtepi32_epi16, _mm512_cvtepi32_ps, _mm512_cvtph_ps, _mm512_cvtps_epi32,
    _mm512_div_ps, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_blend_epi16,
    _mm512_mask_blend_ps, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_or_si512, _mm512_reduce_add_ps,
    _mm512_reduce_max_ps, _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_epi16, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_shuffle_f32x4, _mm512_slli_epi16, _mm512_slli_epi32, _mm512_storeu_ps,
    _mm512_storeu_si512, _mm512_sub_ps, _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_pd,
    _mm512_unpacklo_ps,
};

use super::assembly::{define_tile_sums, define_zmm_tile_sums};
use super::{Operation, Simd, Tile};

const LANES: usize = 16;

/// A CPU with the AVX-512 subsets F, BW, DQ and VL, FMA and F16C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// The proof, if this CPU has them all.
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        all.then_some(Self(()))
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
fn run_with_features<O: Operation>(simd: Avx512, operation: O) -> O::Output {
    operation.run(simd)
}

/// Transposes 16 rows of 16 lanes: pairs of rows, then fours, then the 128-bit quarters.
#[inline]
#[target_feature(enable = "avx512f")]
fn transposed(rows: &[__m512; LANES]) -> [__m512; LANES] {
    let mut pairs = *rows;
    for index in (0..LANES).step_by(2) {
        pairs[index] = _mm512_unpacklo_ps(rows[index], rows[index + 1]);
        pairs[index + 1] = _mm512_unpackhi_ps(rows[index], rows[index + 1]);
    }
    // After this, quarter `q` of `fours[4 * g + j]` is column `4 * q + j` of rows `4 * g..4 * g + 4`.
    let mut fours = *rows;
    for group in (0..LANES).step_by(4) {
        for half in 0..2 {
            let (upper, lower) =
                (_mm512_castps_pd(pairs[group + half]), _mm512_castps_pd(pairs[group + half + 2]));
            fours[group + 2 * half] = _mm512_castpd_ps(_mm512_unpacklo_pd(upper, lower));
            fours[group + 2 * half + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(upper, lower));
        }
    }
    let mut columns = *rows;
    for j in 0..4 {
        let even_upper = _mm512_shuffle_f32x4::<0x88>(fours[j], fours[4 + j]);
        let odd_upper = _mm512_shuffle_f32x4::<0xdd>(fours[j], fours[4 + j]);
        let even_lower = _mm512_shuffle_f32x4::<0x88>(fours[8 + j], fours[12 + j]);
        let odd_lower = _mm512_shuffle_f32x4::<0xdd>(fours[8 + j], fours[12 + j]);
        columns[j] = _mm512_shuffle_f32x4::<0x88>(even_upper, even_lower);
        columns[4 + j] = _mm512_shuffle_f32x4::<0x88>(odd_upper, odd_lower);
        columns[8 + j] = _mm512_shuffle_f32x4::<0xdd>(even_upper, even_lower);
        columns[12 + j] = _mm512_shuffle_f32x4::<0xdd>(odd_upper, odd_lower);
    }
    columns
}

/// The lowest 16 bits of the lanes of both vectors, `first` below.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn word_pairs(first: __m512, second: __m512) -> __m512i {
    let second = _mm512_slli_epi32::<16>(_mm512_cvtps_epi32(second));
    _mm512_mask_blend_epi16(0xaaaa_aaaa, _mm512_cvtps_epi32(first), second)
}

/// The lowest byte of the lanes of all vectors, the first lowest.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn byte_fours([a, b, c, d]: [__m512; 4]) -> __m512i {
    let low = _mm512_and_si512(word_pairs(a, c), _mm512_set1_epi16(0xff));
    _mm512_or_si512(low, _mm512_slli_epi16::<8>(word_pairs(b, d)))
}

define_zmm_tile_sums! {
    feature: "avx512f,avx512dq",
    vector: __m512 = _mm512_setzero_ps(),
    elements: f32, f32,
    instructions: ["vfmadd231ps"] "vbroadcastss",
}

#[expect(unsafe_code, reason = "calls intrinsics")]
impl Simd for Avx512 {
    type Vector = __m512;

    const LANES: usize = LANES;
    const TILE_ROWS: usize = 14;

    #[inline]
    fn vectorize<O: Operation>(self, operation: O) -> O::Output {
        // SAFETY: `self` proves the features.
        unsafe { run_with_features(self, operation) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: `self` proves the features, here and below.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load_from(self, source: *const f32) -> __m512 {
        // SAFETY: the caller's promise.
        unsafe { _mm512_loadu_ps(source) }
    }

    #[inline(always)]
    unsafe fn store_to(self, vector: __m512, target: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm512_storeu_ps(target, vector) }
    }

    #[inline(always)]
    unsafe fn tile_sums<const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile,
    ) -> [[__m512; VECTORS]; ROWS] {
        // SAFETY: features; the caller's promise.
        unsafe { tile_sums(tile) }
    }

    #[inline(always)]
    fn widen(self, halves: &[u8]) -> __m512 {
        assert!(halves.len() >= 2 * LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(halves.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_bytes(self, bytes: &[u8]) -> __m512 {
        assert!(bytes.len() >= 4 * LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { _mm512_loadu_ps(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn add(self, left: __m512, right: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_add_ps(left, right) }
    }

    #[inline(always)]
    fn subtract(self, left: __m512, right: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_sub_ps(left, right) }
    }

    #[inline(always)]
    fn multiply(self, left: __m512, right: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_mul_ps(left, right) }
    }

    #[inline(always)]
    fn multiply_add(self, left: __m512, right: __m512, addend: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_fmadd_ps(left, right, addend) }
    }

    #[inline(always)]
    fn maximum(self, left: __m512, right: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_max_ps(left, right) }
    }

    #[inline(always)]
    fn minimum(self, left: __m512, right: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_min_ps(left, right) }
    }

    #[inline(always)]
    fn divide(self, left: __m512, right: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_div_ps(left, right) }
    }

    #[inline(always)]
    fn round(self, vector: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(vector) }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, vector: __m512, exponent: __m512) -> __m512 {
        // SAFETY: features.
        unsafe { _mm512_scalef_ps(vector, exponent) }
    }

    #[inline(always)]
    fn load_integers(self, integers: &[i32]) -> __m512 {
        assert!(integers.len() >= LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { _mm512_cvtepi32_ps(_mm512_loadu_si512(integers.as_ptr().cast())) }
    }

    #[inline(always)]
    fn store_as_bytes(self, vector: __m512, target: &mut [u8]) {
        // SAFETY: features.
        let bytes = unsafe { _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(vector)) };
        if target.len() == LANES {
            // SAFETY: features; there is room for 16 bytes, and the store needs no alignment.
            unsafe { _mm_storeu_si128(target.as_mut_ptr().cast(), bytes) }
        } else {
            let mut lanes = [0; LANES];
            // SAFETY: as above.
            unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast(), bytes) }
            target.copy_from_slice(&lanes[..target.len()]);
        }
    }

    #[inline(always)]
    fn store_as_words(self, vector: __m512, target: &mut [u8]) {
        // SAFETY: features.
        let words = unsafe { _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(vector)) };
        if target.len() == 2 * LANES {
            // SAFETY: features; there is room for 32 bytes, and the store needs no alignment.
            unsafe { _mm256_storeu_si256(target.as_mut_ptr().cast(), words) }
        } else {
            let mut lanes = [0; 2 * LANES];
            // SAFETY: as above.
            unsafe { _mm256_storeu_si256(lanes.as_mut_ptr().cast(), words) }
            target.copy_from_slice(&lanes[..target.len()]);
        }
    }

    #[inline(always)]
    fn store_word_pairs(self, first: __m512, second: __m512, target: &mut [[i8; 4]]) {
        assert!(target.len() >= LANES, "four bytes for each lane");
        // SAFETY: features; the slice is long enough, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), word_pairs(first, second)) }
    }

    #[inline(always)]
    fn store_byte_fours(self, vectors: [__m512; 4], target: &mut [[i8; 4]]) {
        assert!(target.len() >= LANES, "four bytes for each lane");
        // SAFETY: features; the slice is long enough, and the store needs no alignment.
        unsafe { _mm512_storeu_si512(target.as_mut_ptr().cast(), byte_fours(vectors)) }
    }

    #[inline(always)]
    fn sum_of_lanes(self, vector: __m512) -> f32 {
        // SAFETY: features.
        unsafe { _mm512_reduce_add_ps(vector) }
    }

    #[inline(always)]
    fn greatest_lane(self, vector: __m512) -> f32 {
        // SAFETY: features.
        unsafe { _mm512_reduce_max_ps(vector) }
    }

    #[inline(always)]
    fn keep_first(self, vector: __m512, count: usize, fill: f32) -> __m512 {
        let kept = (1_u32 << count) - 1;
        // SAFETY: features.
        unsafe { _mm512_mask_blend_ps(kept as u16, self.splat(fill), vector) }
    }

    #[inline(always)]
    fn transpose(self, row: impl Fn(usize) -> __m512, target: &mut [f32], stride: usize, columns: usize) {
        // SAFETY: features.
        let mut block = unsafe { [_mm512_setzero_ps(); LANES] };
        for (index, vector) in block.iter_mut().enumerate() {
            *vector = row(index);
        }
        // SAFETY: features.
        let block = unsafe { transposed(&block) };
        if columns == LANES {
            assert!(target.len() >= (LANES - 1) * stride + LANES, "room for the block");
            for (column, vector) in block.iter().enumerate() {
                // SAFETY: features; the check above.
                unsafe { _mm512_storeu_ps(target.as_mut_ptr().add(column * stride), *vector) }
            }
        } else {
            for (column, vector) in block[..columns].iter().enumerate() {
                self.store(*vector, &mut target[column * stride..]);
            }
        }
    }
}

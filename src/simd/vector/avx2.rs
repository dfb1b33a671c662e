//! AVX2: 8 lanes in 16 registers.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _mm_add_ps, _mm_add_ss,
    _mm_cvtss_f32, _mm_loadu_si128, _mm_max_ps, _mm_max_ss, _mm_movehl_ps, _mm_packs_epi32, _mm_set_epi8,
    _mm_shuffle_epi8, _mm_shuffle_ps, _mm_storel_epi64, _mm_storeu_si128, _mm256_add_epi32, _mm256_add_ps,
    _mm256_and_si256, _mm256_blend_epi16, _mm256_castps256_ps128, _mm256_castsi256_ps,
    _mm256_castsi256_si128, _mm256_cvtepi32_ps, _mm256_cvtph_ps, _mm256_cvtps_epi32, _mm256_div_ps,
    _mm256_extractf128_ps, _mm256_extracti128_si256, _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256,
    _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_or_si256, _mm256_permute2f128_ps, _mm256_round_ps,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_ps, _mm256_shuffle_ps,
    _mm256_slli_epi16, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_storeu_si256, _mm256_sub_ps,
    _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use super::assembly::{define_tile_sums, define_ymm_tile_sums};
use super::{Operation, Simd, Tile};

const LANES: usize = 8;

/// A CPU with AVX2, FMA and F16C.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// The proof, if this CPU has them all.
    pub(crate) fn detect() -> Option<Self> {
        let all = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("f16c");
        all.then_some(Self(()))
    }
}

#[target_feature(enable = "avx2,fma,f16c")]
fn run_with_features<O: Operation>(simd: Avx2, operation: O) -> O::Output {
    operation.run(simd)
}

/// Transposes 8 rows of 8 lanes: pairs of rows, then fours, then the halves.
#[inline]
#[target_feature(enable = "avx2")]
fn transposed(rows: [__m256; LANES]) -> [__m256; LANES] {
    let mut pairs = rows;
    for index in (0..LANES).step_by(2) {
        pairs[index] = _mm256_unpacklo_ps(rows[index], rows[index + 1]);
        pairs[index + 1] = _mm256_unpackhi_ps(rows[index], rows[index + 1]);
    }
    // After this, half `h` of `fours[4 * g + j]` is column `4 * h + j` of rows `4 * g..4 * g + 4`.
    let mut fours = rows;
    for group in (0..LANES).step_by(4) {
        for half in 0..2 {
            let (upper, lower) = (pairs[group + half], pairs[group + half + 2]);
            fours[group + 2 * half] = _mm256_shuffle_ps::<0x44>(upper, lower);
            fours[group + 2 * half + 1] = _mm256_shuffle_ps::<0xee>(upper, lower);
        }
    }
    let mut columns = rows;
    for j in 0..4 {
        columns[j] = _mm256_permute2f128_ps::<0x20>(fours[j], fours[4 + j]);
        columns[4 + j] = _mm256_permute2f128_ps::<0x31>(fours[j], fours[4 + j]);
    }
    columns
}

#[inline]
#[target_feature(enable = "avx2")]
fn sum_of_lanes(vector: __m256) -> f32 {
    let fours = _mm_add_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
    let pairs = _mm_add_ps(fours, _mm_movehl_ps(fours, fours));
    _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
}

#[inline]
#[target_feature(enable = "avx2")]
fn greatest_lane(vector: __m256) -> f32 {
    let fours = _mm_max_ps(_mm256_castps256_ps128(vector), _mm256_extractf128_ps::<1>(vector));
    let pairs = _mm_max_ps(fours, _mm_movehl_ps(fours, fours));
    _mm_cvtss_f32(_mm_max_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
}

/// The lanes, rounded to 16-bit integers.
#[inline]
#[target_feature(enable = "avx2")]
fn words(vector: __m256) -> __m128i {
    let whole = _mm256_cvtps_epi32(vector);
    _mm_packs_epi32(_mm256_castsi256_si128(whole), _mm256_extracti128_si256::<1>(whole))
}

/// The lowest byte of each lane of [`words`].
#[inline]
#[target_feature(enable = "avx2")]
fn low_bytes(words: __m128i) -> __m128i {
    let even = _mm_set_epi8(-1, -1, -1, -1, -1, -1, -1, -1, 14, 12, 10, 8, 6, 4, 2, 0);
    _mm_shuffle_epi8(words, even)
}

/// The lowest 16 bits of the lanes of both vectors, `first` below.
#[inline]
#[target_feature(enable = "avx2")]
fn word_pairs(first: __m256, second: __m256) -> __m256i {
    let second = _mm256_slli_epi32::<16>(_mm256_cvtps_epi32(second));
    _mm256_blend_epi16::<0b1010_1010>(_mm256_cvtps_epi32(first), second)
}

/// The lowest byte of the lanes of all vectors, the first lowest.
#[inline]
#[target_feature(enable = "avx2")]
fn byte_fours([a, b, c, d]: [__m256; 4]) -> __m256i {
    let low = _mm256_and_si256(word_pairs(a, c), _mm256_set1_epi16(0xff));
    _mm256_or_si256(low, _mm256_slli_epi16::<8>(word_pairs(b, d)))
}

/// Adds `exponent` to the exponent field of a float32 of one.
#[inline]
#[target_feature(enable = "avx2")]
fn power_of_two(exponent: __m256) -> __m256 {
    let biased = _mm256_add_epi32(_mm256_cvtps_epi32(exponent), _mm256_set1_epi32(127));
    _mm256_castsi256_ps(_mm256_slli_epi32::<23>(biased))
}

define_ymm_tile_sums! {
    feature: "avx2,fma",
    vector: __m256 = _mm256_setzero_ps(),
    elements: f32, f32,
    instructions: ["vfmadd231ps"] "vbroadcastss",
}

#[expect(unsafe_code, reason = "calls intrinsics")]
impl Simd for Avx2 {
    type Vector = __m256;

    const LANES: usize = LANES;
    const TILE_ROWS: usize = 6;

    #[inline]
    fn vectorize<O: Operation>(self, operation: O) -> O::Output {
        // SAFETY: `self` proves the features.
        unsafe { run_with_features(self, operation) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m256 {
        // SAFETY: `self` proves the features, here and below.
        unsafe { _mm256_set1_ps(value) }
    }

    #[inline(always)]
    unsafe fn load_from(self, source: *const f32) -> __m256 {
        // SAFETY: the caller's promise.
        unsafe { _mm256_loadu_ps(source) }
    }

    #[inline(always)]
    unsafe fn store_to(self, vector: __m256, target: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { _mm256_storeu_ps(target, vector) }
    }

    #[inline(always)]
    unsafe fn tile_sums<const ROWS: usize, const VECTORS: usize>(
        self,
        tile: Tile,
    ) -> [[__m256; VECTORS]; ROWS] {
        // SAFETY: features; the caller's promise.
        unsafe { tile_sums(tile) }
    }

    #[inline(always)]
    fn widen(self, halves: &[u8]) -> __m256 {
        assert!(halves.len() >= 2 * LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(halves.as_ptr().cast())) }
    }

    #[inline(always)]
    fn load_bytes(self, bytes: &[u8]) -> __m256 {
        assert!(bytes.len() >= 4 * LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { _mm256_loadu_ps(bytes.as_ptr().cast()) }
    }

    #[inline(always)]
    fn add(self, left: __m256, right: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_add_ps(left, right) }
    }

    #[inline(always)]
    fn subtract(self, left: __m256, right: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_sub_ps(left, right) }
    }

    #[inline(always)]
    fn multiply(self, left: __m256, right: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_mul_ps(left, right) }
    }

    #[inline(always)]
    fn multiply_add(self, left: __m256, right: __m256, addend: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_fmadd_ps(left, right, addend) }
    }

    #[inline(always)]
    fn maximum(self, left: __m256, right: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_max_ps(left, right) }
    }

    #[inline(always)]
    fn minimum(self, left: __m256, right: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_min_ps(left, right) }
    }

    #[inline(always)]
    fn divide(self, left: __m256, right: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_div_ps(left, right) }
    }

    #[inline(always)]
    fn round(self, vector: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(vector) }
    }

    #[inline(always)]
    fn scale_by_power_of_two(self, vector: __m256, exponent: __m256) -> __m256 {
        // SAFETY: features.
        unsafe { _mm256_mul_ps(vector, power_of_two(exponent)) }
    }

    #[inline(always)]
    fn load_integers(self, integers: &[i32]) -> __m256 {
        assert!(integers.len() >= LANES, "a whole vector");
        // SAFETY: features; the slice is long enough, and the load needs no alignment.
        unsafe { _mm256_cvtepi32_ps(_mm256_loadu_si256(integers.as_ptr().cast())) }
    }

    #[inline(always)]
    fn store_as_bytes(self, vector: __m256, target: &mut [u8]) {
        // SAFETY: features.
        let bytes = unsafe { low_bytes(words(vector)) };
        if target.len() == LANES {
            // SAFETY: features; there is room for 8 bytes, and the store needs no alignment.
            unsafe { _mm_storel_epi64(target.as_mut_ptr().cast(), bytes) }
        } else {
            let mut lanes = [0; LANES];
            // SAFETY: as above.
            unsafe { _mm_storel_epi64(lanes.as_mut_ptr().cast(), bytes) }
            target.copy_from_slice(&lanes[..target.len()]);
        }
    }

    #[inline(always)]
    fn store_as_words(self, vector: __m256, target: &mut [u8]) {
        // SAFETY: features.
        let words = unsafe { words(vector) };
        if target.len() == 2 * LANES {
            // SAFETY: features; there is room for 16 bytes, and the store needs no alignment.
            unsafe { _mm_storeu_si128(target.as_mut_ptr().cast(), words) }
        } else {
            let mut lanes = [0; 2 * LANES];
            // SAFETY: as above.
            unsafe { _mm_storeu_si128(lanes.as_mut_ptr().cast(), words) }
            target.copy_from_slice(&lanes[..target.len()]);
        }
    }

    #[inline(always)]
    fn store_word_pairs(self, first: __m256, second: __m256, target: &mut [[i8; 4]]) {
        assert!(target.len() >= LANES, "four bytes for each lane");
        // SAFETY: features; the slice is long enough, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(target.as_mut_ptr().cast(), word_pairs(first, second)) }
    }

    #[inline(always)]
    fn store_byte_fours(self, vectors: [__m256; 4], target: &mut [[i8; 4]]) {
        assert!(target.len() >= LANES, "four bytes for each lane");
        // SAFETY: features; the slice is long enough, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(target.as_mut_ptr().cast(), byte_fours(vectors)) }
    }

    #[inline(always)]
    fn sum_of_lanes(self, vector: __m256) -> f32 {
        // SAFETY: features.
        unsafe { sum_of_lanes(vector) }
    }

    #[inline(always)]
    fn greatest_lane(self, vector: __m256) -> f32 {
        // SAFETY: features.
        unsafe { greatest_lane(vector) }
    }

    #[inline(always)]
    fn transpose(self, row: impl Fn(usize) -> __m256, target: &mut [f32], stride: usize, columns: usize) {
        // SAFETY: features.
        let mut block = unsafe { [_mm256_setzero_ps(); LANES] };
        for (index, vector) in block.iter_mut().enumerate() {
            *vector = row(index);
        }
        // SAFETY: features.
        let block = unsafe { transposed(block) };
        for (column, vector) in block[..columns].iter().enumerate() {
            self.store(*vector, &mut target[column * stride..]);
        }
    }
}

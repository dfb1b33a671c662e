//! The choice of instructions for dot products.

use super::factors::{Factors, Vectors};
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::scalar;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::simd::instruction_set::{InstructionSet, Instructions};

impl InstructionSet {
    /// The dot product of two vectors, in float32.
    ///
    /// Lane `j` of sixteen sums the products of the components `j`, `j + 16`, `j + 32` and so on, in order, each with
    /// one fused multiply-add that starts from zero; vectors whose length is not a multiple of 16 count as padded with
    /// zeros. Then lane `j` adds lane `j + 8`, then `j + 4`, `j + 2` and `j + 1`, and lane 0 is the result. Every
    /// instruction set gives the same bits (except for the payload of a NaN), and so do [`InstructionSet::dots`] and
    /// [`InstructionSet::dots_many`]: a row's score does not depend on how it was computed.
    ///
    /// For vectors of `n` components and without overflow, the result differs from the exact one by no more
    /// than `(n.div_ceil(16) + 6) * 2^-24` times the sum of the absolute products, plus `n * 2^-149`.
    ///
    /// # Panics
    ///
    /// If the lengths differ.
    #[must_use]
    pub fn dot(self, a: &[f32], b: &[f32]) -> f32 {
        assert_eq!(a.len(), b.len(), "the factors of a dot product have the same length");
        let mut score = [0.0];
        self.multiply(Factors { queries: Vectors::one(a), rows: Vectors::one(b) }, &mut score);
        score[0]
    }

    /// The dot product of `query` with each of `rows`, which lie one after another: as many rows as `scores`
    /// has places, each as long as `query`. The scores are those of [`InstructionSet::dot`], bit for bit.
    ///
    /// # Panics
    ///
    /// If `rows` is not as long as that.
    pub fn dots(self, query: &[f32], rows: &[f32], scores: &mut [f32]) {
        assert_eq!(rows.len(), scores.len() * query.len(), "one score for each row as long as the query");
        let rows = Vectors::first(rows, query.len(), scores.len());
        self.multiply(Factors { queries: Vectors::one(query), rows }, scores);
    }

    /// The dot product of each of `queries` with each of `rows`. The score of query `q` and row `r` goes to
    /// `scores[q * rows.len() + r]`, and is that of [`InstructionSet::dot`], bit for bit.
    ///
    /// # Panics
    ///
    /// If the widths differ, or there is not one score for each pair.
    pub fn dots_many(self, queries: Vectors<'_>, rows: Vectors<'_>, scores: &mut [f32]) {
        assert_eq!(queries.width, rows.width, "queries have the width of the rows");
        assert_eq!(scores.len(), queries.len() * rows.len(), "one score for each pair of query and row");
        self.multiply(Factors { queries, rows }, scores);
    }

    #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
    fn multiply(self, factors: Factors<'_>, scores: &mut [f32]) {
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX2 and AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(_) => unsafe { avx512::multiply(factors, scores) },
            // SAFETY: all are made only after AVX2 and FMA were detected.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => unsafe {
                avx2::multiply(factors, scores);
            },
            // SAFETY: all are made only after NEON was detected.
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(_) | Instructions::DotProduct(_) | Instructions::Neon(_) => unsafe {
                neon::multiply(factors, scores);
            },
            Instructions::Scalar => scalar::multiply(factors, scores),
        }
    }
}

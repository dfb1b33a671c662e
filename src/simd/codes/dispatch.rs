//! The choice of the instructions for codes.

use super::layout::{BLOCK, GROUP};
use super::narrow_queries::NarrowQueries;
#[cfg(target_arch = "aarch64")]
use super::neon;
use super::parts::{CoarseRows, FineRows};
use super::portable;
use super::wide_query::WideQuery;
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::simd::instruction_set::{InstructionSet, Instructions};

impl InstructionSet {
    /// Joins the parts of each row: rows x blocks, the last block of a row padded with zeros.
    ///
    /// # Panics
    ///
    /// If the parts differ in rows or blocks, or there is not one array for each block.
    pub fn unpack(self, coarse: CoarseRows<'_>, fine: FineRows<'_>, codes: &mut [[u8; BLOCK]]) {
        assert_eq!((coarse.len(), coarse.blocks()), (fine.len(), fine.blocks()), "rows have two parts");
        assert_eq!(codes.len(), coarse.len() * coarse.blocks(), "every block has its place");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512(_) => unsafe { avx512::unpack(coarse, fine, codes) },
            // SAFETY: all are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => unsafe {
                avx2::unpack(coarse, fine, codes);
            },
            // SAFETY: all are made only after NEON was detected.
            #[cfg(target_arch = "aarch64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::I8mm(_) | Instructions::DotProduct(_) | Instructions::Neon(_) => unsafe {
                neon::unpack(coarse, fine, codes);
            },
            Instructions::Scalar => portable::unpack(coarse, fine, codes),
        }
    }

    /// Twice the dot product of `query` with the values that the coarse parts of the codes of each row stand for.
    ///
    /// # Panics
    ///
    /// If there is not one sum for each row, or rows and query differ in blocks.
    pub fn coarse_sums(self, query: &WideQuery, rows: CoarseRows<'_>, sums: &mut [i32]) {
        assert_eq!(rows.len(), sums.len(), "one sum for each row");
        assert_eq!(rows.blocks(), query.values.len(), "rows have the width of the query");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512(_) => unsafe { avx512::coarse_sums(query, rows, sums) },
            // SAFETY: all are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => unsafe {
                avx2::coarse_sums(query, rows, sums);
            },
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(i8mm) => neon::coarse_sums(i8mm.dot_product(), query, rows, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProduct(dot_product) => neon::coarse_sums(dot_product, query, rows, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(neon) => neon::coarse_sums(neon, query, rows, sums),
            Instructions::Scalar => portable::coarse_sums(query, rows, sums),
        }
        query.centre(sums, 8, 253);
    }

    /// The amounts to add to [`InstructionSet::coarse_sums`] to get twice the dot product of `query` with the codes of
    /// each row.
    ///
    /// # Panics
    ///
    /// If there is not one sum for each row, or rows and query differ in blocks.
    pub fn fine_sums(self, query: &WideQuery, rows: FineRows<'_>, sums: &mut [i32]) {
        assert_eq!(rows.len(), sums.len(), "one sum for each row");
        assert_eq!(rows.blocks(), query.values.len(), "rows have the width of the query");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512(_) => unsafe { avx512::fine_sums(query, rows, sums) },
            // SAFETY: all are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => unsafe {
                avx2::fine_sums(query, rows, sums);
            },
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(i8mm) => neon::fine_sums(i8mm.dot_product(), query, rows, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProduct(dot_product) => neon::fine_sums(dot_product, query, rows, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(neon) => neon::fine_sums(neon, query, rows, sums),
            Instructions::Scalar => portable::fine_sums(query, rows, sums),
        }
        query.centre(sums, 2, 3);
    }

    /// Whether this CPU multiplies bytes faster than wider integers, so that [`InstructionSet::narrow_sums`] of many
    /// queries is faster than [`InstructionSet::coarse_sums`] of each query.
    #[must_use]
    pub const fn multiplies_bytes(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512(_)
            | Instructions::Avx512WithoutVnni(_)
            | Instructions::AvxVnni(..)
            | Instructions::Avx2(_) => true,
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(_) | Instructions::DotProduct(_) | Instructions::Neon(_) => true,
            Instructions::Scalar => false,
        }
    }

    /// The largest magnitude of a component of the [`NarrowQueries`] that these instructions multiply.
    #[must_use]
    pub const fn largest_narrow(self) -> i8 {
        match self.0 {
            // Two products with a byte have to fit a 16-bit integer.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => 64,
            _ => 127,
        }
    }

    /// The dot product of each of `queries` with the values that the codes of each row stand for. The rows have the
    /// layout of [`InstructionSet::unpack`]. The sum of row `r` of `n` and query `q` is `sums[q / GROUP * n + r][q %
    /// GROUP]`.
    ///
    /// # Panics
    ///
    /// If rows and queries differ in blocks, there is not one sum for each pair, or the queries have a
    /// component above [`InstructionSet::largest_narrow`].
    pub fn narrow_sums(self, queries: &NarrowQueries, rows: &[[u8; BLOCK]], sums: &mut [[i32; GROUP]]) {
        assert!(rows.len().is_multiple_of(queries.blocks()), "rows have the width of the queries");
        let row_count = rows.len() / queries.blocks();
        assert_eq!(row_count * queries.group_count(), sums.len(), "one sum for each row and query");
        assert!(queries.largest <= self.largest_narrow().unsigned_abs(), "pairs of products fit 16 bits");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512(_) => unsafe { avx512::narrow_sums(queries, rows, sums) },
            // SAFETY: all are made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512WithoutVnni(_) | Instructions::AvxVnni(..) | Instructions::Avx2(_) => unsafe {
                avx2::narrow_sums(queries, rows, sums);
            },
            #[cfg(target_arch = "aarch64")]
            Instructions::I8mm(i8mm) => neon::narrow_sums(i8mm.dot_product(), queries, rows, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::DotProduct(dot_product) => neon::narrow_sums(dot_product, queries, rows, sums),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon(neon) => neon::narrow_sums(neon, queries, rows, sums),
            Instructions::Scalar => portable::narrow_sums(queries, rows, sums),
        }
    }
}

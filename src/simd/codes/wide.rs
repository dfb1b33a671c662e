//! One query of 16-bit integers times one part of many rows.

use super::super::{Instructions, Kernel};
use super::{BLOCK, CoarseRows, FineRows, padded, portable};
#[cfg(target_arch = "x86_64")]
use super::{PartRows, avx2, avx512, prefetch};

/// A query of 16-bit integers.
#[derive(Debug, Clone)]
pub struct WideQuery {
    /// The components, padded with zeros.
    pub(super) values: Vec<[i16; BLOCK]>,
    /// The same as `256 * planes[0] + planes[1]`, both of them signed bytes in two's complement.
    pub(super) planes: Vec<[[u8; BLOCK]; 2]>,
    /// The sum of the components, modulo 2^32.
    sum: i32,
}

impl WideQuery {
    /// The largest magnitude of a component: `127 * 256 + 127`, so that both of its bytes have a sign.
    pub const LARGEST: i16 = 32_639;

    /// The largest sum of the magnitudes of all components: times twice 128, it fits a 32-bit integer.
    pub const LARGEST_SUM: u32 = (1 << 23) - 1;

    /// A query of those components.
    ///
    /// # Panics
    ///
    /// If there are none, or they are larger than [`WideQuery::LARGEST`] and [`WideQuery::LARGEST_SUM`] allow.
    #[must_use]
    pub fn new(components: &[i16]) -> Self {
        assert!(!components.is_empty(), "a query has components");
        let sum: u64 = components.iter().map(|value| u64::from(value.unsigned_abs())).sum();
        assert!(sum <= u64::from(Self::LARGEST_SUM), "the sums of products fit 32 bits");
        let allowed = -Self::LARGEST..=Self::LARGEST;
        assert!(components.iter().all(|value| allowed.contains(value)), "both bytes have a sign");
        let values: Vec<[i16; BLOCK]> = components.chunks(BLOCK).map(padded).collect();
        let plane =
            |block: &[i16; BLOCK], index: usize| block.map(|value| two_bytes(value)[index].cast_unsigned());
        let planes = values.iter().map(|block| [plane(block, 0), plane(block, 1)]).collect();
        Self { values, planes, sum: components.iter().map(|&value| i32::from(value)).sum() }
    }

    /// Turns sums of products with a part as it is kept into those with what it stands for: `part * unit - raised_by`.
    fn centre(&self, sums: &mut [i32], unit: i32, raised_by: i32) {
        let raised = raised_by.wrapping_mul(self.sum);
        for sum in sums {
            *sum = sum.wrapping_mul(unit).wrapping_sub(raised);
        }
    }
}

impl Kernel {
    /// Twice the sum over the components of `query` times what the coarse parts of the codes of each row stand for.
    ///
    /// # Panics
    ///
    /// If there is not one sum for each row, or the rows have not as many blocks as the query.
    pub fn coarse_sums(self, query: &WideQuery, rows: CoarseRows<'_>, sums: &mut [i32]) {
        assert_eq!(rows.len(), sums.len(), "one sum for each row");
        assert_eq!(rows.blocks(), query.values.len(), "rows have the width of the query");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512 => unsafe { avx512::coarse_sums(query, rows, sums) },
            // SAFETY: `Instructions::Avx2` is made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx2 => unsafe { avx2::coarse_sums(query, rows, sums) },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => portable::coarse_sums(query, rows, sums),
            Instructions::Scalar => portable::coarse_sums(query, rows, sums),
        }
        query.centre(sums, 8, 253);
    }

    /// What the fine parts add to [`Kernel::coarse_sums`] to make twice the sum over the components of `query` times
    /// the codes of each row.
    ///
    /// # Panics
    ///
    /// If there is not one sum for each row, or the rows have not as many blocks as the query.
    pub fn fine_sums(self, query: &WideQuery, rows: FineRows<'_>, sums: &mut [i32]) {
        assert_eq!(rows.len(), sums.len(), "one sum for each row");
        assert_eq!(rows.blocks(), query.values.len(), "rows have the width of the query");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512 => unsafe { avx512::fine_sums(query, rows, sums) },
            // SAFETY: `Instructions::Avx2` is made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx2 => unsafe { avx2::fine_sums(query, rows, sums) },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => portable::fine_sums(query, rows, sums),
            Instructions::Scalar => portable::fine_sums(query, rows, sums),
        }
        query.centre(sums, 2, 3);
    }
}

/// Computes the sums of `ROWS` rows at a time by `tile`.
///
/// Inlined, so that it is compiled with the instructions of its caller.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(super) fn wide_sums<const BYTES: usize, const ROWS: usize>(
    rows: PartRows<'_, BYTES>,
    sums: &mut [i32],
    tile: impl Fn([&[[u8; BYTES]]; ROWS]) -> [i32; ROWS],
) {
    for (index, sums) in sums.chunks_mut(ROWS).enumerate() {
        if let Some(bytes) = rows.run(index * ROWS, ROWS) {
            prefetch::ahead_of(bytes);
        }
        sums.iter_mut().zip(tile(rows.tile(index * ROWS))).for_each(|(sum, total)| *sum = total);
    }
}

/// `value` as 256 times a signed byte, which comes first, plus another.
fn two_bytes(value: i16) -> [i8; 2] {
    let low = value.to_le_bytes()[0].cast_signed();
    let high = (i32::from(value) - i32::from(low)) / 256;
    [i8::try_from(high).expect("a component is at most `WideQuery::LARGEST`"), low]
}

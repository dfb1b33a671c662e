//! Exact integer products of bytes and small integers: the first pass over quantized rows.
//!
//! A row is bytes from 0 to 255 that stand for -128 to 127. One query is multiplied with many rows as integers of
//! 16 bits, which costs nothing where the reading of the rows sets the pace. Many queries are integers of 8 bits,
//! packed so that each lane of a register belongs to a query of its own: a row is then read once for sixteen
//! queries, and nothing has to be summed across lanes.
//!
//! Sums are exact, so every kernel gives the same ones, and the order of additions does not matter. They may wrap
//! around on the way, as all of it is done modulo 2^32 and the result is known to fit.

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod ceiling;
mod portable;
#[cfg(target_arch = "x86_64")]
mod prefetch;
#[cfg(test)]
mod tests;

pub use ceiling::{Ceilings, Scaling};

use super::picked::Picked;
use super::{Instructions, Kernel};

/// The queries that are multiplied at a time, each in a lane of its own.
pub const GROUP: usize = 16;

/// What a byte of a row has been raised by, to have no sign.
pub const RAISED_BY: u8 = 128;

/// The components of a row in blocks of one 512-bit register.
const BLOCK: usize = 64;

/// Bytes of rows, one row after another, each behind some bytes that do not belong to it.
#[derive(Debug, Clone, Copy)]
pub struct ByteRows<'a> {
    bytes: &'a [u8],
    skipped: usize,
    width: usize,
    picked: Picked<'a>,
}

impl<'a> ByteRows<'a> {
    /// The rows of `width` bytes in `bytes`, each behind `skipped` others.
    ///
    /// # Panics
    ///
    /// If `width` is 0, or `bytes` is not a whole number of rows with what is skipped.
    #[must_use]
    pub fn new(bytes: &'a [u8], skipped: usize, width: usize) -> Self {
        let stride = skipped + width;
        assert!(width > 0 && bytes.len().is_multiple_of(stride), "a matrix holds whole rows");
        Self { bytes, skipped, width, picked: Picked::First(bytes.len() / stride) }
    }

    /// The rows of those numbers, counted from 0, in that order. A number without a row panics when the row is
    /// needed.
    #[must_use]
    pub const fn at(self, numbers: &'a [u32]) -> Self {
        Self { picked: Picked::At(numbers), ..self }
    }

    /// The number of rows.
    #[must_use]
    #[inline]
    pub const fn len(&self) -> usize {
        self.picked.len()
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the rows follow one another.
    #[inline]
    const fn are_a_run(&self) -> bool {
        matches!(self.picked, Picked::First(_))
    }

    /// `N` rows from `start` on; the last one again where there are fewer.
    #[inline]
    fn tile<const N: usize>(&self, start: usize) -> [&'a [u8]; N] {
        let stride = self.skipped + self.width;
        self.picked.tile(start).map(|number| &self.bytes[number * stride..][self.skipped..stride])
    }
}

/// A query of 16-bit integers.
#[derive(Debug, Clone)]
pub struct WideQuery {
    width: usize,
    /// The components, padded with zeros.
    values: Vec<[i16; BLOCK]>,
    /// The same as `256 * planes[0] + planes[1]`, both of them signed bytes in two's complement.
    planes: Vec<[[u8; BLOCK]; 2]>,
    /// What the raising of the rows adds to every sum.
    raised: i32,
}

impl WideQuery {
    /// The largest magnitude of a component: `127 * 256 + 127`, so that both of its bytes have a sign.
    pub const LARGEST: i16 = 32_639;

    /// The largest sum of the magnitudes of all components: times 128, it fits a 32-bit integer.
    pub const LARGEST_SUM: u32 = (1 << 24) - 1;

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
        Self { width: components.len(), values, planes, raised: raised(components.iter().copied()) }
    }
}

/// The sixteen queries of a group: four components of each, then the next four, signed bytes in two's complement.
type Group = Vec<[u8; BLOCK]>;

/// Queries of 8-bit integers, in groups of [`GROUP`].
#[derive(Debug, Clone)]
pub struct NarrowQueries {
    width: usize,
    /// The largest magnitude of a component.
    largest: u8,
    groups: Vec<Group>,
    /// What the raising of the rows adds to every sum of a query.
    raised: Vec<[i32; GROUP]>,
}

impl NarrowQueries {
    /// The queries in `components`, `width` of them each. The last group is filled with queries of zeros.
    ///
    /// # Panics
    ///
    /// If `width` is 0 or above 65,536, or `components` is not a whole number of queries.
    #[must_use]
    pub fn new(components: &[i8], width: usize) -> Self {
        assert!((1..=1 << 16).contains(&width), "the sums of products fit 32 bits");
        assert!(components.len().is_multiple_of(width), "queries are whole vectors");
        let largest = components.iter().map(|value| value.unsigned_abs()).max().unwrap_or(0);
        let mut queries = Self { width, largest, groups: Vec::new(), raised: Vec::new() };
        for members in components.chunks(GROUP * width) {
            let mut group = vec![[0; BLOCK]; width.div_ceil(4)];
            let mut group_raised = [0; GROUP];
            for (lane, query) in members.chunks_exact(width).enumerate() {
                for (component, value) in query.iter().enumerate() {
                    group[component / 4][lane * 4 + component % 4] = value.cast_unsigned();
                }
                group_raised[lane] = raised(query.iter().map(|&value| i16::from(value)));
            }
            queries.groups.push(group);
            queries.raised.push(group_raised);
        }
        queries
    }

    /// The number of groups.
    #[must_use]
    pub fn group_count(&self) -> usize {
        self.groups.len()
    }
}

impl Kernel {
    /// The sum over the components of `query` times the bytes of each row, less [`RAISED_BY`].
    ///
    /// # Panics
    ///
    /// If there is not one sum for each row, or the rows have not the width of the query.
    pub fn wide_sums(self, query: &WideQuery, rows: ByteRows<'_>, sums: &mut [i32]) {
        assert_eq!(rows.len(), sums.len(), "one sum for each row");
        assert_eq!(rows.width, query.width, "rows have the width of the query");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512 => unsafe { avx512::wide_sums(query, rows, sums) },
            // SAFETY: `Instructions::Avx2` is made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx2 => unsafe { avx2::wide_sums(query, rows, sums) },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => portable::wide_sums(query, rows, sums),
            Instructions::Scalar => portable::wide_sums(query, rows, sums),
        }
    }

    /// Whether this CPU multiplies bytes faster than wider integers, so that [`Kernel::narrow_sums`] of many queries
    /// are faster than [`Kernel::wide_sums`] of one after another.
    #[must_use]
    pub const fn multiplies_bytes(self) -> bool {
        match self.0 {
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 | Instructions::Avx2 => true,
            // NEON alone multiplies bytes as fast as 16-bit integers.
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => false,
            Instructions::Scalar => false,
        }
    }

    /// The largest magnitude of a component of the [`NarrowQueries`] that this kernel multiplies.
    #[must_use]
    pub const fn largest_narrow(self) -> i8 {
        match self.0 {
            // Two products with a byte have to fit a 16-bit integer.
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => 64,
            _ => 127,
        }
    }

    /// The sum over the components of each of `queries` times the bytes of each row, less [`RAISED_BY`]. The
    /// sum of row `r` and query `q` is `sums[q / GROUP * rows.len() + r][q % GROUP]`.
    ///
    /// # Panics
    ///
    /// If there is not one sum for each pair, the rows have not the width of the queries, or the queries have a
    /// component above [`Kernel::largest_narrow`].
    pub fn narrow_sums(self, queries: &NarrowQueries, rows: ByteRows<'_>, sums: &mut [[i32; GROUP]]) {
        assert_eq!(rows.len() * queries.group_count(), sums.len(), "one sum for each row and query");
        assert_eq!(rows.width, queries.width, "rows have the width of the queries");
        assert!(queries.largest <= self.largest_narrow().unsigned_abs(), "pairs of products fit the kernel");
        match self.0 {
            // SAFETY: `Instructions::Avx512` is made only after AVX-512 F, BW, VL and VNNI were detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx512 => unsafe { avx512::narrow_sums(queries, rows, sums) },
            // SAFETY: `Instructions::Avx2` is made only after AVX2 was detected.
            #[cfg(target_arch = "x86_64")]
            #[expect(unsafe_code, reason = "called after the CPU was asked for its instructions")]
            Instructions::Avx2 => unsafe { avx2::narrow_sums(queries, rows, sums) },
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => portable::narrow_sums(queries, rows, sums),
            Instructions::Scalar => portable::narrow_sums(queries, rows, sums),
        }
    }
}

/// A tile of sums: `GROUPS` groups of queries times `ROWS` rows.
type Tile<const GROUPS: usize, const ROWS: usize> = [[[i32; GROUP]; GROUPS]; ROWS];

/// Fills the sums of `GROUPS` groups from `first_group` on for all rows, as [`Kernel::narrow_sums`] lays them out.
#[inline]
fn narrow_sums_in_tiles<const GROUPS: usize, const ROWS: usize>(
    queries: &NarrowQueries,
    first_group: usize,
    rows: ByteRows<'_>,
    sums: &mut [[i32; GROUP]],
    tile: impl Fn([&Group; GROUPS], [[i32; GROUP]; GROUPS], [&[u8]; ROWS]) -> Tile<GROUPS, ROWS>,
) {
    let groups = std::array::from_fn(|group| &queries.groups[first_group + group]);
    let start = std::array::from_fn(|group| queries.raised[first_group + group].map(i32::wrapping_neg));
    for first_row in (0..rows.len()).step_by(ROWS) {
        let tile = tile(groups, start, rows.tile(first_row));
        for (row, tile) in (first_row..rows.len()).zip(tile) {
            for (group, tile) in (first_group..).zip(tile) {
                sums[group * rows.len() + row] = tile;
            }
        }
    }
}

/// [`RAISED_BY`] times the sum of the components, modulo 2^32.
fn raised(components: impl Iterator<Item = i16>) -> i32 {
    components.fold(0, |sum: i32, value| sum.wrapping_add(i32::from(RAISED_BY) * i32::from(value)))
}

/// `values` in arrays, but for a rest that does not fill one.
#[inline]
fn whole<const N: usize>(bytes: &[u8]) -> &[[u8; N]] {
    bytes.as_chunks().0
}

/// The rest that does not fill an array, padded with zeros.
#[inline]
fn padded_rest<const N: usize>(bytes: &[u8]) -> [[u8; N]; 1] {
    [padded(bytes.as_chunks::<N>().1)]
}

fn padded<T: Copy + Default, const N: usize>(values: &[T]) -> [T; N] {
    let mut padded = [T::default(); N];
    padded[..values.len()].copy_from_slice(values);
    padded
}

/// `value` as 256 times a signed byte, which comes first, plus another.
fn two_bytes(value: i16) -> [i8; 2] {
    let low = value.to_le_bytes()[0].cast_signed();
    let high = (i32::from(value) - i32::from(low)) / 256;
    [i8::try_from(high).expect("a component is at most `WideQuery::LARGEST`"), low]
}

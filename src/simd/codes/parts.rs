//! The two parts of codes of one byte: the upper six bits, which are read first, and the lower two.
//!
//! A row is cut into blocks of 64 codes, the last padded with zeros. A block takes
//!
//! | part | bytes | byte `i` of these holds, from its lowest bits up |
//! | --- | --- | --- |
//! | coarse | 0..32 | bits 2..6 of the codes `i` and `i + 32` |
//! | coarse | 32..48 | bits 6..8 of the codes `i`, `i + 16`, `i + 32` and `i + 48` |
//! | fine | 0..16 | bits 0..2 of the codes `i`, `i + 16`, `i + 32` and `i + 48` |
//!
//! so that a few shifts and masks of whole registers restore the codes of a block in order.

use super::layout::{BLOCK, COARSE_BYTES, FINE_BYTES, padded};
use crate::simd::picked::Picked;

/// One part of some rows, one row after another, each after bytes that do not belong to the part.
#[derive(Debug, Clone, Copy)]
pub struct PartRows<'a, const BYTES: usize> {
    bytes: &'a [u8],
    skipped: usize,
    /// The distance from the start of a row to that of the next.
    stride: usize,
    picked: Picked<'a>,
}

/// The coarse parts of rows.
pub type CoarseRows<'a> = PartRows<'a, COARSE_BYTES>;

/// The fine parts of rows.
pub type FineRows<'a> = PartRows<'a, FINE_BYTES>;

impl<'a, const BYTES: usize> PartRows<'a, BYTES> {
    /// The part in `bytes` of rows of `width` codes, each after `skipped` other bytes.
    ///
    /// # Panics
    ///
    /// If `width` is 0, or `bytes` is not a whole number of rows with their skipped bytes.
    #[must_use]
    pub fn new(bytes: &'a [u8], skipped: usize, width: usize) -> Self {
        let stride = skipped + width.div_ceil(BLOCK) * BYTES;
        assert!(width > 0 && bytes.len().is_multiple_of(stride), "a matrix holds whole rows");
        Self { bytes, skipped, stride, picked: Picked::First(bytes.len() / stride) }
    }

    /// The rows of those numbers, counted from 0, in that order. A number without a row panics when the row is read.
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

    /// The number of blocks of a row.
    #[inline]
    pub(super) const fn blocks(&self) -> usize {
        (self.stride - self.skipped) / BYTES
    }

    /// All bytes of at most `count` rows from `start` on, if the rows follow one another.
    #[inline]
    pub(super) fn run(&self, start: usize, count: usize) -> Option<&'a [u8]> {
        let rows = start * self.stride..self.len().min(start + count) * self.stride;
        matches!(self.picked, Picked::First(_)).then(|| &self.bytes[rows])
    }

    /// The blocks of `N` rows from `start` on; if there are fewer, the last row is repeated.
    #[inline]
    pub(super) fn tile<const N: usize>(&self, start: usize) -> [&'a [[u8; BYTES]]; N] {
        let row = |number| &self.bytes[number * self.stride..][self.skipped..self.stride];
        self.picked.tile(start).map(|number| row(number).as_chunks().0)
    }
}

/// Writes the two parts of the codes of a row.
///
/// # Panics
///
/// If a part does not have the size of its codes.
pub fn pack(codes: &[u8], coarse: &mut [u8], fine: &mut [u8]) {
    let blocks = codes.len().div_ceil(BLOCK);
    assert_eq!(coarse.len(), blocks * COARSE_BYTES, "the coarse part has its place");
    assert_eq!(fine.len(), blocks * FINE_BYTES, "the fine part has its place");
    let parts = coarse.as_chunks_mut::<COARSE_BYTES>().0.iter_mut().zip(fine.as_chunks_mut().0);
    for (codes, (coarse, fine)) in codes.chunks(BLOCK).zip(parts) {
        pack_block(&padded(codes), coarse, fine);
    }
}

fn pack_block(codes: &[u8; BLOCK], coarse: &mut [u8; COARSE_BYTES], fine: &mut [u8; FINE_BYTES]) {
    let (lower_coarse, upper_coarse) = coarse.split_at_mut(BLOCK / 2);
    for (index, byte) in lower_coarse.iter_mut().enumerate() {
        let bits = |code: u8| (code >> 2) & 0b1111;
        *byte = bits(codes[index]) | bits(codes[index + 32]) << 4;
    }
    for (index, (coarse, fine)) in upper_coarse.iter_mut().zip(fine).enumerate() {
        let codes = [codes[index], codes[index + 16], codes[index + 32], codes[index + 48]];
        let pairs = |pair: fn(u8) -> u8| (0..4).fold(0, |byte, part| byte | pair(codes[part]) << (2 * part));
        (*coarse, *fine) = (pairs(|code| code >> 6), pairs(|code| code & 0b11));
    }
}

/// Joins the blocks of each row, two parts at a time.
#[inline(always)]
pub(super) fn unpack_blocks(
    coarse: CoarseRows<'_>,
    fine: FineRows<'_>,
    codes: &mut [[u8; BLOCK]],
    unpack: impl Fn(&[u8; COARSE_BYTES], &[u8; FINE_BYTES], &mut [u8; BLOCK]),
) {
    for (row, codes) in codes.chunks_exact_mut(coarse.blocks()).enumerate() {
        let ([coarse], [fine]) = (coarse.tile(row), fine.tile(row));
        for ((coarse, fine), codes) in coarse.iter().zip(fine).zip(codes) {
            unpack(coarse, fine, codes);
        }
    }
}

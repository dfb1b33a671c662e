//! Checksums of rows and of their codes, compared while a scan reads them.
//!
//! A row has a checksum of its own, since rows are read one by one. The codes of [`ROWS_OF_A_BLOCK`] rows share one for
//! each part: CRC-32 of longer stretches costs less a byte. The codes of rows after the last whole block have none, and a
//! scan that checks does not use them.
//!
//! | bytes | content |
//! | --- | --- |
//! | 264 b + 4 r | CRC-32 (IEEE) of the float32 values of row r of block b |
//! | 264 b + 256 | CRC-32 of the coarse codes of block b, once it is whole |
//! | 264 b + 260 | CRC-32 of its fine codes |
//!
//! Numbers are little-endian. Bytes are only ever appended as rows are.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::Rows;
use super::blocks::Block;
use super::codes::{Codes, coarse_record_size, fine_record_size};
use crate::vectors::RowId;

/// Rows whose codes share a checksum.
pub const ROWS_OF_A_BLOCK: usize = 64;

const CHECKSUM_BYTES: usize = size_of::<u32>();
const COARSE_AT: usize = ROWS_OF_A_BLOCK * CHECKSUM_BYTES;
const FINE_AT: usize = COARSE_AT + CHECKSUM_BYTES;
const BLOCK_BYTES: usize = FINE_AT + CHECKSUM_BYTES;

/// The bytes of the checksums of `rows` rows.
#[must_use]
pub const fn checksums_size(rows: usize) -> usize {
    rows / ROWS_OF_A_BLOCK * BLOCK_BYTES + rows % ROWS_OF_A_BLOCK * CHECKSUM_BYTES
}

/// The checksum of a row.
#[must_use]
pub fn row_checksum(row: &[f32]) -> u32 {
    crc32fast::hash(bytemuck::cast_slice(row))
}

/// Borrowed checksums of rows and codes.
#[derive(Debug, Clone, Copy)]
pub struct Checksums<'a>(&'a [u8]);

impl<'a> Checksums<'a> {
    /// The checksums of `rows` rows; `None` if `bytes` is not as long as the checksums of `rows` rows.
    #[must_use]
    pub fn new(bytes: &'a [u8], rows: usize) -> Option<Self> {
        (bytes.len() == checksums_size(rows)).then_some(Self(bytes))
    }

    /// The checksum of a row.
    ///
    /// # Panics
    ///
    /// If there is no such row.
    #[must_use]
    pub fn row(&self, row: RowId) -> u32 {
        self.at(checksums_size(row.0 as usize))
    }

    /// The checksums of both parts of the codes of a whole block.
    ///
    /// # Panics
    ///
    /// If there is no such block.
    #[must_use]
    pub fn codes(&self, block: usize) -> (u32, u32) {
        (self.at(block * BLOCK_BYTES + COARSE_AT), self.at(block * BLOCK_BYTES + FINE_AT))
    }

    fn at(&self, place: usize) -> u32 {
        u32::from_le_bytes(*self.0[place..].first_chunk().expect("checksums have four bytes each"))
    }
}

/// What differs from its checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// The values of a row.
    Row(RowId),
    /// The coarse codes of the block that starts with a row.
    CoarseCodes(RowId),
    /// The fine codes of the block that starts with a row.
    FineCodes(RowId),
}

/// What scans have compared with the checksums of one matrix so far. Codes are compared once, rows whenever they are read.
#[derive(Debug)]
pub struct Checked {
    coarse: BlockSet,
    fine: BlockSet,
    difference: OnceLock<Difference>,
}

impl Checked {
    /// Nothing yet, of `rows` rows.
    #[must_use]
    pub fn new(rows: usize) -> Self {
        let blocks = rows / ROWS_OF_A_BLOCK;
        Self { coarse: BlockSet::new(blocks), fine: BlockSet::new(blocks), difference: OnceLock::new() }
    }

    /// A difference that was found: what was scanned so far may be wrong.
    #[must_use]
    pub fn difference(&self) -> Option<Difference> {
        self.difference.get().copied()
    }

    fn report(&self, difference: Difference) {
        // One is enough, whichever thread is first.
        let _another_was_first = self.difference.set(difference);
    }
}

/// A set of blocks that threads add to.
#[derive(Debug)]
struct BlockSet(Box<[AtomicU64]>);

impl BlockSet {
    fn new(blocks: usize) -> Self {
        Self((0..blocks.div_ceil(64)).map(|_| AtomicU64::new(0)).collect())
    }

    fn contains(&self, block: usize) -> bool {
        self.0[block / 64].load(Relaxed) >> (block % 64) & 1 == 1
    }

    fn insert(&self, block: usize) {
        self.0[block / 64].fetch_or(1 << (block % 64), Relaxed);
    }
}

/// Compares what a scan is about to read. A difference stops nothing; whoever asked for the scan looks at
/// [`Checked::difference`] afterwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard<'a> {
    pub(super) checksums: Checksums<'a>,
    pub(super) checked: &'a Checked,
}

impl Guard<'_> {
    pub(super) fn check_rows(&self, rows: Rows<'_>, block: &Block<'_>) {
        for row in block.rows() {
            if row_checksum(rows.row(row)) != self.checksums.row(row) {
                self.checked.report(Difference::Row(row));
            }
        }
    }

    pub(super) fn check_coarse(&self, codes: Codes<'_>, block: &Block<'_>) {
        let size = coarse_record_size(codes.dimension()) * ROWS_OF_A_BLOCK;
        self.check_blocks(
            &self.checked.coarse,
            block,
            |number| {
                crc32fast::hash(&codes.coarse()[number * size..][..size]) == self.checksums.codes(number).0
            },
            Difference::CoarseCodes,
        );
    }

    pub(super) fn check_fine(&self, codes: Codes<'_>, block: &Block<'_>) {
        let size = fine_record_size(codes.dimension()) * ROWS_OF_A_BLOCK;
        self.check_blocks(
            &self.checked.fine,
            block,
            |number| {
                crc32fast::hash(&codes.fine()[number * size..][..size]) == self.checksums.codes(number).1
            },
            Difference::FineCodes,
        );
    }

    /// Checks the blocks of checksums that the rows of `block` lie in, each once for all scans.
    fn check_blocks(
        &self,
        checked: &BlockSet,
        block: &Block<'_>,
        is_whole: impl Fn(usize) -> bool,
        difference: fn(RowId) -> Difference,
    ) {
        let check = |number: usize| {
            if !checked.contains(number) {
                if !is_whole(number) {
                    self.checked.report(difference(RowId((number * ROWS_OF_A_BLOCK) as u32)));
                }
                checked.insert(number);
            }
        };
        match block {
            Block::Run(rows) if !rows.is_empty() => {
                (rows.start as usize / ROWS_OF_A_BLOCK..=(rows.end - 1) as usize / ROWS_OF_A_BLOCK)
                    .for_each(check);
            }
            Block::Run(_) => {}
            Block::Scattered(rows) => rows.iter().map(|&row| row as usize / ROWS_OF_A_BLOCK).for_each(check),
        }
    }
}

//! The header of a file of rows or of their codes: the one place that knows its byte offsets.
//!
//! | offset | bytes | field |
//! | ---: | ---: | --- |
//! | 0 | 8 | magic: `\x89embed\r\n` (a transfer in text mode changes it) |
//! | 8 | 4 | version of this layout |
//! | 12 | 4 | kind of the records: 1 is float32 components, 2 and 3 the coarse and fine [codes](codes), 4 [checksums](crate::scan::checksums) |
//! | 16 | 4 | dimension |
//! | 20 | 4 | zero |
//! | 24 | 8 | generation |
//! | 32 | 16 | the id of the index |
//! | 48 | 4,044 | zero |
//! | 4,092 | 4 | CRC-32 (IEEE) of all bytes before it |
//!
//! Numbers are little-endian. The rows follow at offset 4,096, a page boundary, so that a mapped file can be
//! read in place. Magic, version and checksum keep their place in every later version: damage and novelty
//! stay distinguishable.

use std::path::Path;

use super::error::{Damage, Error};
use super::settings::IndexId;
use crate::scan::checksums::{ROWS_OF_A_BLOCK, checksums_size};
use crate::scan::codes;
use crate::vectors::Dimension;

/// The version of this layout: what this module writes, and the newest that it reads. The version of the
/// catalog (`schema.rs`) is independent of it.
const LAYOUT_VERSION: u32 = 1;

/// The length of a header, and so the offset of row 0, in bytes.
pub(super) const HEADER_BYTES: usize = 4096;

const MAGIC: [u8; 8] = *b"\x89embed\r\n";

const VERSION_AT: usize = MAGIC.len();
const KIND_AT: usize = VERSION_AT + size_of::<u32>();
const DIMENSION_AT: usize = KIND_AT + size_of::<u32>();
const RESERVED_AT: usize = DIMENSION_AT + size_of::<u32>();
const GENERATION_AT: usize = RESERVED_AT + size_of::<u32>();
const INDEX_AT: usize = GENERATION_AT + size_of::<u64>();
const CHECKSUM_AT: usize = HEADER_BYTES - size_of::<u32>();

const _: () = assert!(INDEX_AT + size_of::<IndexId>() == 48, "the table above and the constants agree");

/// What a file holds for each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordKind {
    /// The components, as float32.
    Components = 1,
    /// The coarse part of the codes, which are made from the components.
    CoarseCodes = 2,
    /// The fine part of the codes.
    FineCodes = 3,
    /// The checksums of rows and codes.
    Checksums = 4,
}

/// What the header of a file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// The index that the file belongs to.
    pub(super) index: IndexId,
    /// The generation whose rows the file holds.
    pub(super) generation: u64,
    /// The components of a row.
    pub(super) dimension: Dimension,
    /// What the file holds for each row.
    pub(super) kind: RecordKind,
}

impl Header {
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut put = |at: usize, field: &[u8]| bytes[at..at + field.len()].copy_from_slice(field);
        put(0, &MAGIC);
        put(VERSION_AT, &LAYOUT_VERSION.to_le_bytes());
        put(KIND_AT, &(self.kind as u32).to_le_bytes());
        put(DIMENSION_AT, &dimension_number(self.dimension).to_le_bytes());
        put(GENERATION_AT, &self.generation.to_le_bytes());
        put(INDEX_AT, &self.index.to_bytes());
        let checksum = crc32fast::hash(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..].copy_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// Checks that `bytes`, read from the file at `path`, are this header.
    ///
    /// # Errors
    ///
    /// [`Error::NewerFormat`], or [`Error::Corrupt`] with the first difference.
    pub(super) fn check(self, bytes: &[u8; HEADER_BYTES], path: &Path) -> Result<(), Error> {
        self.difference(bytes, path)?.map_or(Ok(()), |what| Err(Error::corrupt(path, what)))
    }

    fn difference(self, bytes: &[u8; HEADER_BYTES], path: &Path) -> Result<Option<Damage>, Error> {
        if !bytes.starts_with(&MAGIC) {
            return Ok(Some(Damage::HeaderMagic));
        }
        if crc32fast::hash(&bytes[..CHECKSUM_AT]) != u32_at(bytes, CHECKSUM_AT) {
            return Ok(Some(Damage::HeaderChecksum));
        }
        let found = u32_at(bytes, VERSION_AT);
        if found > LAYOUT_VERSION {
            return Err(Error::NewerFormat { path: path.to_path_buf(), found, supported: LAYOUT_VERSION });
        }
        let kind = u32_at(bytes, KIND_AT);
        let dimension = u32_at(bytes, DIMENSION_AT);
        let generation = u64::from_le_bytes(field_at(bytes, GENERATION_AT));
        let expected = dimension_number(self.dimension);
        Ok(if kind != self.kind as u32 {
            Some(Damage::RecordKind { found: kind })
        } else if IndexId::from_bytes(field_at(bytes, INDEX_AT)) != self.index {
            Some(Damage::ForeignIndex)
        } else if generation != self.generation {
            Some(Damage::Generation { found: generation, expected: self.generation })
        } else if dimension != expected {
            Some(Damage::Dimension { found: dimension, expected })
        } else {
            None
        })
    }

    /// The length of a file of `rows` rows in bytes, and so the place of what is appended for the next row. Codes are
    /// written a whole block of [`ROWS_OF_A_BLOCK`] rows at a time.
    pub(super) const fn file_bytes(self, rows: u32) -> u64 {
        let coded = whole_blocks(rows) as usize;
        let records = match self.kind {
            RecordKind::Components => rows as usize * self.dimension.get() * size_of::<f32>(),
            RecordKind::CoarseCodes => coded * codes::coarse_record_size(self.dimension),
            RecordKind::FineCodes => coded * codes::fine_record_size(self.dimension),
            RecordKind::Checksums => checksums_size(rows as usize),
        };
        (HEADER_BYTES + records) as u64
    }
}

/// The rows of whole blocks among the first `rows`.
const fn whole_blocks(rows: u32) -> u32 {
    rows - rows % ROWS_OF_A_BLOCK as u32
}

fn dimension_number(dimension: Dimension) -> u32 {
    u32::try_from(dimension.get()).expect("a dimension is at most Dimension::MAX")
}

fn u32_at(bytes: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes(field_at(bytes, at))
}

fn field_at<const LENGTH: usize>(bytes: &[u8; HEADER_BYTES], at: usize) -> [u8; LENGTH] {
    *bytes[at..].first_chunk().expect("every field lies within the header")
}

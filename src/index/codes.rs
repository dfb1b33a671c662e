//! The codes of the whole blocks of rows of one generation, in a file for each part.

use std::path::PathBuf;

use super::error::Error;
use super::folder::Folder;
use super::header::{HEADER_BYTES, Header, RecordKind};
use super::record_file::{RecordFile, map};
use crate::mapped_file::MappedFile;
use crate::scan::codes::{Codes, Encoded};
use crate::vectors::Dimension;

/// The writer's view of the codes.
#[derive(Debug)]
pub(super) struct CodeFiles {
    coarse: RecordFile,
    fine: RecordFile,
}

/// The headers of both parts of the codes of rows with that header.
pub(super) const fn headers(rows: Header) -> (Header, Header) {
    (Header { kind: RecordKind::CoarseCodes, ..rows }, Header { kind: RecordKind::FineCodes, ..rows })
}

impl CodeFiles {
    /// Creates files without codes, for rows with that header, at the `place` of each part.
    pub(super) fn create(rows: Header, place: impl Fn(Header) -> PathBuf) -> Result<Self, Error> {
        let create = |header| RecordFile::create(place(header), header);
        let (coarse, fine) = headers(rows);
        Ok(Self { coarse: create(coarse)?, fine: create(fine)? })
    }

    /// Opens files with the codes of `committed` rows or more, and cuts off what is beyond them.
    pub(super) fn open(folder: &Folder, rows: Header, committed: u32) -> Result<Self, Error> {
        let open = |header| RecordFile::open(folder, header, committed);
        let (coarse, fine) = headers(rows);
        Ok(Self { coarse: open(coarse)?, fine: open(fine)? })
    }

    /// Writes codes of whole blocks, the first of which starts with row `first_row`.
    pub(super) fn write(&mut self, first_row: u32, codes: &Encoded) -> Result<(), Error> {
        self.coarse.write(first_row, &codes.coarse)?;
        self.fine.write(first_row, &codes.fine)
    }

    /// Both files.
    pub(super) fn files(&mut self) -> [&mut RecordFile; 2] {
        [&mut self.coarse, &mut self.fine]
    }
}

/// The codes of committed rows, mapped into memory.
#[derive(Debug)]
pub(super) struct MappedCodes {
    coarse: MappedFile,
    fine: MappedFile,
    dimension: Dimension,
}

impl MappedCodes {
    /// Maps the codes of the whole blocks of the first `committed` rows with that header.
    pub(super) fn open(folder: &Folder, rows: Header, committed: u32) -> Result<Self, Error> {
        let (coarse, fine) = headers(rows);
        let (coarse, fine) = (map(folder, coarse, committed)?, map(folder, fine, committed)?);
        Ok(Self { coarse, fine, dimension: rows.dimension })
    }

    /// Whether another program cut one of the files short while it was mapped.
    pub(super) fn was_truncated(&self) -> bool {
        self.coarse.was_truncated() || self.fine.was_truncated()
    }

    pub(super) fn codes(&self) -> Codes<'_> {
        Codes::new(records(&self.coarse), records(&self.fine), self.dimension)
            .expect("the codes of as many rows are mapped of both parts")
    }
}

/// The bytes of a mapped file after its header.
pub(super) fn records(file: &MappedFile) -> &[u8] {
    &file.as_slice()[HEADER_BYTES..]
}

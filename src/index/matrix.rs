//! The rows of one generation with their codes: appended by the writer, mapped by readers.

use std::path::Path;

use super::codes::{CodeFiles, MappedCodes};
use super::error::Error;
use super::folder::Folder;
use super::header::{HEADER_BYTES, Header};
use super::record_file::{RecordFile, map};
use crate::mapped_file::MappedFile;
use crate::scan::Rows;
use crate::scan::codes::Codes;

#[cfg(target_endian = "big")]
compile_error!("rows are little-endian on disk and are read in place: this machine would need a conversion");

/// Rows that are read and written at a time.
pub(super) const ROWS_AT_A_TIME: u32 = 1024;

/// The writer's view of the rows and of their codes, which are written together.
#[derive(Debug)]
pub(super) struct MatrixFile {
    rows: RecordFile,
    codes: CodeFiles,
}

impl MatrixFile {
    /// Creates files without rows. Files of those names were never named by a catalog, and are overwritten.
    pub(super) fn create(folder: &Folder, header: Header) -> Result<Self, Error> {
        let rows = RecordFile::create(folder.records(header), header)?;
        Ok(Self { rows, codes: CodeFiles::create(header, |header| folder.records(header))? })
    }

    /// Opens files that hold `committed` rows or more, and cuts off what is beyond them. Codes that are missing
    /// or damaged are made again.
    ///
    /// A writer that died before its commit wrote that tail. No reader sees it: readers map the committed length,
    /// which never falls within a generation.
    pub(super) fn open(folder: &Folder, header: Header, committed: u32) -> Result<Self, Error> {
        let rows = RecordFile::open(folder, header, committed)?;
        match CodeFiles::open(folder, header, committed) {
            Err(Error::Corrupt { .. }) => Self::with_new_codes(rows, folder, committed),
            codes => Ok(Self { rows, codes: codes? }),
        }
    }

    fn with_new_codes(rows: RecordFile, folder: &Folder, committed: u32) -> Result<Self, Error> {
        // Renamed once they are complete, so that no reader uses a part of them.
        let codes = CodeFiles::create(rows.header(), |header| folder.new_records(header))?;
        let mut matrix = Self { rows, codes };
        let mut buffer = Vec::new();
        for first_row in (0..committed).step_by(ROWS_AT_A_TIME as usize) {
            let count = ROWS_AT_A_TIME.min(committed - first_row);
            buffer.resize(count as usize * matrix.header().dimension.get(), 0.0);
            matrix.read(first_row, &mut buffer)?;
            matrix.write_codes(first_row, &buffer)?;
        }
        matrix.codes.sync()?;
        matrix.codes.rename(|header| folder.records(header))?;
        folder.sync()?;
        Ok(matrix)
    }

    /// The header of the rows.
    pub(super) const fn header(&self) -> Header {
        self.rows.header()
    }

    /// Writes `vectors` (rows x dimension) from row `first_row` on. They last only after
    /// [`MatrixFile::sync`].
    pub(super) fn write(&mut self, first_row: u32, vectors: &[f32]) -> Result<(), Error> {
        self.rows.write(first_row, bytemuck::cast_slice(vectors))?;
        self.write_codes(first_row, vectors)
    }

    fn write_codes(&mut self, first_row: u32, vectors: &[f32]) -> Result<(), Error> {
        self.codes.write(first_row, Rows::new(vectors, self.header().dimension))
    }

    /// Reads rows from `first_row` on into `vectors` (rows x dimension).
    pub(super) fn read(&mut self, first_row: u32, vectors: &mut [f32]) -> Result<(), Error> {
        self.rows.read(first_row, bytemuck::cast_slice_mut(vectors))
    }

    /// Syncs every written row to the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.rows.sync()?;
        self.codes.sync()
    }

    /// The file of the rows.
    pub(super) fn path(&self) -> &Path {
        self.rows.path()
    }
}

/// The committed rows of a generation and their codes, mapped into memory.
///
/// [`MappedFile`] requires that nobody shortens the files or changes committed rows. Writers of this module write
/// beyond the committed rows only, and remove files whole. If another program truncates a file, a process that
/// reads the lost pages gets a bus error.
#[derive(Debug)]
pub(super) struct MappedRows {
    rows: MappedFile,
    codes: Option<MappedCodes>,
}

impl MappedRows {
    /// Maps the first `committed` rows of a generation, in a time that does not depend on their number.
    ///
    /// Unusable codes are ignored, since they only make a scan faster.
    pub(super) fn open(folder: &Folder, header: Header, committed: u32) -> Result<Self, Error> {
        let rows = map(folder, header, committed)?;
        Ok(Self { rows, codes: MappedCodes::open(folder, header, committed).ok() })
    }

    /// The rows, one after another: rows x dimension.
    pub(super) fn values(&self) -> &[f32] {
        // A map begins on a page and the header is a multiple of 4 bytes, so the cast cannot fail.
        bytemuck::cast_slice(&self.rows.as_slice()[HEADER_BYTES..])
    }

    /// The codes of all rows, if the generation has usable ones.
    pub(super) fn codes(&self) -> Option<Codes<'_>> {
        self.codes.as_ref().map(MappedCodes::codes)
    }
}

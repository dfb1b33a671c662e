//! The rows of one generation and their codes as files: appended by the writer, mapped by readers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::{Action, Damage, Error};
use super::folder::Folder;
use super::header::{Encoding, HEADER_BYTES, Header};
use crate::mapped_file::MappedFile;
use crate::scan::Rows;
use crate::scan::codes::{self, Codes};
use crate::vectors::Dimension;

/// Rows that are read and written at a time.
pub(super) const ROWS_AT_A_TIME: u32 = 1024;

#[cfg(target_endian = "big")]
compile_error!("rows are little-endian on disk and are read in place: this machine would need a conversion");

/// The writer's view of the rows and of their codes, which are written together.
#[derive(Debug)]
pub(super) struct MatrixFile {
    rows: RecordFile,
    codes: RecordFile,
}

impl MatrixFile {
    /// Creates files of no rows. Files of those names are leftovers that no catalog ever named, and are
    /// overwritten.
    pub(super) fn create(folder: &Folder, header: Header) -> Result<Self, Error> {
        let codes = Header { encoding: Encoding::Codes, ..header };
        let create = |header| RecordFile::create(folder.records(header), header);
        Ok(Self { rows: create(header)?, codes: create(codes)? })
    }

    /// Opens files that hold `committed` rows or more, and cuts off what is beyond them. Codes that are missing
    /// or damaged are made again.
    ///
    /// The tail was written by a writer that died before its commit. No reader can see it: readers map the
    /// committed length, and the committed length of a generation never falls.
    pub(super) fn open(folder: &Folder, header: Header, committed: u32) -> Result<Self, Error> {
        let rows = RecordFile::open(folder, header, committed)?;
        let codes_header = Header { encoding: Encoding::Codes, ..header };
        match RecordFile::open(folder, codes_header, committed) {
            Err(Error::Corrupt { .. }) => Self::with_new_codes(rows, folder, codes_header, committed),
            codes => Ok(Self { rows, codes: codes? }),
        }
    }

    fn with_new_codes(
        rows: RecordFile,
        folder: &Folder,
        codes_header: Header,
        committed: u32,
    ) -> Result<Self, Error> {
        // Named when they are whole: a file of that name that is too short is damage.
        let (path, new) = (folder.records(codes_header), folder.new_records(codes_header));
        let mut matrix = Self { rows, codes: RecordFile::create(new, codes_header)? };
        matrix.encode(committed)?;
        fs::rename(&matrix.codes.path, &path).map_err(Error::io(&path, Action::Rename))?;
        folder.sync()?;
        matrix.codes.path = path;
        Ok(matrix)
    }

    /// Makes the codes of the first `committed` rows, and syncs them.
    fn encode(&mut self, committed: u32) -> Result<(), Error> {
        let mut buffer = Vec::new();
        for first_row in (0..committed).step_by(ROWS_AT_A_TIME as usize) {
            let count = ROWS_AT_A_TIME.min(committed - first_row);
            buffer.resize(count as usize * self.header().dimension.get(), 0.0);
            self.read(first_row, &mut buffer)?;
            self.write_codes(first_row, &buffer)?;
        }
        self.codes.sync()
    }

    /// The header of the rows.
    pub(super) const fn header(&self) -> Header {
        self.rows.header
    }

    /// Writes `vectors` (rows x dimension) from row `first_row` on. They last only after
    /// [`MatrixFile::sync`].
    pub(super) fn write(&mut self, first_row: u32, vectors: &[f32]) -> Result<(), Error> {
        self.rows.write(first_row, bytemuck::cast_slice(vectors))?;
        self.write_codes(first_row, vectors)
    }

    fn write_codes(&mut self, first_row: u32, vectors: &[f32]) -> Result<(), Error> {
        let rows = Rows::new(vectors, self.header().dimension);
        self.codes.write(first_row, &codes::encode_rows(rows))
    }

    /// Reads rows from `first_row` on into `vectors` (rows x dimension).
    pub(super) fn read(&mut self, first_row: u32, vectors: &mut [f32]) -> Result<(), Error> {
        self.rows.read(first_row, bytemuck::cast_slice_mut(vectors))
    }

    /// Makes every written row outlive a loss of power.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.rows.sync()?;
        self.codes.sync()
    }

    /// The file of the rows.
    pub(super) fn path(&self) -> &Path {
        &self.rows.path
    }
}

/// A header and records of one length.
#[derive(Debug)]
struct RecordFile {
    file: File,
    path: PathBuf,
    header: Header,
}

impl RecordFile {
    fn create(path: PathBuf, header: Header) -> Result<Self, Error> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        let mut file = file.map_err(Error::io(&path, Action::Create))?;
        file.write_all(&header.to_bytes()).map_err(Error::io(&path, Action::Write))?;
        let records = Self { file, path, header };
        records.sync()?;
        Ok(records)
    }

    fn open(folder: &Folder, header: Header, committed: u32) -> Result<Self, Error> {
        let path = folder.records(header);
        let file = open_checked(OpenOptions::new().read(true).write(true), &path, header, committed)?;
        let length = header.file_bytes(committed);
        if file.metadata().map_err(Error::io(&path, Action::Read))?.len() > length {
            file.set_len(length).map_err(Error::io(&path, Action::Write))?;
        }
        Ok(Self { file, path, header })
    }

    fn write(&mut self, first_row: u32, records: &[u8]) -> Result<(), Error> {
        let start = SeekFrom::Start(self.header.file_bytes(first_row));
        let written = self.file.seek(start).and_then(|_| self.file.write_all(records));
        written.map_err(Error::io(&self.path, Action::Write))
    }

    fn read(&mut self, first_row: u32, records: &mut [u8]) -> Result<(), Error> {
        let start = SeekFrom::Start(self.header.file_bytes(first_row));
        let read = self.file.seek(start).and_then(|_| self.file.read_exact(records));
        read.map_err(Error::io(&self.path, Action::Read))
    }

    fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::io(&self.path, Action::Sync))
    }
}

/// The committed rows of a generation and their codes, mapped into memory.
///
/// [`MappedFile`] asks that nobody shortens the files or changes committed rows. Writers of this module write
/// beyond the committed rows only, and remove whole files instead of shortening them; a file that another
/// program truncates raises a bus error in the process that reads the lost pages.
#[derive(Debug)]
pub(super) struct MappedRows {
    rows: MappedFile,
    codes: Option<MappedFile>,
    dimension: Dimension,
}

impl MappedRows {
    /// Maps the first `committed` rows of a generation, in a time that does not depend on their number.
    ///
    /// Codes that cannot be used are done without, since they only make a scan faster.
    pub(super) fn open(folder: &Folder, header: Header, committed: u32) -> Result<Self, Error> {
        let rows = map(folder, header, committed)?;
        let codes = map(folder, Header { encoding: Encoding::Codes, ..header }, committed).ok();
        Ok(Self { rows, codes, dimension: header.dimension })
    }

    /// The rows, one after another: rows x dimension.
    pub(super) fn values(&self) -> &[f32] {
        // A map begins on a page and the header is a multiple of 4 bytes, so the cast cannot fail.
        bytemuck::cast_slice(&self.rows.as_slice()[HEADER_BYTES..])
    }

    /// The codes of all rows, where there are any.
    pub(super) fn codes(&self) -> Option<Codes<'_>> {
        let bytes = &self.codes.as_ref()?.as_slice()[HEADER_BYTES..];
        Some(Codes::new(bytes, self.dimension).expect("whole records are mapped"))
    }
}

fn map(folder: &Folder, header: Header, committed: u32) -> Result<MappedFile, Error> {
    let path = folder.records(header);
    let file = open_checked(OpenOptions::new().read(true), &path, header, committed)?;
    let length = usize::try_from(header.file_bytes(committed))
        .map_err(|_| Error::io(&path, Action::Map)(io::ErrorKind::OutOfMemory.into()))?;
    MappedFile::from_start(&file, length).map_err(Error::io(&path, Action::Map))
}

/// Opens the file at `path`, whose header must be `header` and which must hold `committed` rows.
fn open_checked(options: &OpenOptions, path: &Path, header: Header, committed: u32) -> Result<File, Error> {
    let mut file = options.open(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => Error::corrupt(path, Damage::MissingFile),
        _ => Error::io(path, Action::Open)(source),
    })?;
    let found = file.metadata().map_err(Error::io(path, Action::Read))?.len();
    let expected = header.file_bytes(committed);
    if found < expected {
        return Err(Error::corrupt(path, Damage::TooShort { found, expected }));
    }
    let mut bytes = [0; HEADER_BYTES];
    file.read_exact(&mut bytes).map_err(Error::io(path, Action::Read))?;
    header.check(&bytes, path)?;
    Ok(file)
}

//! The rows of one generation as a file: appended by the writer, mapped by readers.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::{Action, Damage, Error};
use super::header::{HEADER_BYTES, Header};
use crate::mapped_file::MappedFile;

#[cfg(target_endian = "big")]
compile_error!("rows are little-endian on disk and are read in place: this machine would need a conversion");

/// The writer's view of a vector file.
#[derive(Debug)]
pub(super) struct MatrixFile {
    file: File,
    path: PathBuf,
    header: Header,
}

impl MatrixFile {
    /// Creates a file of no rows. A file of that name is a leftover that no catalog ever named, and is
    /// overwritten.
    pub(super) fn create(path: PathBuf, header: Header) -> Result<Self, Error> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        let mut file = file.map_err(Error::io(&path, Action::Create))?;
        file.write_all(&header.to_bytes()).map_err(Error::io(&path, Action::Write))?;
        let matrix = Self { file, path, header };
        matrix.sync()?;
        Ok(matrix)
    }

    /// Opens a file that holds `committed` rows or more, and cuts off what is beyond them.
    ///
    /// The tail was written by a writer that died before its commit. No reader can see it: readers map the
    /// committed length, and the committed length of a generation never falls.
    pub(super) fn open(path: PathBuf, header: Header, committed: u32) -> Result<Self, Error> {
        let file = open_checked(OpenOptions::new().read(true).write(true), &path, header, committed)?;
        let length = header.file_bytes(committed);
        if file.metadata().map_err(Error::io(&path, Action::Read))?.len() > length {
            file.set_len(length).map_err(Error::io(&path, Action::Write))?;
        }
        Ok(Self { file, path, header })
    }

    pub(super) const fn header(&self) -> Header {
        self.header
    }

    /// Writes `vectors` (rows x dimension) from row `first_row` on. They last only after
    /// [`MatrixFile::sync`].
    pub(super) fn write(&mut self, first_row: u32, vectors: &[f32]) -> Result<(), Error> {
        let written = self
            .file
            .seek(SeekFrom::Start(self.header.file_bytes(first_row)))
            .and_then(|_| self.file.write_all(bytemuck::cast_slice(vectors)));
        written.map_err(Error::io(&self.path, Action::Write))
    }

    /// Reads rows from `first_row` on into `vectors` (rows x dimension).
    pub(super) fn read(&mut self, first_row: u32, vectors: &mut [f32]) -> Result<(), Error> {
        let read = self
            .file
            .seek(SeekFrom::Start(self.header.file_bytes(first_row)))
            .and_then(|_| self.file.read_exact(bytemuck::cast_slice_mut(vectors)));
        read.map_err(Error::io(&self.path, Action::Read))
    }

    /// Makes every written row outlive a loss of power.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::io(&self.path, Action::Sync))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// The committed rows of a generation, mapped into memory.
///
/// [`MappedFile`] asks that nobody shortens the file or changes committed rows. Writers of this module write
/// beyond the committed rows only, and remove whole files instead of shortening them; a file that another program truncates raises a bus error in the process that reads the lost pages.
#[derive(Debug)]
pub(super) struct MappedRows {
    map: MappedFile,
}

impl MappedRows {
    /// Maps the first `committed` rows of the file at `path`, in a time that does not depend on their number.
    pub(super) fn open(path: &Path, header: Header, committed: u32) -> Result<Self, Error> {
        let file = open_checked(OpenOptions::new().read(true), path, header, committed)?;
        let length = usize::try_from(header.file_bytes(committed))
            .map_err(|_| Error::io(path, Action::Map)(io::ErrorKind::OutOfMemory.into()))?;
        let map = MappedFile::from_start(&file, length).map_err(Error::io(path, Action::Map))?;
        Ok(Self { map })
    }

    /// The rows, one after another: rows x dimension.
    pub(super) fn values(&self) -> &[f32] {
        // A map begins on a page and the header is a multiple of 4 bytes, so the cast cannot fail.
        bytemuck::cast_slice(&self.map.as_slice()[HEADER_BYTES..])
    }
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

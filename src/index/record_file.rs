//! A file of records of one length behind a header: appended by the writer, mapped by readers.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::error::{Action, Damage, Error};
use super::folder::{Folder, expect_regular};
use super::header::{HEADER_BYTES, Header};
use crate::mapped_file::{MappedFile, OnTruncation};

/// A header and records of one length.
#[derive(Debug)]
pub(super) struct RecordFile {
    file: File,
    path: PathBuf,
    header: Header,
}

impl RecordFile {
    /// Creates a file without records, replacing one of that name.
    pub(super) fn create(path: PathBuf, header: Header) -> Result<Self, Error> {
        expect_regular(&path)?;
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path);
        let mut file = file.map_err(Error::io(&path, Action::Create))?;
        file.write_all(&header.to_bytes()).map_err(Error::io(&path, Action::Write))?;
        let records = Self { file, path, header };
        records.sync()?;
        Ok(records)
    }

    /// Opens a file that holds the records of `committed` rows or more, and cuts off what is beyond them.
    pub(super) fn open(folder: &Folder, header: Header, committed: u32) -> Result<Self, Error> {
        let path = folder.records(header);
        let file = open_checked(OpenOptions::new().read(true).write(true), &path, header, committed)?;
        let records = Self { file, path, header };
        records.truncate(committed)?;
        Ok(records)
    }

    /// Cuts off what is beyond the records of `committed` rows.
    pub(super) fn truncate(&self, committed: u32) -> Result<(), Error> {
        let length = self.header.file_bytes(committed);
        if self.file.metadata().map_err(Error::io(&self.path, Action::Read))?.len() > length {
            self.file.set_len(length).map_err(Error::io(&self.path, Action::Write))?;
        }
        Ok(())
    }

    /// Writes records from those of row `first_row` on.
    pub(super) fn write(&mut self, first_row: u32, records: &[u8]) -> Result<(), Error> {
        let start = SeekFrom::Start(self.header.file_bytes(first_row));
        let written = self.file.seek(start).and_then(|_| self.file.write_all(records));
        written.map_err(Error::io(&self.path, Action::Write))
    }

    /// Reads records from those of row `first_row` on.
    pub(super) fn read(&mut self, first_row: u32, records: &mut [u8]) -> Result<(), Error> {
        let start = SeekFrom::Start(self.header.file_bytes(first_row));
        let read = self.file.seek(start).and_then(|_| self.file.read_exact(records));
        read.map_err(Error::io(&self.path, Action::Read))
    }

    /// Syncs what was written to the disk.
    pub(super) fn sync(&self) -> Result<(), Error> {
        self.file.sync_all().map_err(Error::io(&self.path, Action::Sync))
    }

    /// Renames the file, replacing one of that name.
    pub(super) fn rename(&mut self, path: PathBuf) -> Result<(), Error> {
        fs::rename(&self.path, &path).map_err(Error::io(&self.path, Action::Rename))?;
        self.path = path;
        Ok(())
    }

    pub(super) const fn header(&self) -> Header {
        self.header
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Maps the header and the records of the first `committed` rows of a file, in a time that does not depend on their number.
pub(super) fn map(folder: &Folder, header: Header, committed: u32) -> Result<MappedFile, Error> {
    let path = folder.records(header);
    let file = open_checked(OpenOptions::new().read(true), &path, header, committed)?;
    let length = usize::try_from(header.file_bytes(committed))
        .map_err(|_| Error::io(&path, Action::Map)(io::ErrorKind::OutOfMemory.into()))?;
    MappedFile::from_start(&file, length, OnTruncation::ReadZeros).map_err(Error::io(&path, Action::Map))
}

/// Opens the file at `path`, whose header must be `header` and which must hold `committed` rows.
fn open_checked(options: &OpenOptions, path: &Path, header: Header, committed: u32) -> Result<File, Error> {
    expect_regular(path)?;
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

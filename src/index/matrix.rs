//! The rows of one generation with their codes and checksums: appended by the writer, mapped by readers.

use std::path::{Path, PathBuf};

use super::codes::{CodeFiles, MappedCodes, records};
use super::error::{Damage, Error};
use super::folder::Folder;
use super::generation::Segment;
use super::header::{Header, RecordKind};
use super::record_file::{RecordFile, map};
use crate::mapped_file::MappedFile;
use crate::scan::checksums::{Checked, Checksums, ROWS_OF_A_BLOCK, checksums_size, row_checksum};
use crate::scan::codes::{Codes, coarse_record_size, encode_rows, fine_record_size};
use crate::scan::{Rows, Scan};
use crate::vectors::Dimension;

#[cfg(target_endian = "big")]
compile_error!("rows are little-endian on disk and are read in place: this machine would need a conversion");

/// The bytes of `count` vectors in an index, with their codes and checksums, without their texts and words.
#[must_use]
pub fn bytes_of_vectors(count: usize, dimension: Dimension) -> u64 {
    let row = dimension.get() * size_of::<f32>();
    let codes = coarse_record_size(dimension) + fine_record_size(dimension);
    (count * (row + codes) + checksums_size(count)) as u64
}

/// Rows that are read and written at a time.
pub(super) const ROWS_AT_A_TIME: u32 = 1024;

/// The writer's view of the rows, and of the codes and checksums that are made from them.
#[derive(Debug)]
pub(super) struct MatrixFile {
    rows: RecordFile,
    derived: DerivedFiles,
}

impl MatrixFile {
    /// Creates files without rows. Files of those names were never named by a catalog, and are overwritten.
    pub(super) fn create(folder: &Folder, header: Header) -> Result<Self, Error> {
        let rows = RecordFile::create(folder.records(header), header)?;
        Ok(Self { rows, derived: DerivedFiles::create(header, |header| folder.records(header))? })
    }

    /// Opens files that hold `committed` rows or more, and cuts off what is beyond them. Where codes or checksums are
    /// missing or cannot be read, both are made again from the rows, once these match `segments`.
    ///
    /// A writer that died before its commit wrote that tail. No reader sees it: readers map the committed length,
    /// which never falls within a generation.
    pub(super) fn open(
        folder: &Folder,
        header: Header,
        committed: u32,
        segments: impl FnOnce() -> Result<Vec<Segment>, Error>,
    ) -> Result<Self, Error> {
        let mut rows = RecordFile::open(folder, header, committed)?;
        let derived = match DerivedFiles::open(folder, header, committed) {
            Err(Error::Corrupt { .. }) => {
                let derived = DerivedFiles::create(header, |header| folder.new_records(header))?;
                derived.made_from(&mut rows, &segments()?)?.renamed(folder)?
            }
            derived => derived?,
        };
        Ok(Self { rows, derived })
    }

    /// The header of the rows.
    pub(super) const fn header(&self) -> Header {
        self.rows.header()
    }

    /// Writes `vectors` (rows x dimension) from row `first_row` on. They last only after
    /// [`MatrixFile::sync`].
    pub(super) fn write(&mut self, first_row: u32, vectors: &[f32]) -> Result<(), Error> {
        self.derived.continue_at(first_row, &mut self.rows)?;
        self.rows.write(first_row, bytemuck::cast_slice(vectors))?;
        self.derived.append(vectors)
    }

    /// Reads rows from `first_row` on into `vectors` (rows x dimension).
    pub(super) fn read(&mut self, first_row: u32, vectors: &mut [f32]) -> Result<(), Error> {
        self.rows.read(first_row, bytemuck::cast_slice_mut(vectors))
    }

    /// The checksum of a row that was written.
    pub(super) fn checksum(&mut self, row: u32) -> Result<u32, Error> {
        self.derived.checksum(row)
    }

    /// Cuts off what is beyond `committed` rows.
    pub(super) fn truncate(&mut self, committed: u32) -> Result<(), Error> {
        self.rows.truncate(committed)?;
        self.derived.files().into_iter().try_for_each(|file| file.truncate(committed))
    }

    /// Syncs everything that was written to the disk.
    pub(super) fn sync(&mut self) -> Result<(), Error> {
        self.rows.sync()?;
        self.derived.sync()
    }

    /// The file of the rows.
    pub(super) fn path(&self) -> &Path {
        self.rows.path()
    }
}

/// The codes and checksums of rows, which can be made from them again.
#[derive(Debug)]
struct DerivedFiles {
    codes: CodeFiles,
    checksums: RecordFile,
    /// The rows that have checksums.
    end: u32,
    /// The values of the rows after the last whole block.
    open: Vec<f32>,
}

/// The header of the checksums of rows with that header.
pub(super) const fn header_of_checksums(rows: Header) -> Header {
    Header { kind: RecordKind::Checksums, ..rows }
}

impl DerivedFiles {
    fn create(rows: Header, place: impl Fn(Header) -> PathBuf) -> Result<Self, Error> {
        let header = header_of_checksums(rows);
        let checksums = RecordFile::create(place(header), header)?;
        Ok(Self { codes: CodeFiles::create(rows, place)?, checksums, end: 0, open: Vec::new() })
    }

    fn open(folder: &Folder, rows: Header, committed: u32) -> Result<Self, Error> {
        let checksums = RecordFile::open(folder, header_of_checksums(rows), committed)?;
        let codes = CodeFiles::open(folder, rows, committed)?;
        // Whatever comes next, `continue_at` reads the rows of the open block first.
        Ok(Self { codes, checksums, end: 0, open: Vec::new() })
    }

    /// Appends what belongs to all rows of `segments`, which are checked.
    fn made_from(mut self, rows: &mut RecordFile, segments: &[Segment]) -> Result<Self, Error> {
        let width = self.dimension().get();
        let mut buffer = Vec::new();
        for segment in segments {
            let mut checksum = crc32fast::Hasher::new();
            for first_row in segment.rows.clone().step_by(ROWS_AT_A_TIME as usize) {
                let count = ROWS_AT_A_TIME.min(segment.rows.end - first_row);
                buffer.resize(count as usize * width, 0.0);
                rows.read(first_row, bytemuck::cast_slice_mut(&mut buffer))?;
                checksum.update(bytemuck::cast_slice(&buffer));
                self.append(&buffer)?;
            }
            if checksum.finalize() != segment.checksum {
                return Err(Error::corrupt(rows.path(), segment.damage()));
            }
        }
        Ok(self)
    }

    /// Gives the files their names, once they are complete, so that no reader uses a part of them.
    fn renamed(mut self, folder: &Folder) -> Result<Self, Error> {
        self.sync()?;
        for file in self.files() {
            file.rename(folder.records(file.header()))?;
        }
        folder.sync()?;
        Ok(self)
    }

    /// Goes on after the first `end` rows: reads those of the open block again, unless the state in memory is already that
    /// at `end`.
    fn continue_at(&mut self, end: u32, rows: &mut RecordFile) -> Result<(), Error> {
        let width = self.dimension().get();
        let count = end as usize % ROWS_OF_A_BLOCK;
        if self.end == end && self.open.len() == count * width {
            return Ok(());
        }
        let first_row = end - count as u32;
        self.open.resize(count * width, 0.0);
        rows.read(first_row, bytemuck::cast_slice_mut(&mut self.open))?;
        for row in first_row..end {
            let values = &self.open[(row - first_row) as usize * width..][..width];
            if row_checksum(values) != self.checksum(row)? {
                let what = Damage::Rows { first_row: row, last_row: row };
                self.open.clear();
                return Err(Error::corrupt(rows.path(), what));
            }
        }
        self.end = end;
        Ok(())
    }

    /// Adds what belongs to the next rows, `vectors`: checksums, and the codes of the blocks that they complete.
    fn append(&mut self, vectors: &[f32]) -> Result<(), Error> {
        let dimension = self.dimension();
        let width = dimension.get();
        let first_block = self.end - self.end % ROWS_OF_A_BLOCK as u32;
        self.open.extend_from_slice(vectors);
        let whole = self.open.len() / (ROWS_OF_A_BLOCK * width) * ROWS_OF_A_BLOCK * width;
        let codes = encode_rows(Rows::new(&self.open[..whole], dimension));
        let blocks = (whole / width / ROWS_OF_A_BLOCK).max(1);
        let parts = codes.coarse.chunks(codes.coarse.len().div_ceil(blocks).max(1));
        let mut of_codes = parts.zip(codes.fine.chunks(codes.fine.len().div_ceil(blocks).max(1)));
        let mut checksums = Vec::new();
        let start = self.end;
        for row in vectors.chunks_exact(width) {
            checksums.extend(row_checksum(row).to_le_bytes());
            self.end += 1;
            if self.end.is_multiple_of(ROWS_OF_A_BLOCK as u32) {
                let (coarse, fine) = of_codes.next().expect("there are codes of each whole block");
                checksums.extend(crc32fast::hash(coarse).to_le_bytes());
                checksums.extend(crc32fast::hash(fine).to_le_bytes());
            }
        }
        drop(of_codes);
        self.codes.write(first_block, &codes)?;
        self.checksums.write(start, &checksums)?;
        self.open.drain(..whole);
        Ok(())
    }

    fn checksum(&mut self, row: u32) -> Result<u32, Error> {
        let mut bytes = [0; size_of::<u32>()];
        self.checksums.read(row, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn sync(&mut self) -> Result<(), Error> {
        self.files().into_iter().try_for_each(|file| file.sync())
    }

    fn files(&mut self) -> [&mut RecordFile; 3] {
        let [coarse, fine] = self.codes.files();
        [coarse, fine, &mut self.checksums]
    }

    const fn dimension(&self) -> Dimension {
        self.checksums.header().dimension
    }
}

/// The committed rows of a generation, their codes and their checksums, mapped into memory.
///
/// [`MappedFile`] requires that nobody changes committed rows. Writers of this module write beyond the committed rows
/// only, and remove files whole.
#[derive(Debug)]
pub(super) struct MappedRows {
    rows: Option<MappedFile>,
    codes: Option<MappedCodes>,
    checksums: Option<MappedFile>,
    checked: Checked,
    dimension: Dimension,
}

/// Whether a generation has checksums: indexes of older versions have none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChecksumFile {
    Required,
    Absent,
}

impl MappedRows {
    /// Maps the first `committed` rows of a generation, in a time that does not depend on their number.
    ///
    /// Unusable codes are ignored, since they only make a scan faster.
    pub(super) fn open(
        folder: &Folder,
        header: Header,
        committed: u32,
        checksums: ChecksumFile,
    ) -> Result<Self, Error> {
        let rows = Some(map(folder, header, committed)?);
        let checksums = match checksums {
            ChecksumFile::Required => Some(map(folder, header_of_checksums(header), committed)?),
            ChecksumFile::Absent => None,
        };
        let codes = MappedCodes::open(folder, header, committed).ok();
        let checked = Checked::new(committed as usize);
        Ok(Self { rows, codes, checksums, checked, dimension: header.dimension })
    }

    /// No rows.
    pub(super) fn none(dimension: Dimension) -> Self {
        Self { rows: None, codes: None, checksums: None, checked: Checked::new(0), dimension }
    }

    /// The rows.
    pub(super) fn rows(&self) -> Rows<'_> {
        // A map begins on a page and the header is a multiple of 4 bytes, so the cast cannot fail.
        let values = self.rows.as_ref().map_or(&[][..], |rows| bytemuck::cast_slice(records(rows)));
        Rows::new(values, self.dimension)
    }

    /// The codes of the whole blocks of rows, if the generation has usable ones.
    pub(super) fn codes(&self) -> Option<Codes<'_>> {
        self.codes.as_ref().map(MappedCodes::codes)
    }

    /// The checksums; `None` in an index of an older version.
    pub(super) fn checksums(&self) -> Option<Checksums<'_>> {
        let bytes = records(self.checksums.as_ref()?);
        Some(Checksums::new(bytes, self.rows().len()).expect("the checksums of all rows are mapped"))
    }

    /// A scan that compares what it reads with the checksums.
    pub(super) fn scan(&self) -> Scan<'_> {
        let scan = Scan::new(self.rows());
        let scan = self.codes().map_or(scan, |codes| scan.with_codes(codes));
        self.checksums().map_or(scan, |checksums| scan.with_checksums(checksums, &self.checked))
    }

    /// Whether another program cut one of the files short while it was mapped.
    pub(super) fn was_truncated(&self) -> bool {
        let maps = [self.rows.as_ref(), self.checksums.as_ref()];
        maps.into_iter().flatten().any(MappedFile::was_truncated)
            || self.codes.as_ref().is_some_and(MappedCodes::was_truncated)
    }

    pub(super) const fn checked(&self) -> &Checked {
        &self.checked
    }
}

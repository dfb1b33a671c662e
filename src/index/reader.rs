//! A snapshot of an index: its rows, which of them are live, and their texts.

use std::ops::ControlFlow;
use std::path::Path;

use roaring::RoaringBitmap;

use super::catalog::{Access, Catalog};
use super::codes::headers;
use super::error::{Damage, Error};
use super::folder::{Folder, WriterLock};
use super::generation::Generation;
use super::header::Header;
use super::interface::IndexContent;
use super::matrix::{ChecksumFile, MappedRows};
use super::path::StoredPath;
use super::records::{Counts, SourceRecord, TextHash};
use super::schema::CHECKSUMS_SINCE;
use super::settings::{IndexId, Settings};
use crate::corpus::{Document, LocatedPassage};
use crate::scan::checksums::{Difference, ROWS_OF_A_BLOCK, row_checksum};
use crate::scan::{Rows, Scan};
use crate::vectors::RowId;

/// How often a rebuild may put another catalog in place while a reader opens the index.
const MOST_REPLACEMENTS: usize = 100;

/// The number of passages that are fetched at a time.
const PORTION: usize = 1024;

/// Whether a reader needs the vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Vectors {
    Mapped,
    Ignored,
}

/// An index at one moment, whatever is written afterwards.
///
/// A reader holds a read transaction from [`Reader::open`] until it is dropped. A writer cannot commit during that
/// time: it waits, then reports [`Error::Busy`]. Hold a reader for one request, and never while waiting for a person
/// or a pipe; opening another one takes less than a millisecond. [`Reader::detached`] gives one that can be held.
///
/// What another program does to the files is noticed: rows and codes are compared with their checksums as scans read them,
/// and rows of the catalog as they are read. Where another program cuts a mapped file short, the process ends with a bus
/// error, unless it has called [`tolerate_truncation`](crate::mapped_file::tolerate_truncation).
#[derive(Debug)]
pub struct Reader {
    pub(super) catalog: Catalog,
    pub(super) folder: Folder,
    pub(super) header: Header,
    settings: Settings,
    pub(super) generation: Generation,
    pub(super) matrix: MappedRows,
}

impl Reader {
    /// Opens the index folder at `path`. The time depends on the size of the index only through the bitmap of live
    /// rows (at most a byte for every 8 rows). Nothing is written, unless a writer died in the middle of a commit:
    /// its incomplete changes are then rolled back first.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotAnIndex`], [`Error::Unfinished`], [`Error::NewerFormat`],
    /// [`Error::NotRegular`], [`Error::Corrupt`], [`Error::Busy`] where a commit takes longer than 15 seconds,
    /// [`Error::NeedsRecovery`] where an incomplete commit cannot be rolled back without permission,
    /// [`Error::Io`] and [`Error::Sql`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::open_for(path, Vectors::Mapped)
    }

    /// Opens the texts of an index alone, for one whose vectors are damaged or gone: it has no rows to scan.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::open`].
    pub fn open_texts(path: &Path) -> Result<Self, Error> {
        Self::open_for(path, Vectors::Ignored)
    }

    fn open_for(path: &Path, vectors: Vectors) -> Result<Self, Error> {
        let folder = Folder::new(path);
        folder.check()?;
        for _ in 0..MOST_REPLACEMENTS {
            let catalog = folder.identity_of_catalog();
            match Self::open_snapshot(&folder, vectors) {
                // A rebuild put another catalog in place and removed the files that the old one names.
                Err(Error::Corrupt { .. }) if folder.identity_of_catalog() != catalog => {}
                outcome => return outcome,
            }
        }
        Self::open_snapshot(&folder, vectors)
    }

    fn open_snapshot(folder: &Folder, vectors: Vectors) -> Result<Self, Error> {
        let catalog = open_catalog(folder)?;
        // The files of vectors are opened within the snapshot: no writer can switch to another generation in
        // between.
        let settings = catalog.settings()?;
        let generation = Generation::load(&catalog)?;
        let header = catalog.header(&settings, generation.number())?;
        let checksums =
            if catalog.is_since(CHECKSUMS_SINCE) { ChecksumFile::Required } else { ChecksumFile::Absent };
        let matrix = match vectors {
            Vectors::Mapped => MappedRows::open(folder, header, generation.rows(), checksums)?,
            Vectors::Ignored => MappedRows::none(header.dimension),
        };
        Ok(Self { folder: folder.clone(), header, catalog, settings, generation, matrix })
    }

    /// The same snapshot without its read transaction: writers commit while it is held. The catalog is copied to an unnamed
    /// temporary file, and the rows stay mapped. Where there is no room for a copy, the transaction is kept.
    #[must_use]
    pub fn detached(self) -> Self {
        match self.catalog.private_copy() {
            Ok(catalog) => Self { catalog, ..self },
            Err(_) => self,
        }
    }

    /// The index folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The random id that the index got when it was created.
    #[must_use]
    pub const fn id(&self) -> IndexId {
        self.header.index
    }

    /// The number of the generation of rows.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation.number()
    }

    /// Every committed row, dead and pending ones included: rows x dimension, mapped from the file. Nothing is compared with
    /// checksums here; [`Reader::check_rows`] does.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        self.matrix.rows()
    }

    /// A scan of every committed row, with codes where the index has them. It compares what it reads with the checksums:
    /// [`Reader::check_scanned`] tells whether its answer can be trusted.
    #[must_use]
    pub fn scan(&self) -> Scan<'_> {
        self.matrix.scan()
    }

    /// Whether all that scans have read so far matched its checksums. In an index of a version before 4 only files that were
    /// cut short are noticed.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] with a difference that a scan found.
    pub fn check_scanned(&self) -> Result<(), Error> {
        let last_of_block = |row: RowId| row.0 + ROWS_OF_A_BLOCK as u32 - 1;
        let (header, what) = match self.matrix.checked().difference() {
            None if self.matrix.was_truncated() => (self.header, Damage::CutShort),
            None => return Ok(()),
            Some(Difference::Row(row)) => (self.header, Damage::Rows { first_row: row.0, last_row: row.0 }),
            Some(Difference::CoarseCodes(row)) => {
                (headers(self.header).0, Damage::Codes { first_row: row.0, last_row: last_of_block(row) })
            }
            Some(Difference::FineCodes(row)) => {
                (headers(self.header).1, Damage::Codes { first_row: row.0, last_row: last_of_block(row) })
            }
        };
        Err(Error::corrupt(&self.folder.records(header), what))
    }

    /// Compares rows with their checksums. Nothing is checked in an index of a version before 4.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] with the first row that differs.
    pub fn check_rows(&self, rows: impl IntoIterator<Item = RowId>) -> Result<(), Error> {
        let Some(checksums) = self.matrix.checksums() else { return self.check_scanned() };
        let all = self.rows();
        match rows.into_iter().find(|&row| row_checksum(all.row(row)) != checksums.row(row)) {
            None => Ok(()),
            Some(RowId(row)) => {
                let what = Damage::Rows { first_row: row, last_row: row };
                Err(Error::corrupt(&self.folder.records(self.header), what))
            }
        }
    }

    /// The rows that hold visible content.
    #[must_use]
    pub const fn live(&self) -> &RoaringBitmap {
        self.generation.live()
    }

    /// The size in bytes of all files of the index now, of any generation.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be listed.
    pub fn disk_bytes(&self) -> Result<u64, Error> {
        self.folder.bytes()
    }

    /// The numbers of sources, documents, passages and rows.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn counts(&self) -> Result<Counts, Error> {
        let query = "SELECT count(*), coalesce(sum(document_count), 0) FROM sources WHERE state = 'visible'";
        let (sources, documents) = self.catalog.one(query, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Counts { sources, documents, passages: self.live().len(), rows: self.generation.rows().into() })
    }
}

impl IndexContent for Reader {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn sources(&self) -> Result<Vec<SourceRecord>, Error> {
        self.catalog.visible_sources()
    }

    fn has_vector_of(&self, hash: TextHash) -> Result<bool, Error> {
        Ok(self.catalog.vector_with_hash(hash.as_bytes())?.is_some())
    }

    fn passage_count(&self) -> u64 {
        self.live().len()
    }

    fn for_each_passage(
        &self,
        show: &dyn Fn(&StoredPath) -> String,
        take: &mut dyn FnMut(&LocatedPassage, &[f32]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let rows: Vec<RowId> = self.live().iter().map(RowId).collect();
        self.check_rows(rows.iter().copied())?;
        for rows in rows.chunks(PORTION) {
            for (located, &row) in self.passages(rows, show)?.iter().zip(rows) {
                if take(located, self.rows().row(row)).is_break() {
                    return Ok(());
                }
            }
        }
        // A file that was cut short meanwhile was read as zeros.
        self.check_scanned()
    }

    fn for_each_vector(&self, take: &mut dyn FnMut(&[f32]) -> ControlFlow<()>) -> Result<(), Error> {
        self.check_rows(self.live().iter().map(RowId))?;
        let _broken = self.live().iter().try_for_each(|row| take(self.rows().row(RowId(row))));
        self.check_scanned()
    }

    fn for_each_document(
        &self,
        source: Option<&StoredPath>,
        take: &mut dyn FnMut(&StoredPath, Document) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let rows = source.map(|source| self.rows_of_source(source)).transpose()?;
        self.documents_of_rows(rows.as_ref().unwrap_or_else(|| self.live()), |source, document, _| {
            take(source, document)
        })
    }
}

/// Opens the catalog for reading. The incomplete commit of a writer that died is rolled back first.
pub(super) fn open_catalog(folder: &Folder) -> Result<Catalog, Error> {
    folder.check_catalog_files()?;
    match Catalog::open(folder.catalog(), Access::Read) {
        Err(Error::NeedsRecovery { path }) => {
            roll_back_incomplete_commit(folder, &path)?;
            Catalog::open(folder.catalog(), Access::Read)
        }
        outcome => outcome,
    }
}

/// Rolls back the journal that a dead writer left. A journal of a living writer is left alone.
fn roll_back_incomplete_commit(folder: &Folder, catalog: &Path) -> Result<(), Error> {
    let undone = WriterLock::acquire(folder).and_then(|lock| Catalog::recover(folder, &lock));
    undone.map_err(|error| match error {
        Error::ReadOnly { .. } => Error::NeedsRecovery { path: catalog.to_path_buf() },
        Error::Locked { .. } => Error::Busy { path: catalog.to_path_buf() },
        error => error,
    })
}

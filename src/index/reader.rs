//! Reading an index: one snapshot of rows, live rows and texts.

use std::path::Path;

use roaring::RoaringBitmap;
use rusqlite::Row;

use super::catalog::{Access, Catalog};
use super::error::{Damage, Error};
use super::folder::{Folder, WriterLock};
use super::generation::Generation;
use super::header::Header;
use super::matrix::MappedRows;
use super::records::{Counts, DocumentId, PassageRecord, SourceRecord, Span};
use super::settings::{IndexId, Settings};
use super::{StoredPath, VectorNumber};
use crate::filter::Filters;
use crate::scan::{Rows, Scan};
use crate::vectors::RowId;

/// An index as it was at one moment, whatever is written meanwhile.
///
/// A reader holds a read transaction from [`Reader::open`] until it is dropped, and a writer cannot commit
/// meanwhile: it waits, then reports [`Error::Busy`]. Hold a reader for one query, or for one batch of
/// queries that are all at hand, and never while waiting for a person or a pipe; opening another one takes
/// less than a millisecond.
///
/// No other program may shorten or change the files of an index. A vector file that is cut short while it is
/// mapped stops the process with a bus error.
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
    /// Opens the index folder at `path` in a time that does not depend on its size, but for the bitmap of
    /// live rows (at most a byte for every 8 rows). Nothing is written, unless a writer died in the middle of
    /// a commit: its half-done changes are then undone first.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`], [`Error::NotAnIndex`], [`Error::Unfinished`], [`Error::NewerFormat`],
    /// [`Error::Corrupt`], [`Error::Busy`] where a commit takes longer than 15 seconds,
    /// [`Error::NeedsRecovery`] where a half-done commit cannot be undone for want of permission,
    /// [`Error::Io`] and [`Error::Sql`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let folder = Folder::new(path);
        folder.check()?;
        match Self::open_snapshot(&folder) {
            Err(Error::NeedsRecovery { path }) => {
                undo_half_done_commit(&folder, &path)?;
                Self::open_snapshot(&folder)
            }
            outcome => outcome,
        }
    }

    fn open_snapshot(folder: &Folder) -> Result<Self, Error> {
        let catalog = Catalog::open(folder.catalog(), Access::Read)?;
        // The first read inside the transaction begins the snapshot. The files of vectors are opened after it,
        // so that no writer can switch to another generation in between.
        catalog.batch("BEGIN")?;
        let settings = catalog.settings()?;
        let generation = Generation::load(&catalog)?;
        let header = catalog.header(&settings, generation.number())?;
        let matrix = MappedRows::open(folder, header, generation.rows())?;
        Ok(Self { folder: folder.clone(), header, catalog, settings, generation, matrix })
    }

    /// The index folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder that relative source paths start from: the one that holds the index folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.path().parent().unwrap_or(self.path())
    }

    /// The random id that the index got when it was created.
    #[must_use]
    pub const fn id(&self) -> IndexId {
        self.header.index
    }

    /// The model, and how texts were embedded.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// The number of the generation of rows.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation.number()
    }

    /// Every committed row, dead and pending ones included: rows x dimension, mapped from the file.
    #[must_use]
    pub fn rows(&self) -> Rows<'_> {
        Rows::new(self.matrix.values(), self.settings.dimension())
    }

    /// A scan of every committed row, with codes where the index has them.
    #[must_use]
    pub fn scan(&self) -> Scan<'_> {
        let scan = Scan::new(self.rows());
        self.matrix.codes().map_or(scan, |codes| scan.with_codes(codes))
    }

    /// The rows that hold visible content.
    #[must_use]
    pub const fn live(&self) -> &RoaringBitmap {
        self.generation.live()
    }

    /// Bytes of all files of the index now, of whatever generation.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the folder cannot be listed.
    pub fn disk_bytes(&self) -> Result<u64, Error> {
        self.folder.bytes()
    }

    /// How much the index holds.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn counts(&self) -> Result<Counts, Error> {
        let query = "SELECT count(*), coalesce(sum(document_count), 0) FROM sources WHERE state = 'visible'";
        let (sources, documents) = self.catalog.one(query, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(Counts { sources, documents, passages: self.live().len(), rows: self.generation.rows().into() })
    }

    /// The visible sources, ordered by path.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] for a rule that is not JSON, and [`Error::Sql`].
    pub fn sources(&self) -> Result<Vec<SourceRecord>, Error> {
        self.catalog.visible_sources()
    }

    /// The live rows of one source; none where the source is not in the index.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn rows_of_source(&self, path: &StoredPath) -> Result<RoaringBitmap, Error> {
        let Some(source) = self.catalog.visible_source(path)? else { return Ok(RoaringBitmap::new()) };
        Ok(self.generation.rows_of(&self.catalog.vectors_of(source)?))
    }

    /// The live rows of one document of one source, in the order of its passages; none where there is no such
    /// document.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn rows_of_document(&self, path: &StoredPath, key: &str) -> Result<Vec<RowId>, Error> {
        let mut rows = Vec::new();
        self.catalog.for_each(
            "SELECT passages.vector
             FROM sources JOIN documents ON documents.source = sources.id
                          JOIN passages ON passages.document = documents.id
             WHERE sources.path = ?1 AND sources.state = 'visible' AND documents.key = ?2
             ORDER BY passages.ordinal",
            [path.as_str(), key],
            |row| {
                rows.extend(self.generation.row_of(VectorNumber(row.get(0)?)));
                Ok(())
            },
        )?;
        Ok(rows)
    }

    /// The live rows of what `key` names in one source: all of a document, or a single further passage by its
    /// [`PassageRecord::key`]. None where there is neither.
    ///
    /// # Errors
    ///
    /// As [`Reader::passages`].
    pub fn rows_of_key(&self, path: &StoredPath, key: &str) -> Result<Vec<RowId>, Error> {
        let document = self.rows_of_document(path, key)?;
        if !document.is_empty() {
            return Ok(document);
        }
        let further = match self.passage_of_document(path, key)? {
            Some(row) => Some(row),
            None => self.passage_on_line(path, key)?,
        };
        Ok(further.into_iter().collect())
    }

    /// The row of the passage `document#n`, as those are named that have no line.
    fn passage_of_document(&self, path: &StoredPath, key: &str) -> Result<Option<RowId>, Error> {
        let Some((document, position)) = key.rsplit_once('#') else { return Ok(None) };
        let Some(index) = position.parse::<usize>().ok().and_then(|position| position.checked_sub(1)) else {
            return Ok(None);
        };
        let Some(&row) = self.rows_of_document(path, document)?.get(index) else { return Ok(None) };
        Ok((self.passage(row)?.key() == key).then_some(row))
    }

    /// The row of the further passage `line`, or `line#n` where it is the n-th of its document there; of several
    /// documents the first's.
    fn passage_on_line(&self, path: &StoredPath, key: &str) -> Result<Option<RowId>, Error> {
        let (line, position) = key.split_once('#').unwrap_or((key, "1"));
        let (Ok(line), Ok(position)) = (line.parse::<u64>(), position.parse::<usize>()) else {
            return Ok(None);
        };
        let vector = self.catalog.find(
            "SELECT passages.vector
             FROM sources JOIN documents ON documents.source = sources.id
                          JOIN passages ON passages.document = documents.id
             WHERE sources.path = ?1 AND sources.state = 'visible' AND passages.line = ?2 AND passages.ordinal > 0
               AND ?3 = 1 + (SELECT count(*) FROM passages AS earlier
                             WHERE earlier.document = passages.document AND earlier.ordinal < passages.ordinal
                               AND earlier.line = passages.line)
             ORDER BY passages.id LIMIT 1",
            (path.as_str(), line, position),
            |row| row.get(0).map(VectorNumber),
        )?;
        Ok(vector.and_then(|vector| self.generation.row_of(vector)))
    }

    /// The document of a live row; `None` where the row holds nothing visible.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn document_of(&self, row: RowId) -> Result<Option<DocumentId>, Error> {
        let Some(vector) = self.generation.vector_of(row) else { return Ok(None) };
        let query = "SELECT document FROM passages WHERE vector = ?1";
        self.catalog.find(query, [vector.0], |row| row.get(0).map(DocumentId))
    }

    /// The live rows of documents that all of `filters` hold for. `source` is compared with stored paths.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn rows_where(&self, filters: &Filters) -> Result<RoaringBitmap, Error> {
        if filters.is_empty() {
            return Ok(self.live().clone());
        }
        Ok(self.generation.rows_of(&self.catalog.vectors_where(filters)?) & self.live())
    }

    /// The passages of `rows`, in the order of `rows`.
    ///
    /// # Errors
    ///
    /// [`Error::DeadRow`] for a row that is not live, [`Error::Corrupt`] for a live row without a passage,
    /// and [`Error::Sql`].
    pub fn passages(&self, rows: &[RowId]) -> Result<Vec<PassageRecord>, Error> {
        rows.iter().map(|&row| self.passage(row)).collect()
    }

    /// Passes the text of every live row to `take`, in no stated order: a single pass, where [`Reader::passages`]
    /// looks every row up.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn for_each_text(&self, mut take: impl FnMut(RowId, &str)) -> Result<(), Error> {
        self.catalog.for_each("SELECT vector, text FROM passages", [], |fields| {
            let row = self.generation.row_of(VectorNumber(fields.get(0)?));
            if let Some(row) = row.filter(|row| self.live().contains(row.0)) {
                take(row, fields.get_ref(1)?.as_str()?);
            }
            Ok(())
        })
    }

    fn passage(&self, row: RowId) -> Result<PassageRecord, Error> {
        let live = self.live().contains(row.0).then(|| self.generation.vector_of(row)).flatten();
        let vector = live.ok_or(Error::DeadRow { row })?;
        let found = self.catalog.find(
            "SELECT sources.path, documents.key, documents.line, documents.metadata, passages.ordinal,
                    passages.line, passages.end_line, passages.start_byte, passages.end_byte, passages.text,
                    (SELECT count(*) FROM passages AS earlier
                     WHERE earlier.document = passages.document AND earlier.ordinal < passages.ordinal
                       AND earlier.line IS passages.line)
             FROM passages JOIN documents ON documents.id = passages.document
                           JOIN sources ON sources.id = documents.source
             WHERE passages.vector = ?1 AND sources.state = 'visible'",
            [vector.0],
            |fields| read_passage(row, fields),
        )?;
        let (passage, metadata) = found.ok_or_else(|| {
            Error::corrupt(self.catalog.path(), Damage::Field { field: "passage of a live row" })
        })?;
        let metadata = metadata.map(|text| self.catalog.parse(&text, "metadata")).transpose()?;
        Ok(PassageRecord { metadata, ..passage })
    }
}

/// A passage without its metadata, and the text of the metadata.
fn read_passage(row: RowId, fields: &Row<'_>) -> rusqlite::Result<(PassageRecord, Option<String>)> {
    let span = Span {
        line: fields.get(5)?,
        end_line: fields.get(6)?,
        start_byte: fields.get(7)?,
        end_byte: fields.get(8)?,
    };
    let passage = PassageRecord {
        row,
        source: StoredPath::from_catalog(fields.get(0)?),
        document: fields.get(1)?,
        document_line: fields.get(2)?,
        ordinal: fields.get(4)?,
        earlier_on_line: fields.get(10)?,
        span,
        text: fields.get(9)?,
        metadata: None,
    };
    Ok((passage, fields.get(3)?))
}

/// Rolls back the journal that a dead writer left. A living writer is left alone: the journal is then its
/// own.
fn undo_half_done_commit(folder: &Folder, catalog: &Path) -> Result<(), Error> {
    let undone = WriterLock::acquire(folder).and_then(|lock| Catalog::recover(folder, &lock));
    undone.map_err(|error| match error {
        Error::ReadOnly { .. } => Error::NeedsRecovery { path: catalog.to_path_buf() },
        Error::Locked { .. } => Error::Busy { path: catalog.to_path_buf() },
        error => error,
    })
}

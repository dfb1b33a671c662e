//! The one writer of an index: its transactions, and when changes become durable.

use std::path::Path;
use std::time::{Duration, Instant};

use super::catalog::{Access, Catalog};
use super::error::Error;
use super::folder::{Folder, WriterLock};
use super::generation::{Generation, Segment};
use super::interface::IndexWriter;
use super::matrix::MatrixFile;
use super::records::SourceId;
use super::reserve::set_aside;
use super::settings::Settings;
use super::word_segments::store_words;
use crate::words::WordBuffer;

/// The right to change an index, with the changes that are not committed yet.
///
/// Changes gather in one transaction, which [`IndexWriter::commit`] ends. It is also ended before a change once it
/// holds 16,384 passages or 16 MiB of text or is two seconds old, so that memory stays flat and an
/// interrupted run loses little: the sources that are still open are then committed as *pending*, invisible
/// to readers. Rows are written and synced before the transaction that names them.
///
/// Readers are locked out only during a commit. A commit waits 10 seconds for open readers and then fails with
/// [`Error::Busy`]. The method that returned it had no effect and can be called again; until then, or until the
/// writer is dropped, new readers wait. After [`Error::Io`], [`Error::Sql`] or [`Error::Corrupt`] the changes since
/// the last commit are lost, including the sources that they began.
///
/// Dropping a writer discards what was not committed. [`Writer::close`] commits.
#[derive(Debug)]
pub struct Writer {
    pub(super) catalog: Catalog,
    pub(super) folder: Folder,
    pub(super) settings: Settings,
    pub(super) matrix: MatrixFile,
    /// As of the open batch. Meaningless while `recorded` is [`Recorded::Stale`].
    pub(super) generation: Generation,
    pub(super) recorded: Recorded,
    pub(super) batch: Option<Batch>,
    pub(super) words: WordBuffer,
    /// Pending sources up to this one were left by a writer that died or was dropped.
    pub(super) last_abandoned: SourceId,
    pub(super) publication: Publication,
    // The last field: dropped after the catalog is closed.
    pub(super) lock: WriterLock,
}

/// Whether the state in memory is that of the open or last transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Recorded {
    Current,
    /// A transaction was rolled back; the state must be read from the catalog again.
    Stale,
}

/// Whether readers can see the catalog of a writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Publication {
    /// It has its final name.
    Published,
    /// It has another name until the writer is closed.
    Unpublished,
}

impl Writer {
    /// Opens the index folder at `path` for writing, brings the catalog of an older format version up to date,
    /// and removes files that an interrupted or compacting writer left.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where another writer has it open, [`Error::ReadOnly`] where it cannot be written to,
    /// and the errors of [`Reader::open`](super::Reader::open).
    pub fn open(path: &Path) -> Result<Self, Error> {
        let folder = Folder::new(path);
        folder.check()?;
        let lock = WriterLock::acquire(&folder)?;
        Self::open_locked(folder, lock)
    }

    pub(super) fn open_locked(folder: Folder, lock: WriterLock) -> Result<Self, Error> {
        folder.check_catalog_files()?;
        let catalog = Catalog::open(folder.catalog(), Access::Write)?;
        Self::open_catalog(folder, catalog, lock)
    }

    /// Opens an index whose catalog is open.
    pub(super) fn open_catalog(
        folder: Folder,
        mut catalog: Catalog,
        lock: WriterLock,
    ) -> Result<Self, Error> {
        let settings = catalog.settings()?;
        let generation = Generation::load(&catalog)?;
        let header = catalog.header(&settings, generation.number())?;
        let segments = || generation.segments(&catalog);
        let matrix = MatrixFile::open(&folder, header, generation.rows(), segments)?;
        // Only now: readers of the newest version need the files that were just made.
        catalog.migrate(&lock)?;
        folder.remove_new_catalog(&lock)?;
        folder.remove_other_generations(generation.number(), &lock)?;
        let last_abandoned = catalog.last_source()?;
        let mut writer = Self {
            catalog,
            folder,
            settings,
            matrix,
            generation,
            recorded: Recorded::Current,
            batch: None,
            words: WordBuffer::default(),
            last_abandoned,
            publication: Publication::Published,
            lock,
        };
        writer.update_words()?;
        Ok(writer)
    }

    /// The number of committed rows, including those that no search scans.
    #[must_use]
    pub fn rows(&self) -> u32 {
        self.generation.rows()
    }

    pub(super) fn try_commit(&mut self) -> Result<Words, Error> {
        let Some(batch) = &mut self.batch else { return Ok(Words::Waiting) };
        // A commit that found a reader is tried again, in the same transaction.
        if batch.words == Words::Waiting && (batch.finishes_a_source || self.words.is_full()) {
            store_words(&self.words, &self.catalog)?;
            batch.words = Words::Written;
        }
        let words = batch.words;
        if let Some(segment) = batch.segment(self.generation.rows()) {
            // In this order, every row that the catalog names is on the disk.
            self.matrix.sync()?;
            self.generation.store_segment(&segment, &self.catalog)?;
        }
        self.generation.store(&self.catalog)?;
        self.catalog.batch("COMMIT")?;
        Ok(words)
    }

    /// Commits, deletes the content of replaced and removed sources from the catalog, and releases the lock. A
    /// rebuilt index replaces the old one in this step.
    ///
    /// # Errors
    ///
    /// Those of [`IndexWriter::commit`].
    pub fn close(self) -> Result<(), Error> {
        self.finish().map(drop)
    }

    /// Does the work of [`Writer::close`], but keeps the lock.
    pub(super) fn finish(mut self) -> Result<(Folder, WriterLock), Error> {
        self.commit()?;
        match self.delete_retired().and_then(|()| self.commit()) {
            // What is retired is hidden already, and the next writer goes on deleting it.
            Err(error) if error.is_full_disk() => self.roll_back(),
            outcome => outcome?,
        }
        let Self { catalog, folder, generation, publication, lock, .. } = self;
        drop(catalog);
        if publication == Publication::Unpublished {
            folder.publish(&lock)?;
            // A reader that still opens the old index finds that its catalog is gone, too, and opens this one.
            folder.remove_other_generations(generation.number(), &lock)?;
        }
        set_aside(folder.path());
        Ok((folder, lock))
    }

    /// Runs `operation` inside the open transaction, or a new one.
    ///
    /// A full batch is committed before the operation rather than after it: if a reader makes the commit fail, the
    /// operation has not run and can be repeated.
    pub(super) fn change<T>(
        &mut self,
        operation: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.batch.as_ref().is_some_and(Batch::is_full) {
            self.commit()?;
        }
        self.begin()?;
        let outcome = operation(self);
        if let Err(Error::Io { .. } | Error::Sql { .. } | Error::Corrupt { .. } | Error::ReadOnly { .. }) =
            outcome
        {
            self.roll_back();
        }
        outcome
    }

    fn begin(&mut self) -> Result<(), Error> {
        if self.batch.is_some() {
            return Ok(());
        }
        if self.catalog.in_transaction() {
            self.catalog.batch("ROLLBACK")?;
        }
        self.refresh()?;
        self.catalog.batch("BEGIN IMMEDIATE")?;
        self.batch = Some(Batch::new(self.generation.rows()));
        Ok(())
    }

    /// Reads again from the catalog what a rollback changed.
    pub(super) fn refresh(&mut self) -> Result<(), Error> {
        if self.recorded == Recorded::Stale {
            self.generation = Generation::load(&self.catalog)?;
            self.words.truncate(self.generation.next_vector());
            self.recorded = Recorded::Current;
        }
        Ok(())
    }

    pub(super) fn roll_back(&mut self) {
        self.batch = None;
        self.recorded = Recorded::Stale;
        if self.catalog.in_transaction() {
            // A failure here leaves the transaction open, and the next change begins by rolling it back.
            let _tried_again_by_begin = self.catalog.batch("ROLLBACK");
        }
        // Gives the space of rows that were not committed back, which matters on a full disk.
        let _tried_again_by_the_next_writer = self.cut_uncommitted_rows();
    }

    fn cut_uncommitted_rows(&mut self) -> Result<(), Error> {
        self.refresh()?;
        self.matrix.truncate(self.generation.rows())
    }

    /// The open batch, inside [`Writer::change`].
    pub(super) fn batch(&mut self) -> &mut Batch {
        self.batch.as_mut().expect("a change has begun a batch")
    }
}

/// What the open transaction holds.
#[derive(Debug)]
pub(super) struct Batch {
    begun: Instant,
    first_row: u32,
    checksum: crc32fast::Hasher,
    /// Passages that were added or deleted.
    passages: usize,
    text_bytes: usize,
    /// Words of a source must be there once the source is visible.
    pub(super) finishes_a_source: bool,
    words: Words,
}

/// Whether the words that wait were written by the open transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    Waiting,
    Written,
}

impl Batch {
    const MOST_PASSAGES: usize = 16_384;
    const MOST_TEXT_BYTES: usize = 16 << 20;
    /// The work that an interrupted run may have to do again.
    const LONGEST: Duration = Duration::from_secs(2);

    fn new(first_row: u32) -> Self {
        let checksum = crc32fast::Hasher::new();
        Self {
            begun: Instant::now(),
            first_row,
            checksum,
            passages: 0,
            text_bytes: 0,
            finishes_a_source: false,
            words: Words::Waiting,
        }
    }

    fn is_full(&self) -> bool {
        self.words == Words::Written
            || self.passages >= Self::MOST_PASSAGES
            || self.text_bytes >= Self::MOST_TEXT_BYTES
            || self.begun.elapsed() >= Self::LONGEST
    }

    /// Adds rows to the checksum of the batch.
    pub(super) fn add_rows(&mut self, vectors: &[f32]) {
        self.checksum.update(bytemuck::cast_slice(vectors));
    }

    /// Counts passages that were added or deleted.
    pub(super) const fn add_passages(&mut self, passages: usize, text_bytes: usize) {
        self.passages += passages;
        self.text_bytes += text_bytes;
    }

    fn segment(&self, end_row: u32) -> Option<Segment> {
        let rows = self.first_row..end_row;
        (!rows.is_empty()).then(|| Segment { rows, checksum: self.checksum.clone().finalize() })
    }
}

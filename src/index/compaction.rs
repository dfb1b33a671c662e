//! Copying the rows that are still needed to the next generation.

use std::ops::Range;

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::generation::{Generation, Segment};
use super::header::Header;
use super::interface::IndexWriter;
use super::matrix::{MatrixFile, ROWS_AT_A_TIME};
use super::schema::LIVE_GENERATION;
use super::writer::Writer;
use crate::vectors::RowId;

/// A segment of the next generation ends at this many rows or a few more.
const SEGMENT_ROWS: usize = 65_536;

impl Writer {
    /// Commits, and copies the rows of visible and pending passages to new files, which readers use
    /// from then on.
    ///
    /// Open readers keep using the old files, which have no name any more. Every row is checked against its checksum while
    /// it is copied. The new files need space for the rows that are kept, and the catalog is written anew: what was
    /// removed is gone from every file.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] where a row does not match its checksum; otherwise those of [`IndexWriter::commit`]. The
    /// old generation then stays in use.
    pub(super) fn copy_live_rows(&mut self) -> Result<(), Error> {
        self.delete_retired()?;
        self.commit()?;
        self.refresh()?;
        let kept = self.catalog.all_vectors()?;
        let next = Generation::compacted(
            self.folder.unused_generation(self.generation.number())?,
            &self.generation,
            kept,
        );
        let (matrix, segments) = self.copy_rows(&next)?;
        self.folder.sync()?;
        self.catalog.batch("BEGIN IMMEDIATE")?;
        if let Err(error) = self.catalog.switch_to(&next, &segments) {
            self.roll_back();
            return Err(error);
        }
        self.generation = next;
        self.matrix = matrix;
        // A reader opens the files of a generation within its transaction, so all that need the old ones have them open.
        self.folder.remove_other_generations(self.generation.number(), &self.lock)?;
        self.catalog.give_back_space()
    }

    /// Writes the rows of `next` and their codes, and returns the files, synced, and the segments.
    fn copy_rows(&mut self, next: &Generation) -> Result<(MatrixFile, Vec<Segment>), Error> {
        let header = Header { generation: next.number(), ..self.matrix.header() };
        let file = MatrixFile::create(&self.folder, header)?;
        let mut copy = Copy::to(file);
        let mut buffer = Vec::new();
        for segment in self.generation.segments(&self.catalog)? {
            let mut checksum = crc32fast::Hasher::new();
            for first in segment.rows.clone().step_by(ROWS_AT_A_TIME as usize) {
                let rows = first..segment.rows.end.min(first.saturating_add(ROWS_AT_A_TIME));
                buffer.resize(rows.len() * header.dimension.get(), 0.0);
                self.matrix.read(first, &mut buffer)?;
                checksum.update(bytemuck::cast_slice(&buffer));
                self.keep(next, rows, &mut buffer);
                copy.append(&buffer)?;
            }
            if checksum.finalize() != segment.checksum {
                return Err(Error::corrupt(self.matrix.path(), segment.damage()));
            }
        }
        copy.end_segment();
        copy.file.sync()?;
        if copy.open.end == next.rows() {
            Ok((copy.file, copy.segments))
        } else {
            Err(Error::corrupt(self.catalog.path(), Damage::SegmentGap { row: copy.open.end }))
        }
    }

    /// Shrinks `buffer`, which holds `rows`, to the rows that are in `next`.
    fn keep(&self, next: &Generation, rows: Range<u32>, buffer: &mut Vec<f32>) {
        let width = self.settings.dimension().get();
        let mut kept = 0;
        for (position, row) in rows.enumerate() {
            let vector = self.generation.vector_of(RowId(row));
            if vector.is_some_and(|vector| next.row_of(vector).is_some()) {
                buffer.copy_within(position * width..(position + 1) * width, kept * width);
                kept += 1;
            }
        }
        buffer.truncate(kept * width);
    }
}

impl Catalog {
    /// Makes `next` the live generation, and commits.
    pub(super) fn switch_to(&self, next: &Generation, segments: &[Segment]) -> Result<(), Error> {
        next.store(self)?;
        for segment in segments {
            next.store_segment(segment, self)?;
        }
        self.purge_words(next.vectors())?;
        self.set(LIVE_GENERATION, next.number())?;
        self.execute("DELETE FROM segments WHERE generation <> ?1", [next.number()])?;
        self.execute("DELETE FROM generations WHERE generation <> ?1", [next.number()])?;
        self.batch("COMMIT")
    }
}

/// A file of the next generation as it grows.
pub(super) struct Copy {
    file: MatrixFile,
    segments: Vec<Segment>,
    /// The rows of the segment that is being written.
    open: Range<u32>,
    checksum: crc32fast::Hasher,
}

impl Copy {
    /// To a file without rows.
    pub(super) fn to(file: MatrixFile) -> Self {
        Self { file, segments: Vec::new(), open: 0..0, checksum: crc32fast::Hasher::new() }
    }

    /// Syncs the file and returns its segments.
    pub(super) fn finish(mut self) -> Result<Vec<Segment>, Error> {
        self.end_segment();
        self.file.sync()?;
        Ok(self.segments)
    }

    /// Adds `vectors` (rows x dimension).
    pub(super) fn append(&mut self, vectors: &[f32]) -> Result<(), Error> {
        self.file.write(self.open.end, vectors)?;
        self.checksum.update(bytemuck::cast_slice(vectors));
        let rows = vectors.len() / self.file.header().dimension.get();
        self.open.end += u32::try_from(rows).expect("at most ROWS_AT_A_TIME rows are appended");
        if self.open.len() >= SEGMENT_ROWS {
            self.end_segment();
        }
        Ok(())
    }

    fn end_segment(&mut self) {
        if !self.open.is_empty() {
            let checksum = std::mem::take(&mut self.checksum).finalize();
            self.segments.push(Segment { rows: self.open.clone(), checksum });
            self.open.start = self.open.end;
        }
    }
}

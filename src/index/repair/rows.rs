//! Repair of the rows: whole ones are copied to a new generation, damaged ones are embedded again on the way.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use roaring::RoaringBitmap;

use crate::corpus::contextual_text;
use crate::index::catalog::Catalog;
use crate::index::codes::records;
use crate::index::compaction::Copy;
use crate::index::error::{Damage, Error};
use crate::index::folder::Folder;
use crate::index::generation::{Generation, VectorNumber};
use crate::index::header::Header;
use crate::index::matrix::{MatrixFile, ROWS_AT_A_TIME, header_of_checksums};
use crate::index::record_file::map;
use crate::index::records::DocumentId;
use crate::index::verify::checked_segments;
use crate::scan::checksums::{Checksums, row_checksum};
use crate::vectors::{RowId, UnitVectors};

type Embed<'a, E> = &'a mut dyn FnMut(&[String]) -> Result<UnitVectors, E>;

/// The rows before the repair, some of them damaged, all of them perhaps gone.
pub(super) struct OldRows<'a> {
    catalog: &'a Catalog,
    header: Header,
    file: Option<File>,
    /// The rows that match a checksum.
    whole: RoaringBitmap,
}

impl<'a> OldRows<'a> {
    pub(super) fn open(
        folder: &Folder,
        catalog: &'a Catalog,
        generation: &Generation,
        header: Header,
    ) -> Result<Self, Error> {
        let file = File::open(folder.records(header)).ok();
        let mut old = Self { catalog, header, file, whole: RoaringBitmap::new() };
        let segments = match checked_segments(catalog, generation) {
            Err(Error::Corrupt { .. }) => Vec::new(),
            segments => segments?,
        };
        for segment in segments {
            if old.checksum(segment.rows.clone()) == Some(segment.checksum) {
                old.whole.insert_range(segment.rows);
            }
        }
        let mapped = map(folder, header_of_checksums(header), generation.rows()).ok();
        let rows = generation.rows();
        let checksums = mapped.as_ref().and_then(|mapped| Checksums::new(records(mapped), rows as usize));
        if let Some(checksums) = checksums {
            for row in (0..rows).filter(|row| !old.whole.contains(*row)).collect::<Vec<_>>() {
                if old.read(row).is_some_and(|values| row_checksum(&values) == checksums.row(RowId(row))) {
                    old.whole.insert(row);
                }
            }
        }
        Ok(old)
    }

    /// The CRC-32 of rows; `None` where they cannot be read.
    fn checksum(&self, rows: Range<u32>) -> Option<u32> {
        let mut hasher = crc32fast::Hasher::new();
        for row in rows {
            hasher.update(bytemuck::cast_slice(&self.read(row)?));
        }
        Some(hasher.finalize())
    }

    fn read(&self, row: u32) -> Option<Vec<f32>> {
        let mut file = self.file.as_ref()?;
        let mut values = vec![0.0; self.header.dimension.get()];
        file.seek(SeekFrom::Start(self.header.file_bytes(row))).ok()?;
        file.read_exact(bytemuck::cast_slice_mut(&mut values)).ok()?;
        Some(values)
    }

    /// Documents with a damaged row that cannot be embedded again: imported vectors may have no texts.
    pub(super) fn damaged_without_text(
        &self,
        generation: &Generation,
    ) -> Result<BTreeSet<DocumentId>, Error> {
        let mut documents = BTreeSet::new();
        let query = "SELECT document, vector FROM passages WHERE text = '' AND context IS NULL";
        self.catalog.for_each(query, [], |row| {
            let place = generation.row_of(VectorNumber(row.get(1)?));
            if place.is_none_or(|place| !self.whole.contains(place.0)) {
                documents.insert(DocumentId(row.get(0)?));
            }
            Ok(())
        })?;
        Ok(documents)
    }

    /// Writes a new generation of all rows that passages name, makes it the live one, commits, and returns how many rows
    /// were embedded.
    pub(super) fn copied<E: From<Error>>(
        &self,
        folder: &Folder,
        generation: &Generation,
        embed: Embed<'_, E>,
    ) -> Result<u64, E> {
        let named = self.catalog.all_vectors()? & generation.vectors();
        let number = folder.unused_generation(generation.number())?;
        let mut next = Generation::compacted(number, generation, named.clone());
        let file = MatrixFile::create(folder, Header { generation: number, ..self.header })?;
        let mut copy = Copy::to(file);
        let mut embedded = 0;
        for first in (0..generation.rows()).step_by(ROWS_AT_A_TIME as usize) {
            let rows = first..generation.rows().min(first.saturating_add(ROWS_AT_A_TIME));
            let vectors = rows.filter_map(|row| Some((row, generation.vector_of(RowId(row))?)));
            let kept: Vec<_> = vectors.filter(|(_, vector)| named.contains(vector.0)).collect();
            embedded += self.append(&kept, &mut copy, embed)?;
        }
        let segments = copy.finish()?;
        folder.sync()?;
        next.set_live(&self.catalog.visible_vectors()?);
        self.catalog.switch_to(&next, &segments)?;
        Ok(embedded)
    }

    /// Appends rows with their vectors to `copy`.
    fn append<E: From<Error>>(
        &self,
        rows: &[(u32, VectorNumber)],
        copy: &mut Copy,
        embed: Embed<'_, E>,
    ) -> Result<u64, E> {
        let width = self.header.dimension.get();
        let (mut values, mut texts, mut places) = (Vec::new(), Vec::new(), Vec::new());
        for &(row, vector) in rows {
            let whole = if self.whole.contains(row) { self.read(row) } else { None };
            if let Some(row) = whole {
                values.extend(row);
            } else {
                places.push(values.len());
                texts.push(self.text(vector)?);
                values.resize(values.len() + width, 0.0);
            }
        }
        if !texts.is_empty() {
            let vectors = embed(&texts)?;
            assert_eq!(vectors.as_slice().len(), texts.len() * width, "a vector for every text");
            for (place, vector) in places.iter().zip(vectors.as_slice().chunks_exact(width)) {
                values[*place..*place + width].copy_from_slice(vector);
            }
        }
        copy.append(&values)?;
        Ok(texts.len() as u64)
    }

    /// The text that the vector was made from.
    fn text(&self, vector: VectorNumber) -> Result<String, Error> {
        let query = "SELECT context, text FROM passages WHERE vector = ?1";
        let text = self.catalog.find(query, [vector.0], |row| {
            let context: Option<String> = row.get(0)?;
            Ok(contextual_text(context.as_deref(), row.get_ref(1)?.as_str()?).into_owned())
        })?;
        let missing = || Error::corrupt(self.catalog.path(), Damage::Field { field: "passage of a vector" });
        text.ok_or_else(missing)
    }
}

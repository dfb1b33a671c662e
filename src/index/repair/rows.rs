//! Mending the rows: whole ones are copied to a new generation, damaged ones are embedded again on the way.

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
use crate::index::verify::checked_segments;
use crate::mapped_file::MappedFile;
use crate::scan::checksums::{Checksums, row_checksum};
use crate::vectors::{RowId, UnitVectors};

type Embed<'a, E> = &'a mut dyn FnMut(&[String]) -> Result<UnitVectors, E>;

/// Writes a new generation of all rows that passages name, makes it the live one, and returns how many rows were embedded.
pub(super) fn repair_rows<E: From<Error>>(
    folder: &Folder,
    catalog: &Catalog,
    generation: &Generation,
    header: Header,
    embed: Embed<'_, E>,
) -> Result<u64, E> {
    let named = catalog.all_vectors()?;
    let next = Generation::compacted(folder.unused_generation()?, generation, &named & generation.vectors());
    let file = MatrixFile::create(folder, Header { generation: next.number(), ..header })?;
    let mut copy = Copy::to(file);
    let old = OldRows::open(folder, catalog, generation, header);
    let mut embedded = 0;
    for first in (0..generation.rows()).step_by(ROWS_AT_A_TIME as usize) {
        let rows = first..generation.rows().min(first.saturating_add(ROWS_AT_A_TIME));
        embedded += append_rows(&old, generation, &named, rows, &mut copy, embed)?;
    }
    let segments = copy.finish()?;
    folder.sync()?;
    let mut next = next;
    next.set_live(&catalog.visible_vectors()?);
    catalog.batch("BEGIN IMMEDIATE")?;
    catalog.switch_to(&next, &segments)?;
    Ok(embedded)
}

/// Appends those of `rows` that passages name.
fn append_rows<E: From<Error>>(
    old: &OldRows,
    generation: &Generation,
    named: &RoaringBitmap,
    rows: Range<u32>,
    copy: &mut Copy,
    embed: Embed<'_, E>,
) -> Result<u64, E> {
    let width = old.header.dimension.get();
    let (mut values, mut texts, mut places) = (Vec::new(), Vec::new(), Vec::new());
    for row in rows {
        let vector = generation.vector_of(RowId(row)).expect("every row of a generation has a vector");
        if !named.contains(vector.0) {
            continue;
        }
        if let Some(row) = old.whole_row(row) {
            values.extend(row);
        } else {
            places.push(values.len());
            texts.push(old.text(vector)?);
            values.resize(values.len() + width, 0.0);
        }
    }
    if !texts.is_empty() {
        let vectors = embed(&texts)?;
        for (place, vector) in places.iter().zip(vectors.as_slice().chunks_exact(width)) {
            values[*place..*place + width].copy_from_slice(vector);
        }
    }
    copy.append(&values)?;
    Ok(texts.len() as u64)
}

/// The rows before the repair, some of them damaged, all of them perhaps gone.
struct OldRows<'a> {
    catalog: &'a Catalog,
    header: Header,
    file: Option<File>,
    checksums: Option<MappedFile>,
    rows: u32,
    /// The rows of segments that match their checksum.
    whole: RoaringBitmap,
}

impl<'a> OldRows<'a> {
    fn open(folder: &Folder, catalog: &'a Catalog, generation: &Generation, header: Header) -> Self {
        let file = File::open(folder.records(header)).ok();
        let checksums = map(folder, header_of_checksums(header), generation.rows()).ok();
        let rows = generation.rows();
        let mut old = Self { catalog, header, file, checksums, rows, whole: RoaringBitmap::new() };
        for segment in checked_segments(catalog, generation).unwrap_or_default() {
            if old.checksum(segment.rows.clone()) == Some(segment.checksum) {
                old.whole.insert_range(segment.rows);
            }
        }
        old
    }

    /// The CRC-32 of rows; `None` where they cannot be read.
    fn checksum(&self, rows: Range<u32>) -> Option<u32> {
        let mut hasher = crc32fast::Hasher::new();
        for row in rows {
            hasher.update(bytemuck::cast_slice(&self.read(row)?));
        }
        Some(hasher.finalize())
    }

    /// The values of a row, if they match a checksum.
    fn whole_row(&self, row: u32) -> Option<Vec<f32>> {
        let values = self.read(row)?;
        let has_its_checksum = || {
            let checksums = Checksums::new(records(self.checksums.as_ref()?), self.rows as usize)?;
            Some(checksums.row(RowId(row)) == row_checksum(&values))
        };
        (self.whole.contains(row) || has_its_checksum() == Some(true)).then_some(values)
    }

    fn read(&self, row: u32) -> Option<Vec<f32>> {
        let mut file = self.file.as_ref()?;
        let mut values = vec![0.0; self.header.dimension.get()];
        file.seek(SeekFrom::Start(self.header.file_bytes(row))).ok()?;
        file.read_exact(bytemuck::cast_slice_mut(&mut values)).ok()?;
        Some(values)
    }

    /// The text that the vector was made from.
    fn text(&self, vector: VectorNumber) -> Result<String, Error> {
        let query = "SELECT context, text FROM passages WHERE vector = ?1";
        let text = self.catalog.find(query, [vector.0], |row| {
            let context: Option<String> = row.get(0)?;
            Ok(contextual_text(context.as_deref(), row.get_ref(1)?.as_str()?).into_owned())
        })?;
        // Imported vectors may have no texts.
        let missing =
            || Error::corrupt(self.catalog.path(), Damage::Field { field: "text of a damaged vector" });
        text.filter(|text| !text.is_empty()).ok_or_else(missing)
    }
}

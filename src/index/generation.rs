//! The record of a generation: its number of rows, the vectors in them, and which rows are live.

use std::ops::Range;

use roaring::RoaringBitmap;

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::record_checksums::{GENERATIONS, require_whole};
use super::schema::LIVE_GENERATION;
use super::settings::Precision;
use crate::vectors::RowId;

/// The number of a vector: assigned once, kept by compactions, never reused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct VectorNumber(pub(super) u32);

/// One generation of rows.
///
/// Invariants: `vectors` has as many members as there are rows, all below `next_vector`; the n-th of them is
/// row n; `live` holds rows only.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Generation {
    number: u64,
    next_vector: u32,
    vectors: RoaringBitmap,
    live: RoaringBitmap,
}

impl Generation {
    /// A generation without rows, whose first vector will be `next_vector`.
    pub(super) fn new(number: u64, next_vector: VectorNumber) -> Self {
        let (vectors, live) = (RoaringBitmap::new(), RoaringBitmap::new());
        Self { number, next_vector: next_vector.0, vectors, live }
    }

    /// The generation after `old` with those vectors of `old` that are in `kept`, in the same order.
    pub(super) fn compacted(number: u64, old: &Self, kept: RoaringBitmap) -> Self {
        let numbered = (0..).zip(&old.vectors);
        let live_vectors =
            numbered.filter(|(row, _)| old.live.contains(*row)).map(|(_, vector)| vector).collect();
        let mut next = Self { vectors: kept, ..Self::new(number, VectorNumber(old.next_vector)) };
        next.live = next.rows_of(&live_vectors);
        next
    }

    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    pub(super) fn rows(&self) -> u32 {
        u32::try_from(self.vectors.len()).expect("numbers stay below u32::MAX, and so does their count")
    }

    pub(super) const fn live(&self) -> &RoaringBitmap {
        &self.live
    }

    /// The number of each row, in increasing order.
    pub(super) const fn vectors(&self) -> &RoaringBitmap {
        &self.vectors
    }

    /// The number that the next vector gets.
    pub(super) const fn next_vector(&self) -> u32 {
        self.next_vector
    }

    /// The numbers that the next `count` vectors get; `None` where the numbers run out.
    pub(super) fn next_numbers(&self, count: usize) -> Option<Range<u32>> {
        let end = u32::try_from(count).ok().and_then(|count| self.next_vector.checked_add(count))?;
        Some(self.next_vector..end)
    }

    /// Adds a row at the end for each of the [next numbers](Self::next_numbers).
    pub(super) fn append(&mut self, numbers: Range<u32>) {
        self.next_vector = numbers.end;
        self.vectors.insert_range(numbers);
    }

    pub(super) fn row_of(&self, vector: VectorNumber) -> Option<RowId> {
        let rank = self.vectors.contains(vector.0).then(|| self.vectors.rank(vector.0))?;
        u32::try_from(rank - 1).ok().map(RowId)
    }

    pub(super) fn vector_of(&self, row: RowId) -> Option<VectorNumber> {
        self.vectors.select(row.0).map(VectorNumber)
    }

    /// The rows of `vectors`, as far as they are in this generation.
    pub(super) fn rows_of(&self, vectors: &RoaringBitmap) -> RoaringBitmap {
        let rows = vectors.iter().filter_map(|vector| self.row_of(VectorNumber(vector)));
        rows.map(|row| row.0).collect()
    }

    /// Makes the rows of `vectors` live, and no others.
    pub(super) fn set_live(&mut self, vectors: &RoaringBitmap) {
        self.live = self.rows_of(vectors);
    }

    pub(super) fn revive(&mut self, rows: &RoaringBitmap) {
        self.live |= rows;
    }

    pub(super) fn bury(&mut self, rows: &RoaringBitmap) {
        self.live -= rows;
    }

    /// The live generation of `catalog`.
    pub(super) fn load(catalog: &Catalog) -> Result<Self, Error> {
        let number: u64 = catalog.setting(LIVE_GENERATION)?;
        let invalid = || Error::corrupt(catalog.path(), Damage::GenerationRecord { generation: number });
        let is_whole = catalog.is_whole(GENERATIONS);
        let record = catalog.find(
            &format!(
                "SELECT rows, next_vector, vectors, live, {is_whole} FROM generations WHERE generation = ?1"
            ),
            [number],
            |row| {
                require_whole(row, 4, GENERATIONS)?;
                let blobs = (row.get::<_, Vec<u8>>(2)?, row.get::<_, Vec<u8>>(3)?);
                Ok((row.get::<_, u32>(0)?, row.get::<_, u32>(1)?, blobs))
            },
        )?;
        let (rows, next_vector, (vectors, live)) = record.ok_or_else(invalid)?;
        let vectors = RoaringBitmap::deserialize_from(vectors.as_slice()).map_err(|_| invalid())?;
        let live = RoaringBitmap::deserialize_from(live.as_slice()).map_err(|_| invalid())?;
        let whole = vectors.len() == u64::from(rows)
            && vectors.max().is_none_or(|last| last < next_vector)
            && live.max().is_none_or(|last| last < rows);
        if whole { Ok(Self { number, next_vector, vectors, live }) } else { Err(invalid()) }
    }

    /// Records the generation, in place of an earlier record of it.
    pub(super) fn store(&self, catalog: &Catalog) -> Result<(), Error> {
        let (vectors, live) = (to_blob(&self.vectors), to_blob(&self.live));
        catalog.execute(
            "INSERT INTO generations (generation, rows, next_vector, vectors, live, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5, row_checksum(?1, ?2, ?3, ?4, ?5))
             ON CONFLICT (generation) DO UPDATE
             SET rows = excluded.rows, next_vector = excluded.next_vector,
                 vectors = excluded.vectors, live = excluded.live, checksum = excluded.checksum",
            (self.number, self.rows(), self.next_vector, vectors, live),
        )?;
        Ok(())
    }

    /// The segments of the float32 rows, by row.
    pub(super) fn segments(&self, catalog: &Catalog) -> Result<Vec<Segment>, Error> {
        let mut segments = Vec::new();
        catalog.for_each(
            "SELECT first_row, first_row + row_count, checksum FROM segments
             WHERE generation = ?1 AND encoding = ?2 ORDER BY first_row",
            (self.number, Precision::Float32.name()),
            |row| {
                segments.push(Segment { rows: row.get(0)?..row.get(1)?, checksum: row.get(2)? });
                Ok(())
            },
        )?;
        Ok(segments)
    }

    /// Records a segment of float32 rows of this generation.
    pub(super) fn store_segment(&self, segment: &Segment, catalog: &Catalog) -> Result<(), Error> {
        let Segment { rows, checksum } = segment;
        catalog.execute(
            "INSERT OR REPLACE INTO segments (generation, encoding, first_row, row_count, checksum)
             VALUES (?1, ?2, ?3, ?4, ?5)",
            (self.number, Precision::Float32.name(), rows.start, rows.len(), checksum),
        )?;
        Ok(())
    }
}

/// Consecutive rows, which were committed together, and the CRC-32 of their bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) rows: Range<u32>,
    pub(super) checksum: u32,
}

impl Segment {
    /// What is wrong where the rows do not match the checksum.
    pub(super) const fn damage(&self) -> Damage {
        Damage::Rows { first_row: self.rows.start, last_row: self.rows.end.saturating_sub(1) }
    }
}

fn to_blob(bitmap: &RoaringBitmap) -> Vec<u8> {
    let mut compact = bitmap.clone();
    compact.optimize();
    let mut bytes = Vec::with_capacity(compact.serialized_size());
    compact.serialize_into(&mut bytes).expect("a vector takes every byte");
    bytes
}

//! The check of the files of one generation: rows, checksums and codes.

use std::ops::Range;

use super::fault::Faults;
use crate::index::catalog::Catalog;
use crate::index::codes::{MappedCodes, headers, records};
use crate::index::error::{Damage, Error};
use crate::index::folder::Folder;
use crate::index::generation::{Generation, Segment};
use crate::index::header::Header;
use crate::index::matrix::header_of_checksums;
use crate::index::record_file::map;
use crate::index::schema::CHECKSUMS_SINCE;
use crate::mapped_file::MappedFile;
use crate::scan::Rows;
use crate::scan::checksums::{Checksums, ROWS_OF_A_BLOCK, row_checksum};
use crate::scan::codes::{Codes, encode_rows};
use crate::vectors::RowId;

/// The files of one generation, as far as they could be opened.
pub(super) struct Opened {
    header: Header,
    rows: Result<MappedFile, Error>,
    codes: Result<MappedCodes, Error>,
    /// `None` in an index of an older version.
    checksums: Option<Result<MappedFile, Error>>,
}

impl Opened {
    /// Opens the files that the catalog names.
    pub(super) fn new(folder: &Folder, catalog: &Catalog) -> Result<Self, Error> {
        let generation = Generation::load(catalog)?;
        let header = catalog.header(&catalog.settings()?, generation.number())?;
        let count = generation.rows();
        let has_checksums = catalog.is_since(CHECKSUMS_SINCE);
        Ok(Self {
            header,
            rows: map(folder, header, count),
            codes: MappedCodes::open(folder, header, count),
            checksums: has_checksums.then(|| map(folder, header_of_checksums(header), count)),
        })
    }

    /// Compares the files with one another and with the catalog.
    pub(super) fn verify(
        self,
        folder: &Folder,
        catalog: &Catalog,
        generation: &Generation,
        faults: &mut Faults,
    ) -> Result<(), Error> {
        let segments = faults.note(checked_segments(catalog, generation))?;
        let mapped_checksums = self.checksums.map_or(Ok(None), |checksums| faults.note(checksums))?;
        let codes = faults.note(self.codes)?;
        let Some(rows) = faults.note(self.rows)? else { return Ok(()) };
        let rows = Rows::new(bytemuck::cast_slice(records(&rows)), self.header.dimension);
        let checksums = mapped_checksums.as_ref().map(|checksums| {
            Checksums::new(records(checksums), rows.len()).expect("the checksums of all rows are mapped")
        });
        let files = Files { folder, header: self.header, rows, checksums };
        for segment in segments.unwrap_or_default() {
            files.verify_segment(&segment, faults);
        }
        if let Some(codes) = &codes {
            files.verify_codes(codes.codes(), faults);
        }
        Ok(())
    }
}

/// The segments, which must cover every row once.
pub(in crate::index) fn checked_segments(
    catalog: &Catalog,
    generation: &Generation,
) -> Result<Vec<Segment>, Error> {
    let segments = generation.segments(catalog)?;
    let mut covered = 0;
    for Segment { rows, .. } in &segments {
        if rows.start != covered || rows.is_empty() || rows.end > generation.rows() {
            return Err(Error::corrupt(catalog.path(), Damage::SegmentGap { row: covered }));
        }
        covered = rows.end;
    }
    if covered == generation.rows() {
        Ok(segments)
    } else {
        Err(Error::corrupt(catalog.path(), Damage::SegmentGap { row: covered }))
    }
}

struct Files<'a> {
    folder: &'a Folder,
    header: Header,
    rows: Rows<'a>,
    checksums: Option<Checksums<'a>>,
}

impl Files<'_> {
    /// Rows have two checksums: one each, and one for their segment. Where only one differs, it is the damaged part.
    fn verify_segment(&self, segment: &Segment, faults: &mut Faults) {
        let Range { start, end } = segment.rows;
        let width = self.header.dimension.get();
        let values = &self.rows.values()[start as usize * width..end as usize * width];
        let is_whole = crc32fast::hash(bytemuck::cast_slice(values)) == segment.checksum;
        let differing: Vec<u32> = match self.checksums {
            None => Vec::new(),
            Some(checksums) => segment
                .rows
                .clone()
                .filter(|&row| row_checksum(self.rows.row(RowId(row))) != checksums.row(RowId(row)))
                .collect(),
        };
        let (rows, checksums) = (self.header, header_of_checksums(self.header));
        match (is_whole, differing.is_empty()) {
            (true, true) => {}
            (true, false) => self.add(faults, checksums, &differing, |first_row, last_row| {
                Damage::Checksums { first_row, last_row }
            }),
            (false, false) => {
                self.add(faults, rows, &differing, |first_row, last_row| Damage::Rows {
                    first_row,
                    last_row,
                });
            }
            (false, true) => faults.add(&self.folder.records(rows), segment.damage()),
        }
    }

    /// Adds a fault for each run of consecutive rows.
    fn add(&self, faults: &mut Faults, file: Header, rows: &[u32], damage: impl Fn(u32, u32) -> Damage) {
        for run in rows.chunk_by(|a, b| a + 1 == *b) {
            faults.add(&self.folder.records(file), damage(run[0], run[run.len() - 1]));
        }
    }

    /// Codes are computed from rows alone, so they are checked by computing them again. Those of damaged rows are not
    /// looked at.
    fn verify_codes(&self, codes: Codes<'_>, faults: &mut Faults) {
        let (coarse, fine) = headers(self.header);
        let block_values = ROWS_OF_A_BLOCK * self.header.dimension.get();
        let blocks = self.rows.values().chunks_exact(block_values);
        for (number, values) in blocks.enumerate() {
            let first_row = (number * ROWS_OF_A_BLOCK) as u32;
            let last_row = first_row + ROWS_OF_A_BLOCK as u32 - 1;
            let rows = first_row..=last_row;
            let is_damaged = self.checksums.is_some_and(|checksums| {
                rows.clone().any(|row| row_checksum(self.rows.row(RowId(row))) != checksums.row(RowId(row)))
            });
            if is_damaged {
                continue;
            }
            let expected = encode_rows(Rows::new(values, self.header.dimension));
            let part = |all: &[u8], size: usize| all[number * size..][..size].to_vec();
            let found =
                (part(codes.coarse(), expected.coarse.len()), part(codes.fine(), expected.fine.len()));
            for (differs, file) in [(found.0 != expected.coarse, coarse), (found.1 != expected.fine, fine)] {
                if differs {
                    faults.add(&self.folder.records(file), Damage::Codes { first_row, last_row });
                }
            }
            let made = (crc32fast::hash(&expected.coarse), crc32fast::hash(&expected.fine));
            if self.checksums.is_some_and(|checksums| checksums.codes(number) != made) {
                let path = self.folder.records(header_of_checksums(self.header));
                faults.add(&path, Damage::Checksums { first_row, last_row });
            }
        }
    }
}

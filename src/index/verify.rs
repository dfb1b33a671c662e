//! The check of a whole index for damage.

use roaring::RoaringBitmap;

use super::codes::headers;
use super::error::{Damage, Error};
use super::generation::Segment;
use super::header::Header;
use super::matrix::ROWS_AT_A_TIME;
use super::reader::Reader;
use crate::scan::{Rows, codes};

impl Reader {
    /// Reads every row and every page, and compares them with the checksums and with each other.
    ///
    /// # Errors
    ///
    /// [`Error::Corrupt`] with the first damage found, and [`Error::Sql`].
    pub fn verify(&self) -> Result<(), Error> {
        self.verify_rows()?;
        self.verify_codes()?;
        self.verify_catalog()
    }

    fn verify_rows(&self) -> Result<(), Error> {
        let path = self.folder.records(self.header);
        let width = self.settings().dimension().get();
        let mut covered = 0;
        for Segment { rows, checksum } in self.generation.segments(&self.catalog)? {
            if rows.start != covered || rows.is_empty() || rows.end > self.generation.rows() {
                return Err(Error::corrupt(self.catalog.path(), Damage::SegmentGap { row: covered }));
            }
            covered = rows.end;
            let values = &self.rows().values()[rows.start as usize * width..rows.end as usize * width];
            if crc32fast::hash(bytemuck::cast_slice(values)) != checksum {
                let what = Damage::Rows { first_row: rows.start, last_row: rows.end - 1 };
                return Err(Error::corrupt(&path, what));
            }
        }
        if covered == self.generation.rows() {
            Ok(())
        } else {
            Err(Error::corrupt(self.catalog.path(), Damage::SegmentGap { row: covered }))
        }
    }

    /// Codes are computed from rows alone, so they are checked by computing them again.
    fn verify_codes(&self) -> Result<(), Error> {
        let Some(codes) = self.matrix.codes() else { return Ok(()) };
        let dimension = self.settings().dimension();
        let rows = self.rows().values().chunks(ROWS_AT_A_TIME as usize * dimension.get());
        let (coarse, fine) = headers(self.header);
        let size = |header: Header| ROWS_AT_A_TIME as usize * header.row_bytes();
        let parts = codes.coarse().chunks(size(coarse)).zip(codes.fine().chunks(size(fine)));
        for (first_row, (rows, parts)) in (0..).step_by(ROWS_AT_A_TIME as usize).zip(rows.zip(parts)) {
            let last_row = first_row + (rows.len() / dimension.get()) as u32 - 1;
            let expected = codes::encode_rows(Rows::new(rows, dimension));
            for (found, expected, header) in
                [(parts.0, expected.coarse, coarse), (parts.1, expected.fine, fine)]
            {
                if found != expected {
                    let path = self.folder.records(header);
                    return Err(Error::corrupt(&path, Damage::Codes { first_row, last_row }));
                }
            }
        }
        Ok(())
    }

    fn verify_catalog(&self) -> Result<(), Error> {
        let damaged = |what| Err(Error::corrupt(self.catalog.path(), what));
        let report = self.catalog.find("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0))?;
        if let Some(report) = report.filter(|report| report != "ok") {
            return damaged(Damage::Catalog { report });
        }
        let mut visible = RoaringBitmap::new();
        for source in self.catalog.visible_sources()? {
            visible |= self.generation.rows_of(&self.catalog.vectors_of(source.id)?);
        }
        if visible == *self.live() {
            Ok(())
        } else {
            damaged(Damage::LiveRows { live: self.live().len(), visible: visible.len() })
        }
    }
}

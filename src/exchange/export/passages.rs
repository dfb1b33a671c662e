//! The passages of an index with their vectors, in portions.

use super::error::ExportError;
use crate::corpus::LocatedPassage;
use crate::index::{Reader, StoredPath};
use crate::vectors::RowId;

/// The number of passages to fetch at a time.
const PORTION: usize = 1024;

/// The passages of an export.
pub(super) struct ExportedPassages<'a> {
    pub(super) reader: &'a Reader,
    /// Turns a stored source into the form that users see.
    pub(super) show_source: &'a dyn Fn(&StoredPath) -> String,
}

impl ExportedPassages<'_> {
    /// Passes every passage and its vector to `take`, in the order of rows.
    pub(super) fn for_each(
        &self,
        mut take: impl FnMut(&LocatedPassage, &[f32]) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let rows: Vec<RowId> = self.reader.live().iter().map(RowId).collect();
        for rows in rows.chunks(PORTION) {
            for (located, &row) in self.reader.passages(rows, self.show_source)?.iter().zip(rows) {
                take(located, self.reader.rows().row(row))?;
            }
        }
        Ok(())
    }
}

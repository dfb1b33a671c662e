//! The passages of an index with their vectors.

use super::error::ExportError;
use crate::corpus::LocatedPassage;
use crate::index::{IndexContent, StoredPath, Visit};

/// The passages of an export.
pub(super) struct ExportedPassages<'a> {
    pub(super) content: &'a dyn IndexContent,
    /// Turns a stored source into the form that users see.
    pub(super) show_source: &'a dyn Fn(&StoredPath) -> String,
}

impl ExportedPassages<'_> {
    /// Passes every passage and its vector to `take`, in the order of rows.
    pub(super) fn for_each(
        &self,
        mut take: impl FnMut(&LocatedPassage, &[f32]) -> Result<(), ExportError>,
    ) -> Result<(), ExportError> {
        let mut visit = Visit::default();
        let visited = self
            .content
            .for_each_passage(self.show_source, &mut |located, vector| visit.keep(take(located, vector)));
        visit.end(visited)
    }
}

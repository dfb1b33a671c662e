//! The vectors of an index as a NumPy matrix.

use std::io::{self, Write};
use std::path::Path;

use super::error::ExportError;
use super::passages::ExportedPassages;
use crate::exchange::npy::NpyWriter;
use crate::index::Visit;

/// Writes the vector of every passage; errors name the output `name`.
pub(super) fn write(
    passages: &ExportedPassages<'_>,
    output: &mut dyn Write,
    name: &Path,
) -> Result<(), ExportError> {
    let content = passages.content;
    let failed = |error: io::Error| ExportError::write(name)(error);
    let mut writer =
        NpyWriter::new(output, content.passage_count(), content.settings().dimension()).map_err(failed)?;
    let mut visit = Visit::default();
    let visited = content.for_each_vector(&mut |vector| visit.keep(writer.write(vector).map_err(failed)));
    visit.end(visited)?;
    writer.finish().flush().map_err(failed)
}

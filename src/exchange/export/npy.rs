//! The vectors of an index as a NumPy matrix.

use std::io::{self, Write};
use std::path::Path;

use super::error::ExportError;
use super::passages::ExportedPassages;
use crate::exchange::npy::NpyWriter;
use crate::vectors::RowId;

/// Writes the vector of every passage; errors name the output `name`.
pub(super) fn write(
    passages: &ExportedPassages<'_>,
    output: &mut dyn Write,
    name: &Path,
) -> Result<(), ExportError> {
    write_rows(passages, output).map_err(ExportError::write(name))
}

fn write_rows(passages: &ExportedPassages<'_>, output: &mut dyn Write) -> io::Result<()> {
    let (live, rows) = (passages.reader.live(), passages.reader.rows());
    let mut writer = NpyWriter::new(output, live.len(), rows.dimension())?;
    live.iter().try_for_each(|row| writer.write(rows.row(RowId(row))))?;
    writer.finish().flush()
}

//! The passages of an index as JSON lines, each with its vector.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::{Map, Value};

use super::error::ExportError;
use super::passages::ExportedPassages;

/// A line. Fields are only ever added.
#[derive(Serialize)]
struct PassageLine<'a> {
    id: &'a str,
    source: &'a str,
    document: &'a str,
    line: Option<u64>,
    end_line: Option<u64>,
    text: &'a str,
    metadata: Option<&'a Map<String, Value>>,
    /// Each number with the fewest digits that read back as the same float32.
    embedding: &'a [f32],
}

/// Writes every passage; errors name the output `name`.
pub(super) fn write(
    passages: &ExportedPassages<'_>,
    output: &mut dyn Write,
    name: &Path,
) -> Result<(), ExportError> {
    passages.for_each(|located, embedding| {
        let (line, end_line) = located.passage.lines.unzip();
        let line = PassageLine {
            id: &located.id(),
            source: &located.source,
            document: &located.document_id(),
            line,
            end_line,
            text: &located.passage.text,
            metadata: located.metadata.as_ref(),
            embedding,
        };
        let written = serde_json::to_writer(&mut *output, &line).map_err(io::Error::from);
        written.and_then(|()| writeln!(output)).map_err(ExportError::write(name))
    })
}

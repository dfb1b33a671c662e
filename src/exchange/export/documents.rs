//! The documents beside an `.npy` file: everything that an import needs to restore an index, except the vectors.

use std::borrow::Cow;
use std::io::Write;
use std::path::Path;

use serde_json::json;

use super::error::ExportError;
use super::passages::ExportedPassages;
use crate::corpus::{Document, Passage};
use crate::exchange::documents::{ExportedPlace, PLACE_FIELD};
use crate::index::{StoredPath, Visit};

/// Writes every passage; errors name the output `name`.
pub(super) fn write(
    passages: &ExportedPassages<'_>,
    output: &mut dyn Write,
    name: &Path,
) -> Result<(), ExportError> {
    let ExportedPassages { content, show_source } = passages;
    let mut write = |source: &StoredPath, document: &Document| {
        let source = show_source(source);
        for (index, passage) in document.passages.iter().enumerate() {
            let line = json!({
                "id": format!("{source}:{}", document.passage_key(index)),
                "text": passage.text,
                "metadata": document.metadata,
                PLACE_FIELD: place(&source, document, index, passage),
            });
            writeln!(output, "{line}").map_err(ExportError::write(name))?;
        }
        Ok(())
    };
    let mut visit = Visit::default();
    let visited =
        content.for_each_document(None, &mut |source, document| visit.keep(write(source, &document)));
    visit.end(visited)
}

fn place<'a>(
    source: &'a str,
    document: &'a Document,
    index: usize,
    passage: &'a Passage,
) -> ExportedPlace<'a> {
    let (line, end_line) = passage.lines.unzip();
    let (start_byte, end_byte) = passage.bytes.unzip();
    ExportedPlace {
        source: source.into(),
        document: document.key.as_str().into(),
        document_line: document.line,
        ordinal: u32::try_from(index).expect("passages are rows, which are numbered with 32 bits"),
        line,
        end_line,
        start_byte,
        end_byte,
        context: passage.context.as_deref().map(Cow::Borrowed),
    }
}

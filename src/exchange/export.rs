//! The live passages of an index, with their vectors, in the order of their rows.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::Value;

use super::documents::PLACE_FIELD;
use super::{NpyWriter, Place};
use crate::index::{self, PassageRecord, Reader, StoredPath};
use crate::vectors::RowId;

/// Passages that are fetched at a time.
const PORTION: usize = 1024;

/// Why an index cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The file's name says no format.
    #[error("{} is neither an .npy, a .jsonl nor a .parquet file", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// This build cannot write Parquet.
    #[error("cannot write {}: this embed was built without the feature parquet", path.display())]
    NoParquet {
        /// The file.
        path: PathBuf,
    },
    /// The index cannot be read.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The output takes no more.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The Parquet library failed: the output takes no more, for one.
    #[cfg(feature = "parquet")]
    #[error("cannot write {}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What the library says.
        source: parquet::errors::ParquetError,
    },
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// The vectors alone: float32, rows x dimension.
    Npy,
    /// An object a line, with the vector in `embedding`.
    Jsonl,
    /// A table of the same columns, where this build has the feature `parquet`.
    Parquet,
}

impl ExportFormat {
    /// The form that the name of a file says.
    ///
    /// # Errors
    ///
    /// [`ExportError::UnknownFormat`], and [`ExportError::NoParquet`] in a build without that feature.
    pub fn of(path: &Path) -> Result<Self, ExportError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => Ok(Self::Npy),
            Some("jsonl" | "ndjson") => Ok(Self::Jsonl),
            Some("parquet") if cfg!(feature = "parquet") => Ok(Self::Parquet),
            Some("parquet") => Err(ExportError::NoParquet { path: path.to_owned() }),
            _ => Err(ExportError::UnknownFormat { path: path.to_owned() }),
        }
    }
}

/// An export of one index, as it was when its reader was opened.
pub struct Export<'a> {
    reader: &'a Reader,
    show_source: &'a dyn Fn(&StoredPath) -> String,
}

/// A passage with the names by which a user knows it.
pub(super) struct NamedPassage {
    /// As in the results of a search.
    pub(super) id: String,
    /// The document's id.
    pub(super) document: String,
    /// The source, in the form that the user is to see.
    pub(super) source: String,
    pub(super) passage: PassageRecord,
}

/// What is done with each passage and its vector.
type TakePassage<'a> = dyn FnMut(NamedPassage, &[f32]) -> Result<(), ExportError> + 'a;

/// A line of [`ExportFormat::Jsonl`]. Fields are only ever added.
#[derive(Serialize)]
struct PassageLine<'a> {
    id: &'a str,
    source: &'a str,
    document: &'a str,
    line: Option<u64>,
    end_line: Option<u64>,
    text: &'a str,
    metadata: Option<&'a Value>,
    /// Each number with the fewest digits that read back as the same float32.
    embedding: &'a [f32],
}

impl<'a> Export<'a> {
    /// Exports what `reader` sees. `show_source` turns a stored source into the form that the user is to see.
    #[must_use]
    pub const fn new(reader: &'a Reader, show_source: &'a dyn Fn(&StoredPath) -> String) -> Self {
        Self { reader, show_source }
    }

    /// Writes every passage to `output` and returns their number. `name` stands for the output in errors.
    ///
    /// # Errors
    ///
    /// An [`ExportError`] of the index or of the output.
    pub fn write(
        &self,
        format: ExportFormat,
        output: &mut (dyn Write + Send),
        name: &Path,
    ) -> Result<u64, ExportError> {
        match format {
            ExportFormat::Npy => self.write_npy(output).map_err(write_error(name))?,
            ExportFormat::Jsonl => self.write_jsonl(output, name)?,
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => super::parquet::write(self, output, name)?,
            #[cfg(not(feature = "parquet"))]
            ExportFormat::Parquet => return Err(ExportError::NoParquet { path: name.to_owned() }),
        }
        Ok(self.reader.live().len())
    }

    /// Writes the documents beside an `.npy` file, one a line in the order of its rows, so that an import of both gives
    /// everything back (see [`DocumentsReader`](super::DocumentsReader)).
    ///
    /// # Errors
    ///
    /// As [`Export::write`].
    pub fn write_documents(&self, output: &mut (dyn Write + Send), name: &Path) -> Result<(), ExportError> {
        self.for_each(&mut |named, _| {
            let line = serde_json::json!({
                "id": named.id,
                "text": named.passage.text,
                "metadata": named.passage.metadata,
                PLACE_FIELD: named.place(),
            });
            writeln!(output, "{line}").map_err(write_error(name))
        })
    }

    #[cfg(feature = "parquet")]
    pub(super) const fn dimension(&self) -> crate::vectors::Dimension {
        self.reader.settings().dimension()
    }

    /// Hands every passage and its vector to `take`.
    pub(super) fn for_each(&self, take: &mut TakePassage<'_>) -> Result<(), ExportError> {
        let rows: Vec<RowId> = self.reader.live().iter().map(RowId).collect();
        for rows in rows.chunks(PORTION) {
            for passage in self.reader.passages(rows)? {
                let vector = self.vector(passage.row);
                take(self.name(passage), vector)?;
            }
        }
        Ok(())
    }

    fn vector(&self, row: RowId) -> &[f32] {
        self.reader.rows().row(row)
    }

    fn name(&self, passage: PassageRecord) -> NamedPassage {
        let source = (self.show_source)(&passage.source);
        let document = format!("{source}:{}", passage.document);
        let id = format!("{source}:{}", passage.key());
        NamedPassage { id, document, source, passage }
    }

    fn write_npy(&self, output: &mut dyn Write) -> io::Result<()> {
        let live = self.reader.live();
        let mut writer = NpyWriter::new(output, live.len(), self.reader.settings().dimension())?;
        live.iter().try_for_each(|row| writer.write(self.vector(RowId(row))))?;
        writer.finish().flush()
    }

    fn write_jsonl(&self, output: &mut dyn Write, name: &Path) -> Result<(), ExportError> {
        self.for_each(&mut |named, embedding| {
            let NamedPassage { id, document, source, passage } = &named;
            let line = PassageLine {
                id,
                source,
                document,
                line: passage.span.line,
                end_line: passage.span.end_line,
                text: &passage.text,
                metadata: passage.metadata.as_ref(),
                embedding,
            };
            let written = serde_json::to_writer(&mut *output, &line).map_err(io::Error::from);
            written.and_then(|()| writeln!(output)).map_err(write_error(name))
        })
    }
}

impl NamedPassage {
    fn place(&self) -> Place<'_> {
        let PassageRecord { document, document_line, ordinal, span, .. } = &self.passage;
        Place {
            source: self.source.as_str().into(),
            document: document.as_str().into(),
            document_line: *document_line,
            ordinal: *ordinal,
            line: span.line,
            end_line: span.end_line,
            start_byte: span.start_byte,
            end_byte: span.end_byte,
        }
    }
}

fn write_error(name: &Path) -> impl Fn(io::Error) -> ExportError {
    let path = name.to_owned();
    move |source| ExportError::Write { path: path.clone(), source }
}

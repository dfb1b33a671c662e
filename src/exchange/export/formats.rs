//! The formats of an export, and the choice among them.

use std::io::Write;
use std::path::Path;

use super::error::ExportError;
use super::passages::ExportedPassages;
use super::{documents, jsonl, npy};
use crate::index::{IndexContent, StoredPath};

/// The format of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    /// The vectors alone: float32, rows x dimension.
    Npy,
    /// A JSON object on each line, with the vector in `embedding`.
    Jsonl,
    /// A table with the same columns, if this build has the feature `parquet`.
    Parquet,
}

impl ExportFormat {
    /// The format that the extension of a file names.
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

/// An export of one index at one moment.
pub struct Export<'a> {
    passages: ExportedPassages<'a>,
}

impl<'a> Export<'a> {
    /// Exports `content`. `show_source` turns a stored source into the form that users see.
    #[must_use]
    pub const fn new(content: &'a dyn IndexContent, show_source: &'a dyn Fn(&StoredPath) -> String) -> Self {
        Self { passages: ExportedPassages { content, show_source } }
    }

    /// Writes every passage to `output` and returns the number of passages. Errors name the output `name`.
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
            ExportFormat::Npy => npy::write(&self.passages, output, name)?,
            ExportFormat::Jsonl => jsonl::write(&self.passages, output, name)?,
            #[cfg(feature = "parquet")]
            ExportFormat::Parquet => super::parquet::write(&self.passages, output, name)?,
            #[cfg(not(feature = "parquet"))]
            ExportFormat::Parquet => return Err(ExportError::NoParquet { path: name.to_owned() }),
        }
        Ok(self.passages.content.passage_count())
    }

    /// Writes the documents beside an `.npy` file, one passage on each line in the order of its rows. An import of
    /// both files restores everything (see [`DocumentsReader`](crate::exchange::DocumentsReader)).
    ///
    /// # Errors
    ///
    /// As [`Export::write`].
    pub fn write_documents(&self, output: &mut (dyn Write + Send), name: &Path) -> Result<(), ExportError> {
        documents::write(&self.passages, output, name)
    }
}

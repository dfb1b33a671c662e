//! Why an index cannot be exported.

use std::io;
use std::path::{Path, PathBuf};

use crate::index;

/// Why an index cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The name of the file ends in no known format.
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
    /// The output cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The Parquet library failed, on a full disk for example.
    #[cfg(feature = "parquet")]
    #[error("cannot write {}", path.display())]
    Parquet {
        /// The file.
        path: PathBuf,
        /// The library's reason.
        source: parquet::errors::ParquetError,
    },
}

impl ExportError {
    /// An output failure at `path`.
    pub(super) fn write(path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path: path.clone(), source }
    }
}

//! Import of vectors into an index, and export of its vectors.
//!
//! | format | in | out |
//! | --- | --- | --- |
//! | `.npy` (NumPy) | the vectors | the vectors |
//! | `.txt` | texts beside an `.npy` file, line by line | |
//! | `.jsonl` | texts, ids and metadata beside an `.npy` file | the same, or everything with the vectors |
//! | `.parquet` (feature `parquet`) | | everything |
//!
//! An exported `.npy` file and its `.jsonl` file of documents restore everything when they are imported: the vectors
//! bit for bit, texts, keys, lines, metadata and sources. This module embeds no text. Memory holds a portion of rows,
//! the passages of one document, and 16 bytes for each document while ids are compared.

mod documents;
mod export;
mod import;
mod npy;
mod output;

pub use documents::{DocumentName, DocumentsError, DocumentsReader, ExportedPlace, RowDocument};
pub use export::{Export, ExportError, ExportFormat};
pub use import::{Import, ImportError, Imported};
pub use npy::{HeaderFault, NpyError, NpyReader, NpyWriter};
pub use output::{OutputError, OutputFile};

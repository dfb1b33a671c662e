//! Vectors from elsewhere into an index, and an index's vectors out of it.
//!
//! | format | in | out |
//! | --- | --- | --- |
//! | `.npy` (NumPy) | the vectors | the vectors |
//! | `.txt` | texts beside an `.npy` file, line by line | |
//! | `.jsonl` | texts, ids and metadata beside an `.npy` file | the same, or everything with the vectors |
//! | `.parquet` (feature `parquet`) | | everything |
//!
//! An `.npy` file and the `.jsonl` file of documents beside it, both exported, give an import everything back: vectors bit
//! for bit, texts, keys, lines, metadata and sources. Nothing here embeds a text, and nothing holds more in memory
//! than a portion of rows, but for 16 bytes a document while ids are compared.

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

//! An index's live passages with their vectors, in the order of their rows, written to a file.

mod documents;
mod error;
mod formats;
mod jsonl;
mod npy;
#[cfg(feature = "parquet")]
mod parquet;
mod passages;

pub use error::ExportError;
pub use formats::{Export, ExportFormat};

//! The index on disk: vectors, the texts they stand for, and where those come from.
mod catalog;
mod compaction;
mod content;
mod create;
mod error;
mod folder;
mod generation;
mod header;
mod matrix;
mod path;
mod queries;
mod reader;
mod records;
mod schema;
mod settings;
mod writer;

pub use error::{Action, Damage, Error};
pub use folder::{FOLDER_NAME, find_index};
pub use header::FORMAT_VERSION;
pub use path::StoredPath;
pub use reader::Reader;
pub use records::{
    ContentHash, Counts, DocumentId, NewDocument, NewPassage, NewSource, PassageRecord, SourceId,
    SourceRecord, SourceVersion, Span, TextHash,
};
pub use settings::{IndexId, Precision, Settings};
pub use writer::Writer;

#[cfg(test)]
mod tests;

use generation::VectorNumber;

//! The index on disk: vectors, the texts they stand for, and where those come from.
//!
//! An index is a folder, [`FOLDER_NAME`] by default, beside the texts it indexes:
//!
//! | file | content |
//! | --- | --- |
//! | `catalog.sqlite` | settings, sources, documents, passages, and which rows are live (`schema.rs`) |
//! | `vectors-<generation>.f32` | a header of 4,096 bytes and float32 rows (`header.rs`) |
//! | `vectors-<generation>.i6`, `.i2` | such headers, and codes of the rows ([`crate::scan::codes`]), which only make a search faster: without them it reads the rows, and the next writer makes them again |
//! | `writer.lock` | empty; locked by the one writer through the operating system, which frees it when the process ends |
//! | `catalog.sqlite.new` | a catalog that is not whole yet; its renaming makes or replaces an index |
//!
//! A [`Writer`] changes an index, a [`Reader`] is a snapshot of it. This module stores vectors and does not
//! know where they come from; it never prints, never asks for the time of day, the environment or the working
//! directory. Paths of index folders are best given absolute: the folder above is where relative source paths
//! start from.
//!
//! # Invariants
//!
//! - Every row that the catalog names is on the disk: rows are written and synced before the transaction that
//!   names them. Rows beyond the committed length are the tail of a crash; no reader maps them, and the next
//!   writer cuts them off.
//! - Committed rows never change, and the committed length of a generation never falls. Compaction writes
//!   another file.
//! - A search sees the rows of `live`, and nothing else decides visibility. Replacing a source changes it in
//!   one transaction.
//! - A reader sees one moment: its read transaction spans the generation, the live rows and the texts.
//! - The catalog keeps a rollback journal rather than a write-ahead log, so that it can be read in a folder
//!   that cannot be written to. A commit therefore waits for open readers, and is refused ([`Error::Busy`])
//!   where they stay.
//! - Format version 1 is [`FORMAT_VERSION`]. A newer one is told apart from damage, and both from files that
//!   are no index.
//!
//! Not here: no other program may change or shorten the files while they are mapped (see [`Reader`]), and a
//! network folder must be used by one host at a time, since not every network file system passes locks on.

mod catalog;
mod catalog_settings;
mod codes;
mod compaction;
mod content;
mod create;
mod error;
mod folder;
mod generation;
mod header;
mod matrix;
mod names;
mod passages;
mod path;
mod queries;
mod reader;
mod record_file;
mod records;
mod rows;
mod rule;
mod schema;
mod settings;
mod verify;
mod writer;

pub use error::{Action, Damage, Error};
pub use folder::{FOLDER_NAME, find_index};
pub use names::SourceNames;
pub use path::{PathNotUnicode, StoredPath};
pub use reader::Reader;
pub use records::{
    ContentHash, Counts, DocumentId, NewSource, SourceId, SourceRecord, SourceVersion, TextHash,
};
pub use rule::{imported_rule, was_imported};
pub use schema::FORMAT_VERSION;
pub use settings::{IndexId, Precision, Settings};
pub use writer::Writer;

#[cfg(test)]
mod tests;

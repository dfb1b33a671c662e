//! The index on disk: vectors, their texts, and the sources of the texts.
//!
//! An index is a folder, [`FOLDER_NAME`] by default, beside the texts it indexes:
//!
//! | file | content |
//! | --- | --- |
//! | `catalog.sqlite` | settings, sources, documents, passages, and which rows are live (`schema.rs`) |
//! | `vectors-<generation>.f32` | a header of 4,096 bytes and float32 rows (`header.rs`) |
//! | `vectors-<generation>.i6`, `.i2` | such headers, and codes of the rows ([`crate::scan::codes`]), which only make a search faster: without them a search reads the rows, and the next writer makes the codes again |
//! | `vectors-<generation>.crc` | such a header, and [checksums](crate::scan::checksums) of rows and codes |
//! | `reserve` | zeros: space for the journal of a removal on a full disk (`reserve.rs`) |
//! | `writer.lock` | the process id of the one writer while there is one; locked through the operating system, which frees the lock when the process ends |
//! | `catalog.sqlite.new` | a catalog that is not complete yet; renaming it creates or replaces an index |
//!
//! A [`Writer`] changes an index, a [`Reader`] is a snapshot of it. This module stores vectors and does not
//! know what computed them. It never prints and never reads the time of day, the environment or the working
//! directory. [`SourceNames`] turns what a user types into the path that the catalog stores, and back.
//!
//! # Invariants
//!
//! - Every row that the catalog names is on the disk: rows are written and synced before the transaction that
//!   names them. Rows beyond the committed length were left by a crash; no reader maps them, and the next
//!   writer cuts them off.
//! - Committed rows never change, and the committed length of a generation never falls. Compaction writes
//!   another file.
//! - A search sees the rows of `live`, and nothing else decides visibility. Replacing a source changes it in
//!   one transaction.
//! - A reader sees one moment: its read transaction covers the generation, the live rows and the texts. One that is held
//!   longer reads a private copy of the catalog ([`Reader::detached`]).
//! - The catalog uses a rollback journal, since a write-ahead log cannot be read in a read-only folder. A commit
//!   therefore waits for open readers, and fails with [`Error::Busy`] if they do not finish.
//! - The format has a version, [`FORMAT_VERSION`] (`schema.rs`). Readers read every older version as it is; the
//!   first writer migrates it. A newer version, damage, and files that are not an index are different errors.
//! - A file has one stored path, its canonical one ([`SourceNames`]).
//! - What does not match its checksum is [`Error::Corrupt`], whoever reads it ([`verify`] reads everything).
//! - A commit syncs the folder before files are removed that the commit gave up.
//!
//! Out of scope: only one host at a time may use an index in a network folder, since not every network file system
//! supports locks.

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
mod interface;
mod matrix;
mod names;
mod passages;
mod path;
mod queries;
mod reader;
mod record_checksums;
mod record_file;
mod records;
mod repair;
mod reserve;
mod row_checksum;
mod rows;
mod rule;
mod schema;
mod settings;
mod verify;
mod word_segments;
mod words;
mod writer;

pub use error::{Action, Damage, Error};
pub use folder::{FOLDER_NAME, find_index};
#[cfg(feature = "postgres")]
pub(crate) use interface::require_rows;
pub use interface::{Compaction, IndexContent, IndexWriter, Visit};
pub use matrix::bytes_of_vectors;
pub use names::SourceNames;
pub use path::{PathNotUnicode, StoredPath};
pub use reader::Reader;
pub use records::{
    ContentHash, Counts, DocumentId, NewSource, SourceId, SourceRecord, SourceVersion, TextHash,
};
pub use repair::Repair;
pub use reserve::give_up_reserve;
pub use rule::{imported_rule, was_imported};
pub use schema::FORMAT_VERSION;
pub use settings::{IndexId, Precision, Settings};
pub use verify::{Fault, verify};
pub use words::IndexWords;
pub use writer::Writer;

#[cfg(test)]
mod tests;

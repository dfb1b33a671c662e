//! Errors of an index, each with the path that it concerns.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::path::{PathNotUnicode, StoredPath};
use crate::vectors::RowId;

/// A failure of an index operation. Content that was committed before stays readable in every case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such folder.
    #[error("there is no index at {}", path.display())]
    Missing {
        /// The index folder.
        path: PathBuf,
    },
    /// The folder, or its catalog, was made by something else.
    #[error("{} is not an embed index", path.display())]
    NotAnIndex {
        /// The folder or file that was opened.
        path: PathBuf,
    },
    /// The creation of the index was interrupted before it held anything; another creation takes the folder over.
    #[error("the creation of the index at {} was interrupted; create it again", path.display())]
    Unfinished {
        /// The index folder.
        path: PathBuf,
    },
    /// Creation found an index in place.
    #[error("there already is an index at {}", path.display())]
    AlreadyExists {
        /// The index folder.
        path: PathBuf,
    },
    /// Creation found files of other programs.
    #[error("{} holds other files, so no index is made in it", path.display())]
    NotEmpty {
        /// The folder that was to become an index.
        path: PathBuf,
    },
    /// A later version of the program wrote this index.
    #[error(
        "{} was made by a newer embed (index format {found}; this one reads up to {supported})",
        path.display()
    )]
    NewerFormat {
        /// The file that names the format.
        path: PathBuf,
        /// The format version in the file.
        found: u32,
        /// The newest format version that this program reads.
        supported: u32,
    },
    /// The content contradicts itself or its checksums.
    #[error("{} is damaged: {what}", path.display())]
    Corrupt {
        /// The damaged file.
        path: PathBuf,
        /// The contradiction.
        what: Damage,
    },
    /// Another process holds the writer's lock.
    #[error("another embed{} is writing to {}", process(*holder), path.display())]
    Locked {
        /// The index folder.
        path: PathBuf,
        /// The process, if it can be told.
        holder: Option<u32>,
    },
    /// A reader or writer kept the catalog locked for too long. The operation had no effect and can be repeated.
    #[error("another embed is using {}; try again once it has finished", path.display())]
    Busy {
        /// The catalog.
        path: PathBuf,
    },
    /// The file system or the permissions forbid writing.
    #[error("{} cannot be written to", path.display())]
    ReadOnly {
        /// The file or folder.
        path: PathBuf,
    },
    /// A writer died in the middle of a commit, and this process may not write to the folder to roll it back.
    #[error("an interrupted write to {} must be undone first, by an embed that may write there", path.display())]
    NeedsRecovery {
        /// The catalog.
        path: PathBuf,
    },
    /// The operating system refused a file operation, on a full disk for example.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operation.
        action: Action,
        /// The operating system's reason.
        source: io::Error,
    },
    /// The catalog refused an operation, on a full disk for example.
    #[error("the catalog {} failed", path.display())]
    Sql {
        /// The catalog.
        path: PathBuf,
        /// `SQLite`'s reason.
        source: rusqlite::Error,
    },
    /// An index in a place that is not a folder cannot be used.
    #[error("{} failed", path.display())]
    Elsewhere {
        /// The name of the place.
        path: PathBuf,
        /// The reason of the place.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A place holds a table of another program with the name of one of an index.
    #[error("{} has a table {table:?} of another program", path.display())]
    OtherTables {
        /// The name of the place.
        path: PathBuf,
        /// The table.
        table: String,
    },
    /// The matrix has as many rows as a [`RowId`] can number.
    #[error("{} cannot hold more vectors; rebuild the index", path.display())]
    TooManyVectors {
        /// The index folder.
        path: PathBuf,
    },
    /// Two documents of one source have the same key.
    #[error("the document key {key:?} occurs twice in one source")]
    DuplicateDocument {
        /// The key: a line number or the user's own id.
        key: String,
    },
    /// Content was added to a source that is finished, discarded or unknown.
    #[error("content was added to a source that is no longer open")]
    NotPending,
    /// A row whose passage was requested holds no visible content.
    #[error("row {} holds no visible passage", row.0)]
    DeadRow {
        /// The row.
        row: RowId,
    },
    /// A name on disk is not Unicode, and so cannot be stored as text.
    #[error(transparent)]
    PathNotUnicode(#[from] PathNotUnicode),
    /// Something else than a file has the name of a file of the index: a pipe, a device or a folder.
    #[error("{} is not a regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// A named source has neither visible nor pending content.
    #[error("{path} is not in the index")]
    UnknownSource {
        /// The source.
        path: StoredPath,
    },
}

fn process(holder: Option<u32>) -> String {
    holder.map(|id| format!(" (process {id})")).unwrap_or_default()
}

/// The file operation of [`Error::Io`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Creating a file or folder.
    Create,
    /// Listing a folder.
    List,
    /// Taking the writer's lock.
    Lock,
    /// Mapping a file into memory.
    Map,
    /// Opening a file.
    Open,
    /// Reading from a file.
    Read,
    /// Removing a file.
    Remove,
    /// Giving a file its final name.
    Rename,
    /// Syncing a file or folder to the disk.
    Sync,
    /// Writing to a file.
    Write,
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Create => "create",
            Self::List => "list",
            Self::Lock => "lock",
            Self::Map => "map",
            Self::Open => "open",
            Self::Read => "read",
            Self::Remove => "remove",
            Self::Rename => "rename",
            Self::Sync => "sync",
            Self::Write => "write to",
        })
    }
}

/// The contradiction of [`Error::Corrupt`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    /// The matrix does not begin with the magic bytes.
    #[error("it does not begin as a vector file does")]
    HeaderMagic,
    /// The header of the matrix differs from its checksum.
    #[error("its header does not match its checksum")]
    HeaderChecksum,
    /// The file holds records of another kind than its name says.
    #[error("its rows have the unknown encoding {found}")]
    RecordKind {
        /// The kind in the header.
        found: u32,
    },
    /// The matrix has another dimension than the catalog.
    #[error("it holds vectors of dimension {found} where the catalog says {expected}")]
    Dimension {
        /// The dimension in the header.
        found: u32,
        /// The dimension in the catalog.
        expected: u32,
    },
    /// The generation in the header differs from the one in the name.
    #[error("it is generation {found} where the catalog says {expected}")]
    Generation {
        /// The generation in the header.
        found: u64,
        /// The generation in the catalog.
        expected: u64,
    },
    /// The matrix belongs to another index.
    #[error("it belongs to another index")]
    ForeignIndex,
    /// The matrix is missing.
    #[error("it is missing")]
    MissingFile,
    /// The matrix ends before its committed rows do.
    #[error("it has {found} bytes where at least {expected} were committed")]
    TooShort {
        /// The length of the file in bytes.
        found: u64,
        /// The committed length in bytes.
        expected: u64,
    },
    /// Pages of a mapped file could not be read.
    #[error("it was cut short, or the disk could not read it, while it was in use")]
    CutShort,
    /// Codes do not match their rows.
    #[error("the codes of rows {first_row} to {last_row} do not match the rows")]
    Codes {
        /// The first row of the compared block.
        first_row: u32,
        /// The last row of the compared block.
        last_row: u32,
    },
    /// Rows of the matrix differ from their checksum.
    #[error("rows {first_row} to {last_row} do not match their checksum")]
    Rows {
        /// The first row of the segment.
        first_row: u32,
        /// The last row of the segment.
        last_row: u32,
    },
    /// The segments of the catalog omit rows, or cover them twice.
    #[error("the checksums do not cover row {row} exactly once")]
    SegmentGap {
        /// The first row that is not covered exactly once.
        row: u32,
    },
    /// A setting is missing or invalid.
    #[error("its setting {name:?} is missing or invalid")]
    Setting {
        /// The name of the setting.
        name: &'static str,
    },
    /// The row of the live generation, or one of its bitmaps, is missing or invalid.
    #[error("its record of generation {generation} is missing or invalid")]
    GenerationRecord {
        /// The generation.
        generation: u64,
    },
    /// The live rows and the visible passages differ.
    #[error("{live} rows are live but {visible} passages are visible")]
    LiveRows {
        /// The number of live rows.
        live: u64,
        /// The number of visible passages.
        visible: u64,
    },
    /// A passage, document or source has an invalid value.
    #[error("it holds an invalid {field}")]
    Field {
        /// The column, in words.
        field: &'static str,
    },
    /// Checksums of rows or codes differ from them, while the rows match the checksum of their segment.
    #[error("the checksums of rows {first_row} to {last_row} do not match the rows")]
    Checksums {
        /// The first row.
        first_row: u32,
        /// The last row.
        last_row: u32,
    },
    /// The tables differ from those of the version.
    #[error("its tables are not those of format version {version}")]
    Schema {
        /// The version in the catalog.
        version: u32,
    },
    /// Rows of a table of the catalog differ from their checksums.
    #[error("{count} rows of its table {table} do not match their checksums")]
    Records {
        /// The table.
        table: &'static str,
        /// The number of rows.
        count: u64,
    },
    /// Texts differ from their hashes.
    #[error("{count} texts do not match their hashes")]
    Texts {
        /// The number of texts.
        count: u64,
    },
    /// Rows of the catalog refer to rows that are missing.
    #[error("{count} rows refer to rows that are missing")]
    References {
        /// The number of rows.
        count: u64,
    },
    /// Passages name vectors that the generation does not have, or one vector twice.
    #[error("its passages and the vectors of generation {generation} differ")]
    Vectors {
        /// The generation.
        generation: u64,
    },
    /// Sources have other documents or passages than were counted.
    #[error("{count} sources have another number of documents or passages than recorded")]
    SourceCounts {
        /// The number of sources.
        count: u64,
    },
    /// The postings of a segment are not those of its texts.
    #[error("the words of segment {segment} are not those of the texts")]
    Words {
        /// The segment.
        segment: i64,
    },
    /// The numbers of terms of texts are wrong.
    #[error("the recorded lengths of {count} texts are wrong")]
    WordLengths {
        /// The number of texts.
        count: u64,
    },
    /// A row of the catalog differs from its checksum.
    #[error("a row of its table {table} does not match its checksum")]
    Record {
        /// The table.
        table: &'static str,
    },
    /// `SQLite` finds the catalog malformed.
    #[error("{report}")]
    Catalog {
        /// The first line of the report of its integrity check, or its error message.
        report: String,
    },
}

/// A row that does not match its checksum, on its way through `rusqlite`.
#[derive(Debug, thiserror::Error)]
#[error("a row of the table {table} does not match its checksum")]
pub(super) struct DamagedRecord {
    pub(super) table: &'static str,
}

impl Error {
    /// An input or output failure at `path`. A write without permission becomes [`Error::ReadOnly`].
    pub(super) fn io(path: &Path, action: Action) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| {
            let writing = !matches!(action, Action::List | Action::Map | Action::Open | Action::Read);
            let refused =
                matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem);
            if writing && refused { Self::ReadOnly { path } } else { Self::Io { path, action, source } }
        }
    }

    /// A failure of the catalog at `path`.
    pub(super) fn sql(path: &Path) -> impl FnOnce(rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        move |source| {
            let Some(failure) = source.sqlite_error() else { return Self::unreadable_value(path, source) };
            if failure.extended_code == rusqlite::ffi::SQLITE_READONLY_ROLLBACK {
                return Self::NeedsRecovery { path };
            }
            match failure.code {
                rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::DatabaseLocked => {
                    Self::Busy { path }
                }
                rusqlite::ErrorCode::NotADatabase => Self::NotAnIndex { path },
                rusqlite::ErrorCode::DatabaseCorrupt => {
                    Self::Corrupt { path, what: Damage::Catalog { report: source.to_string() } }
                }
                rusqlite::ErrorCode::ReadOnly => Self::ReadOnly { path },
                rusqlite::ErrorCode::DiskFull => {
                    Self::Io { path, action: Action::Write, source: io::ErrorKind::StorageFull.into() }
                }
                _ => Self::Sql { path, source },
            }
        }
    }

    /// A failure that did not come from `SQLite`: a value of another type or range than the schema promises.
    fn unreadable_value(path: PathBuf, source: rusqlite::Error) -> Self {
        match source {
            rusqlite::Error::InvalidColumnType(..)
            | rusqlite::Error::FromSqlConversionFailure(..)
            | rusqlite::Error::IntegralValueOutOfRange(..) => {
                Self::Corrupt { path, what: Damage::Catalog { report: source.to_string() } }
            }
            rusqlite::Error::UserFunctionError(inner) => match inner.downcast::<DamagedRecord>() {
                Ok(damaged) => Self::Corrupt { path, what: Damage::Record { table: damaged.table } },
                Err(inner) => Self::Sql { path, source: rusqlite::Error::UserFunctionError(inner) },
            },
            _ => Self::Sql { path, source },
        }
    }

    /// Whether the disk has no room, or the user's quota is spent.
    pub(super) fn is_full_disk(&self) -> bool {
        match self {
            Self::Io { source, .. } => {
                matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
            }
            _ => false,
        }
    }

    /// Damage to the file at `path`.
    pub(crate) fn corrupt(path: &Path, what: Damage) -> Self {
        Self::Corrupt { path: path.to_path_buf(), what }
    }
}

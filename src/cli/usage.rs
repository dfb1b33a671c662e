//! Requests that are invalid as typed, and hints for them.

use std::io;
use std::path::PathBuf;

use embed::engine::{Dimension, EngineError, FOLDER_NAME, FilterError};
use unicode_width::UnicodeWidthStr;

/// A request that is invalid as typed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("there is no index here: no {} in {} or above it", FOLDER_NAME, directory.display())]
    NoIndex { directory: PathBuf },
    #[error("there is no index at {}", folder.display())]
    NoIndexAt { folder: PathBuf },
    #[cfg(feature = "postgres")]
    #[error("{0}")]
    PostgresAddress(#[from] embed::postgres::AddressError),
    #[cfg(not(feature = "postgres"))]
    #[error("this build does not know Postgres")]
    NoPostgres,
    #[error("the query is empty")]
    EmptyQuery,
    #[error("the query of line {line} is empty")]
    EmptyQueryLine { line: u64 },
    #[error("the query {query:?} only says what to leave out")]
    OnlyExcluded { query: String },
    #[error("--min-confidence needs --by both: confidence is not known by {by}")]
    ConfidenceBy { by: &'static str },
    #[error("--rerank needs a query that is a text")]
    NothingToRerankFor,
    #[error("{name} has no queries: every line is blank")]
    NoQueries { name: String },
    #[error("no query is given")]
    MissingQuery,
    #[error("--index cannot be used with paths to search")]
    IndexAndPaths,
    #[error("{flag} sets how files are read, but the files of the index were read when it was built")]
    ReadingFlag { flag: &'static str, index_use: IndexUse },
    #[error(transparent)]
    UnquotedQuery(EngineError),
    #[error(transparent)]
    NoQueryTaken(EngineError),
    #[error("a text is empty")]
    EmptyText,
    #[error("one text is given, with nothing to compare it with")]
    OneText,
    #[error("line {line} of {name} is not two texts with a tab between them")]
    NotAPair { name: String, line: u64 },
    #[error("{name} has no pairs: every line is blank")]
    NoPairs { name: String },
    #[error("standard input is named twice")]
    StandardInputTwice,
    #[error("no file or folder is given")]
    NothingToIndex,
    #[error("--where '{}': {}", .0.filter, .0.problem)]
    Filter(FilterError),
    #[error("there is no text {side} the '{sign}'")]
    LoneSign { sign: char, side: &'static str },
    #[error("{} has vectors of dimension {found}, {owner} of dimension {expected}", path.display())]
    OtherDimension { path: PathBuf, found: Dimension, owner: String, expected: Dimension },
    #[error("{} has no rows", path.display())]
    NoQueryVectors { path: PathBuf },
    #[error("{} is named for two outputs", path.display())]
    OutputTwice { path: PathBuf },
    #[error("documents are written to a .jsonl file, not to {}", path.display())]
    DocumentsFormat { path: PathBuf },
    #[error("nothing was removed")]
    NotConfirmed,
    #[error("there is no folder for the cache of models: neither HF_HOME nor HOME is set")]
    NoModelCache,
    #[error("cannot read the token in {}", path.display())]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("the token for the hub has characters that are not allowed in one")]
    Token,
    #[error("{name} is bundled with this program, not in the cache of models")]
    ModelBundled { name: String },
    #[error("{variable} is {value:?}, which is not a number of seconds above 0")]
    Seconds { variable: &'static str, value: String },
    #[error("{files} of models in the cache differ from the hub's")]
    DamagedModels { files: String },
    #[cfg(feature = "server")]
    #[error("cannot read the key in {}", path.display())]
    KeyFile { path: PathBuf, source: io::Error },
    #[cfg(feature = "server")]
    #[error("the key of the server is empty or has characters that a header cannot carry")]
    Key,
    #[error("the working directory cannot be found")]
    WorkingDirectory { source: io::Error },
    #[error("cannot start the worker threads")]
    Threads { source: rayon::ThreadPoolBuildError },
    #[error("{variable} is {value:?}, which is not a number of threads from 1 to {most}")]
    ThreadsVariable { variable: &'static str, value: String, most: usize },
    #[error("{variable} is {value:?}, which is not an instruction set of this CPU: {available}")]
    Instructions { variable: &'static str, value: String, available: String },
}

/// How a command uses the texts of an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexUse {
    Search,
    Compare,
    Rebuild,
}

impl UsageError {
    /// The column of the error in the message, counted from 0.
    pub(crate) fn column(&self) -> Option<usize> {
        let Self::Filter(FilterError { filter, column, .. }) = self else { return None };
        let before: String = filter.chars().take(column - 1).collect();
        Some("--where '".len() + before.width())
    }

    pub(crate) const fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoIndex { .. } | Self::NoIndexAt { .. } => {
                "create one with 'embed index PATH', or search files without an index with 'embed search QUERY PATH'"
            }
            #[cfg(feature = "postgres")]
            Self::PostgresAddress(_) => "an index is postgres://USER@HOST/DATABASE?schema=NAME",
            #[cfg(not(feature = "postgres"))]
            Self::NoPostgres => "build it with 'cargo build --release --features postgres'",
            Self::EmptyQuery | Self::EmptyQueryLine { .. } => {
                "say what to look for: embed search \"how do I return\""
            }
            Self::OnlyExcluded { .. } => {
                "add what to look for: embed search \"restore -backup\"; a word in quotes is not left out: \"-5\""
            }
            Self::ConfidenceBy { .. } => "leave out --by, or leave out --min-confidence",
            Self::NothingToRerankFor => "leave out --rerank, or give a query or --queries",
            Self::MissingQuery => {
                "embed search QUERY [PATH...], --queries FILE, --like ID or --vector FILE.npy"
            }
            Self::IndexAndPaths => {
                "leave out --index to search the paths themselves, or the paths to search the index"
            }
            Self::ReadingFlag { index_use: IndexUse::Search, .. } => {
                "name the files to search as PATH, or search some sources of the index with --where 'source ~ notes/'"
            }
            Self::ReadingFlag { index_use: IndexUse::Compare, .. } => {
                "name the files to read, or give the flag to 'embed index'"
            }
            Self::ReadingFlag { index_use: IndexUse::Rebuild, .. } => {
                "name the files to read again: embed index --rebuild PATH..."
            }
            Self::NoQueryTaken(_) => {
                "with --queries, --like or --vector, every argument is a path; add texts to the query with --plus TEXT"
            }
            Self::UnquotedQuery(_) => "put the query in quotes: embed search \"how do I return\"",
            Self::StandardInputTwice => "name '-' only once",
            Self::NothingToIndex => "embed index PATH...",
            Self::LoneSign { .. } => {
                "put a text on either side of every sign: embed analogy king - man + woman"
            }
            #[cfg(feature = "server")]
            Self::Key => "the first line of the file is the key, such as one from 'openssl rand -hex 32'",
            #[cfg(feature = "server")]
            Self::KeyFile { .. } => return None,
            Self::NoModelCache => "set one with HF_HOME or HF_HUB_CACHE",
            Self::Token => "check HF_TOKEN, or the token file of the hub",
            Self::TokenFile { .. } => "set HF_TOKEN, or name another file with HF_TOKEN_PATH",
            Self::DamagedModels { .. } => {
                "fetch them again: embed models remove NAME, then embed models pull NAME"
            }
            Self::Seconds { .. }
            | Self::Filter(_)
            | Self::EmptyText
            | Self::OneText
            | Self::NotAPair { .. }
            | Self::NoPairs { .. }
            | Self::NoQueries { .. }
            | Self::OtherDimension { .. }
            | Self::NoQueryVectors { .. }
            | Self::ModelBundled { .. }
            | Self::OutputTwice { .. }
            | Self::DocumentsFormat { .. }
            | Self::NotConfirmed
            | Self::WorkingDirectory { .. }
            | Self::ThreadsVariable { .. }
            | Self::Instructions { .. }
            | Self::Threads { .. } => return None,
        })
    }
}

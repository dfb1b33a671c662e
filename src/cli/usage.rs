//! Requests that make no sense as they stand, and how to mend them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use embed::corpus::CorpusError;
use embed::filter::FilterError;
use embed::index;
use embed::model::{EmbeddingSettings, Fingerprint, ModelFiles};
use unicode_width::UnicodeWidthStr;

/// A request that makes no sense as it stands.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("there is no index here: no {} in {} or above it", index::FOLDER_NAME, directory.display())]
    NoIndex { directory: PathBuf },
    #[error("there is no index at {}", folder.display())]
    NoIndexAt { folder: PathBuf },
    #[error("the query is empty")]
    EmptyQuery,
    #[error("{name} has no queries: every line is blank")]
    NoQueries { name: String },
    #[error("no query is given")]
    MissingQuery,
    #[error("--index cannot be used with paths to search")]
    IndexAndPaths,
    #[error(transparent)]
    UnquotedQuery(CorpusError),
    #[error("standard input is asked for twice")]
    StandardInputTwice,
    #[error("no file or folder is given")]
    NothingToIndex,
    #[error("no file is found in {names}")]
    NoFiles { names: String },
    #[error("no file in {names} has text")]
    NoText { names: String },
    #[error("--where '{}': {}", .0.filter, .0.problem)]
    Filter(FilterError),
    #[error("nothing has the id {id:?}")]
    UnknownId { id: String },
    #[error("{name:?} is neither a source nor an id of the index")]
    NotIndexed { name: String },
    #[error("what is searched for cancels out")]
    NoDirection,
    #[error(transparent)]
    OtherModel(Box<ModelMismatch>),
    #[error("the index {} has the query prefix {indexed:?}", folder.display())]
    OtherQueryPrefix { folder: PathBuf, indexed: String },
    #[error("the working directory cannot be found")]
    WorkingDirectory { source: io::Error },
    #[error("{threads} threads cannot be started")]
    Threads { threads: usize, source: rayon::ThreadPoolBuildError },
}

/// An index was asked to take or be compared with vectors of another kind.
#[derive(Debug, thiserror::Error)]
#[error(
    "the index {} was made with {indexed}, not with {asked}: their vectors cannot be compared",
    folder.display()
)]
pub(crate) struct ModelMismatch {
    folder: PathBuf,
    indexed: Identity,
    asked: Identity,
}

impl ModelMismatch {
    /// `asked` would make the vectors of `fingerprint`, which are not those that the index has.
    pub(crate) fn new(
        folder: &Path,
        indexed: &index::Settings,
        asked: (&ModelFiles, &EmbeddingSettings),
        fingerprint: &Fingerprint,
    ) -> Self {
        let identity = |name: &str, pooling: &str, fingerprint: &Fingerprint| Identity {
            name: name.to_owned(),
            pooling: pooling.to_owned(),
            fingerprint: fingerprint.short().to_owned(),
        };
        let of_index = Fingerprint::from_hex(indexed.fingerprint.clone());
        let (files, settings) = asked;
        Self {
            folder: folder.to_owned(),
            indexed: identity(&indexed.model, &indexed.pooling, &of_index),
            asked: identity(&files.name, settings.pooling.name(), fingerprint),
        }
    }
}

/// A model as named in a refusal: name, pooling and the start of the fingerprint.
#[derive(Debug)]
pub(crate) struct Identity {
    name: String,
    pooling: String,
    fingerprint: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({} pooling, fingerprint {})", self.name, self.pooling, self.fingerprint)
    }
}

impl UsageError {
    /// The place in the message that is at fault: the columns before it.
    pub(crate) fn place(&self) -> Option<usize> {
        let Self::Filter(FilterError { filter, column, .. }) = self else { return None };
        let before: String = filter.chars().take(column - 1).collect();
        Some("--where '".len() + before.width())
    }

    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoIndex { .. } | Self::NoIndexAt { .. } => Some(
                "make one with 'embed index PATH', or search files themselves with 'embed search QUERY PATH'",
            ),
            Self::EmptyQuery => Some("say what to look for: embed search \"how do I return\""),
            Self::MissingQuery => Some("embed search QUERY [PATH...], --queries FILE or --like ID"),
            Self::IndexAndPaths => {
                Some("leave out --index to search the paths themselves, or the paths to search the index")
            }
            Self::UnquotedQuery(_) => Some("put the query in quotes: embed search \"how do I return\""),
            Self::StandardInputTwice => Some("'-' can be named once, as a PATH or for --queries"),
            Self::NothingToIndex => Some("embed index PATH..."),
            Self::NoFiles { .. } => {
                Some("hidden and ignored files are left out; see --hidden, --no-ignore and --glob")
            }
            Self::UnknownId { .. } => Some("an id is as in the results of a search with --jsonl"),
            Self::NotIndexed { .. } => Some("'embed list' shows the sources of the index"),
            Self::NoDirection => Some("add or take away something else"),
            Self::OtherModel(_) => Some(
                "leave out the model's flags to use the index's own, or repeat them with 'embed index --rebuild'",
            ),
            Self::OtherQueryPrefix { .. } => Some(
                "say --query-prefix when you search, or store it with 'embed index --rebuild --query-prefix TEXT'",
            ),
            Self::NoText { .. }
            | Self::Filter(_)
            | Self::NoQueries { .. }
            | Self::WorkingDirectory { .. }
            | Self::Threads { .. } => None,
        }
    }
}

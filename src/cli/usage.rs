//! Requests that make no sense as they stand: what is said of them, and how to mend them.

use std::io;
use std::path::{Path, PathBuf};

use embed::exchange::is_external;
use embed::index;
use embed::model::Fingerprint;
use embed::vectors::Dimension;

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
    #[error("standard input is asked for twice")]
    StandardInputTwice,
    #[error("no file is given")]
    NothingToIndex,
    #[error(transparent)]
    OtherModel(Box<ModelMismatch>),
    #[error("the index {} has the query prefix {indexed:?}", folder.display())]
    OtherQueryPrefix { folder: PathBuf, indexed: String },
    #[error("the model {model} of the index {} is not at hand, so its vectors cannot be compared with a text", folder.display())]
    ExternalModel { folder: PathBuf, model: String },
    #[error("no model is named")]
    MissingModelName,
    #[error("the model {model} is not at hand, so pooling and prefixes cannot be set")]
    ExternalModelSettings { model: String },
    #[error("{} has vectors of dimension {found}, {owner} of dimension {expected}", path.display())]
    OtherDimension { path: PathBuf, found: Dimension, owner: String, expected: Dimension },
    #[error("{} has no rows", path.display())]
    NoQueryVectors { path: PathBuf },
    #[error("{} is named for two outputs", path.display())]
    OutputTwice { path: PathBuf },
    #[error("the documents go to a .jsonl file, not to {}", path.display())]
    DocumentsFormat { path: PathBuf },
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

/// A model as named in a refusal.
#[derive(Debug)]
pub(crate) enum Identity {
    /// A model that embeds texts: name, pooling and the start of the fingerprint.
    Computed { name: String, pooling: String, fingerprint: String },
    /// A model that is known by its name only.
    External { name: String },
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Computed { name, pooling, fingerprint } => {
                write!(formatter, "{name} ({pooling} pooling, fingerprint {fingerprint})")
            }
            Self::External { name } => write!(formatter, "{name} (known by its name only)"),
        }
    }
}

impl Identity {
    pub(crate) fn computed(name: &str, pooling: &str, fingerprint: &str) -> Self {
        let fingerprint = Fingerprint::from_hex(fingerprint.to_owned()).short().to_owned();
        Self::Computed { name: name.to_owned(), pooling: pooling.to_owned(), fingerprint }
    }

    pub(crate) fn of(settings: &index::Settings) -> Self {
        if is_external(settings) {
            return Self::External { name: settings.model.clone() };
        }
        Self::computed(&settings.model, &settings.pooling, &settings.fingerprint)
    }
}

impl ModelMismatch {
    fn hint(&self) -> &'static str {
        match (&self.indexed, &self.asked) {
            (Identity::Computed { .. }, Identity::Computed { .. }) => {
                "leave out the model's flags to use the index's own, or repeat them with 'embed index --rebuild'"
            }
            _ => "name the index's own model or none, or another index with --index DIR",
        }
    }
}

impl UsageError {
    pub(crate) fn other_model(folder: &Path, indexed: &index::Settings, asked: Identity) -> Self {
        let indexed = Identity::of(indexed);
        Self::OtherModel(Box::new(ModelMismatch { folder: folder.to_owned(), indexed, asked }))
    }

    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NoIndex { .. } | Self::NoIndexAt { .. } => Some(
                "make one with 'embed index FILE', or search a file itself with 'embed search QUERY FILE'",
            ),
            Self::EmptyQuery => Some("say what to look for: embed search \"how do I return\""),
            Self::MissingQuery => Some("embed search QUERY [FILE...], or --queries FILE"),
            Self::StandardInputTwice => Some("'-' can be named once, as a FILE or for --queries"),
            Self::NothingToIndex => Some("embed index FILE..."),
            Self::OtherModel(mismatch) => Some(mismatch.hint()),
            Self::OtherQueryPrefix { .. } => Some(
                "say --query-prefix when you search, or store it with 'embed index --rebuild --query-prefix TEXT'",
            ),
            Self::ExternalModel { .. } => Some(
                "search with 'embed search --vector FILE.npy', add with 'embed import', or embed the texts anew with 'embed index --rebuild --model MODEL'",
            ),
            Self::MissingModelName => Some("say --model-name NAME: the model that computed the vectors"),
            Self::ExternalModelSettings { .. } => {
                Some("leave out --pooling, --query-prefix and --document-prefix, or name a model folder")
            }
            Self::NoQueries { .. }
            | Self::OtherDimension { .. }
            | Self::NoQueryVectors { .. }
            | Self::OutputTwice { .. }
            | Self::DocumentsFormat { .. }
            | Self::WorkingDirectory { .. }
            | Self::Threads { .. } => None,
        }
    }
}

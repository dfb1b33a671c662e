//! Requests that make no sense as they stand, and how to mend them.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use embed::corpus::CorpusError;
use embed::embedding::{Fingerprint, Identity, ModelDescription};
use embed::filter::FilterError;
use embed::index;
use embed::model::EmbeddingSettings;
use embed::vectors::Dimension;
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
    #[error("{flag} says how files are read, and the index holds what was read before")]
    ReadingFlag { flag: &'static str, command: IndexUse },
    #[error(transparent)]
    UnquotedQuery(CorpusError),
    #[error(transparent)]
    NoQueryTaken(CorpusError),
    #[error("a text is empty")]
    EmptyText,
    #[error("line {line} of {name} is not two texts with a tab between them")]
    NotAPair { name: String, line: u64 },
    #[error("{name} has no pairs: every line is blank")]
    NoPairs { name: String },
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
    #[error("no text stands {place} the '{sign}'")]
    LoneSign { sign: char, place: &'static str },
    #[error("what is searched for cancels out")]
    NoDirection,
    #[error(transparent)]
    OtherModel(Box<ModelMismatch>),
    #[error("the index {} has the query prefix {indexed:?}", folder.display())]
    OtherQueryPrefix { folder: PathBuf, indexed: String },
    #[error("the model {model} of the index {} is not at hand, so its vectors cannot be compared with a text", folder.display())]
    ExternalModel { folder: PathBuf, model: String },
    #[error("no model is named")]
    MissingModelName,
    #[error("the model {model} is not at hand, so pooling, prefixes and dimensions cannot be set")]
    ExternalModelSettings { model: String },
    #[error("{} has vectors of dimension {found}, {owner} of dimension {expected}", path.display())]
    OtherDimension { path: PathBuf, found: Dimension, owner: String, expected: Dimension },
    #[error("{} has no rows", path.display())]
    NoQueryVectors { path: PathBuf },
    #[error("{} is named for two outputs", path.display())]
    OutputTwice { path: PathBuf },
    #[error("the documents go to a .jsonl file, not to {}", path.display())]
    DocumentsFormat { path: PathBuf },
    #[error("there is no folder to keep models in: neither HF_HOME nor HOME is set")]
    NoModelCache,
    #[error("cannot read the token in {}", path.display())]
    TokenFile { path: PathBuf, source: io::Error },
    #[error("the token for the hub has characters that no token has")]
    Token,
    #[error("{name} is inside this program, not in the cache of models")]
    ModelInside { name: String },
    #[error("{variable} is {value:?}, which is no number of seconds above 0")]
    Seconds { variable: &'static str, value: String },
    #[error("{files} of models in the cache are not as the hub has them")]
    DamagedModels { files: String },
    #[error("the working directory cannot be found")]
    WorkingDirectory { source: io::Error },
    #[error("cannot start the threads that compute")]
    Threads { source: rayon::ThreadPoolBuildError },
    #[error("{variable} is {value:?}, which is not a number of threads from 1 to {most}")]
    ThreadsVariable { variable: &'static str, value: String, most: usize },
    #[error("a name is empty")]
    EmptyName,
    #[error("this would remove {sources}, all that the index {} has", folder.display())]
    RemovesEverything { folder: PathBuf, sources: String },
    #[error("nothing was removed")]
    NotConfirmed,
}

/// What a command does with the texts that an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IndexUse {
    Search,
    Compare,
    Rebuild,
}

/// An index was asked to take or be compared with vectors of another kind.
#[derive(Debug, thiserror::Error)]
#[error(
    "the index {} was made with {indexed}, not with {asked}: their vectors are not of one kind",
    folder.display()
)]
pub(crate) struct ModelMismatch {
    folder: PathBuf,
    indexed: NamedModel,
    asked: NamedModel,
}

/// A model as named in a refusal.
#[derive(Debug)]
pub(crate) enum NamedModel {
    /// A model that embeds texts: name, pooling with the components kept, precision and the start of the fingerprint.
    Computed { name: String, pooling: String, precision: String, fingerprint: String },
    /// A model that is known by its name only.
    External { name: String },
}

impl fmt::Display for NamedModel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Computed { name, pooling, precision, fingerprint } => {
                write!(formatter, "{name} ({pooling}, {precision}, fingerprint {fingerprint})")
            }
            Self::External { name } => write!(formatter, "{name} (known by its name only)"),
        }
    }
}

impl NamedModel {
    pub(crate) fn computed(name: &str, settings: &EmbeddingSettings, fingerprint: &Fingerprint) -> Self {
        Self::Computed {
            name: name.to_owned(),
            pooling: pooling_with(settings.pooling.name(), settings.dimensions),
            precision: settings.precision.name().to_owned(),
            fingerprint: fingerprint.short().to_owned(),
        }
    }

    pub(crate) fn of(model: &ModelDescription) -> Self {
        match &model.identity {
            Identity::External { name } => Self::External { name: name.clone() },
            Identity::Computed(fingerprint) => Self::Computed {
                name: model.name.clone(),
                pooling: pooling_with(&model.pooling, model.kept_dimensions),
                precision: model.encoder_precision.clone(),
                fingerprint: fingerprint.short().to_owned(),
            },
        }
    }
}

/// `mean pooling`, with the number of components where not all are kept.
fn pooling_with(pooling: &str, kept: Option<Dimension>) -> String {
    let kept = kept.map(|kept| format!(", {kept} dimensions")).unwrap_or_default();
    format!("{pooling} pooling{kept}")
}

impl ModelMismatch {
    fn hint(&self) -> &'static str {
        match (&self.indexed, &self.asked) {
            (NamedModel::Computed { .. }, NamedModel::Computed { .. }) => {
                "leave out the model's flags to use the index's own, or repeat them with 'embed index --rebuild'"
            }
            _ => "name the index's own model or none, or another index with --index DIR",
        }
    }
}

impl UsageError {
    pub(crate) fn other_model(folder: &Path, indexed: &index::Settings, asked: NamedModel) -> Self {
        let indexed = NamedModel::of(indexed);
        Self::OtherModel(Box::new(ModelMismatch { folder: folder.to_owned(), indexed, asked }))
    }

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
            Self::MissingQuery => {
                Some("embed search QUERY [PATH...], --queries FILE, --like ID or --vector FILE.npy")
            }
            Self::IndexAndPaths => {
                Some("leave out --index to search the paths themselves, or the paths to search the index")
            }
            Self::ReadingFlag { command: IndexUse::Search, .. } => Some(
                "name the files to search as PATH, or search some sources of the index with --where 'source ~ notes/'",
            ),
            Self::ReadingFlag { command: IndexUse::Compare, .. } => {
                Some("name the files to read, or give the flag to 'embed index'")
            }
            Self::ReadingFlag { command: IndexUse::Rebuild, .. } => {
                Some("name the files to read again: embed index --rebuild PATH...")
            }
            Self::NoQueryTaken(_) => Some(
                "with --queries, --like or --vector every word is a path; --plus TEXT adds to what is searched for",
            ),
            Self::UnquotedQuery(_) => Some("put the query in quotes: embed search \"how do I return\""),
            Self::StandardInputTwice => Some("'-' can be named once, as a PATH or for --queries"),
            Self::NothingToIndex => Some("embed index PATH..."),
            Self::NoFiles { .. } => {
                Some("hidden and ignored files are left out; see --hidden, --no-ignore and --glob")
            }
            Self::UnknownId { .. } => Some("an id is as in the results of a search with --jsonl"),
            Self::NotIndexed { .. } => Some("'embed list' shows the sources of the index"),
            Self::EmptyName => Some(
                "name a source as 'embed list' shows it; in a script, an unset variable is an empty name",
            ),
            Self::RemovesEverything { .. } => Some("say --yes to remove them all"),
            Self::LoneSign { .. } => {
                Some("put a text on either side of every sign: embed analogy king - man + woman")
            }
            Self::NoDirection => Some("add or take away something else"),
            Self::OtherModel(mismatch) => Some(mismatch.hint()),
            Self::OtherQueryPrefix { .. } => Some(
                "say --query-prefix when you search, or store it with 'embed index --rebuild --query-prefix TEXT'",
            ),
            Self::ExternalModel { .. } => Some(
                "search with 'embed search --vector FILE.npy', add with 'embed import', or embed the texts anew with 'embed index --rebuild --model MODEL'",
            ),
            Self::MissingModelName => Some("say --model-name NAME: the model that computed the vectors"),
            Self::ExternalModelSettings { .. } => {
                Some("leave out --pooling, --dimensions, prefixes and prompts, or name a model folder")
            }
            Self::NoModelCache => Some("name one with HF_HOME or HF_HUB_CACHE"),
            Self::Token => Some("check HF_TOKEN, or the token file of the hub"),
            Self::TokenFile { .. } => Some("set HF_TOKEN, or name another file with HF_TOKEN_PATH"),
            Self::DamagedModels { .. } => {
                Some("fetch them anew: embed models remove NAME, then embed models pull NAME")
            }
            Self::NoText { .. }
            | Self::Seconds { .. }
            | Self::Filter(_)
            | Self::EmptyText
            | Self::NotAPair { .. }
            | Self::NoPairs { .. }
            | Self::NoQueries { .. }
            | Self::OtherDimension { .. }
            | Self::NoQueryVectors { .. }
            | Self::ModelInside { .. }
            | Self::OutputTwice { .. }
            | Self::DocumentsFormat { .. }
            | Self::WorkingDirectory { .. }
            | Self::NotConfirmed
            | Self::ThreadsVariable { .. }
            | Self::Threads { .. } => None,
        }
    }
}

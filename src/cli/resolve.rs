//! What the user's words mean: flags over environment over defaults. The only reader of the environment.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use embed::corpus::{CorpusError, Source};
use embed::exchange::{external_settings, is_external};
use embed::index::{self, Reader, StoredPath, find_index};
use embed::indexing::index_settings;
use embed::model::{
    BUNDLED_NAME, EmbeddingSettings, Fingerprint, Model, ModelError, ModelFiles, PoolingChoice,
};
use embed::vectors::Dimension;

use super::args::{ColorChoice, GlobalArguments, IndexLocation, ModelArguments, PoolingArgument};
use super::progress::Visibility;
use super::render::Color;

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

/// A model as named in a refusal: name, pooling and the start of the fingerprint.
#[derive(Debug)]
pub(crate) struct Identity {
    name: String,
    pooling: String,
    fingerprint: String,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} ({} pooling, fingerprint {})", self.name, self.pooling, self.fingerprint)
    }
}

impl Identity {
    fn new(name: &str, pooling: &str, fingerprint: &str) -> Self {
        let fingerprint = Fingerprint::from_hex(fingerprint.to_owned());
        let (name, pooling) = (name.to_owned(), pooling.to_owned());
        Self { name, pooling, fingerprint: fingerprint.short().to_owned() }
    }
}

impl UsageError {
    fn other_model(folder: &Path, indexed: &index::Settings, asked: Identity) -> Self {
        let index::Settings { model, pooling, fingerprint, .. } = indexed;
        let indexed = Identity::new(model, pooling, fingerprint);
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
            Self::OtherModel(_) => Some(
                "leave out the model's flags to use the index's own, or repeat them with 'embed index --rebuild'",
            ),
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

/// What surrounds a run.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) working_directory: PathBuf,
    home: Option<PathBuf>,
    index: Option<PathBuf>,
    no_color: bool,
}

impl Environment {
    pub(crate) fn read() -> Result<Self, UsageError> {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        Ok(Self {
            working_directory: env::current_dir()
                .map_err(|source| UsageError::WorkingDirectory { source })?,
            home: env::home_dir(),
            index: set("EMBED_INDEX").map(PathBuf::from),
            no_color: set("NO_COLOR").is_some(),
        })
    }

    /// The index folder that is named, or else the nearest one here or above.
    fn existing_index(&self, location: &IndexLocation) -> Option<PathBuf> {
        let nearest = || find_index(&self.working_directory, self.home.as_deref());
        self.named_index(location).or_else(|| nearest().map(|folder| self.shown(&folder)))
    }

    fn named_index(&self, location: &IndexLocation) -> Option<PathBuf> {
        location.folder.clone().or_else(|| self.index.clone())
    }

    /// The index folder to search.
    pub(crate) fn index_to_search(&self, location: &IndexLocation) -> Result<PathBuf, UsageError> {
        let directory = || self.working_directory.clone();
        let folder =
            self.existing_index(location).ok_or_else(|| UsageError::NoIndex { directory: directory() })?;
        if folder.exists() { Ok(folder) } else { Err(UsageError::NoIndexAt { folder }) }
    }

    /// The index folder to write to, which may not exist yet.
    pub(crate) fn index_to_write(&self, location: &IndexLocation) -> PathBuf {
        self.existing_index(location).unwrap_or_else(|| PathBuf::from(index::FOLDER_NAME))
    }

    /// Whether standard output is colored.
    pub(crate) fn color(&self, choice: ColorChoice) -> Color {
        let on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !self.no_color && io::stdout().is_terminal(),
        };
        if on { Color::On } else { Color::Off }
    }

    /// The form in which the index at `folder` keeps the place of `source`.
    pub(crate) fn stored(&self, source: &Source, folder: &Path) -> Result<StoredPath, index::Error> {
        match source {
            Source::Stdin => Ok(StoredPath::standard_input()),
            Source::File(path) => {
                let root = index_root(folder, &self.working_directory);
                StoredPath::new(path, &self.working_directory, &root)
            }
        }
    }

    /// A source of the index at `folder` as the user would type it from the working directory.
    pub(crate) fn shown_source(&self, source: &StoredPath, folder: &Path) -> String {
        let root = index_root(folder, &self.working_directory);
        source.relative_to(&self.working_directory, &root).display().to_string()
    }

    /// `path` as the user would type it from the working directory.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.working_directory).unwrap_or(path).to_owned()
    }
}

/// The bytes of all sources, unless one is a stream.
pub(crate) fn total_bytes<'a>(
    sources: impl IntoIterator<Item = &'a Source>,
) -> Result<Option<u64>, CorpusError> {
    sources.into_iter().map(|source| Ok(source.facts()?.size)).sum()
}

/// The number of columns to cut lines to: those of the terminal that standard output is.
pub(crate) fn terminal_width() -> Option<usize> {
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    terminal_size::terminal_size_of(stdout).map(|(width, _)| usize::from(width.0))
}

/// Whether progress may be drawn.
pub(crate) const fn progress_visibility(global: &GlobalArguments) -> Visibility {
    if global.quiet { Visibility::Hidden } else { Visibility::Terminal }
}

/// Makes `--threads` hold for everything that follows.
pub(crate) fn limit_threads(global: &GlobalArguments) -> Result<(), UsageError> {
    let Some(threads) = global.threads.map(std::num::NonZeroUsize::get) else { return Ok(()) };
    rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build_global()
        .map_err(|source| UsageError::Threads { threads, source })
}

/// The model that the flags name, or else the bundled one with default settings.
pub(crate) fn model_of_flags(arguments: &ModelArguments) -> anyhow::Result<Model> {
    let (files, settings) = chosen(arguments, None)?;
    Ok(Model::new(&files, settings)?)
}

/// The model of an index, with what the flags say otherwise, whatever vectors the index holds.
pub(crate) fn model_to_rebuild(
    arguments: &ModelArguments,
    indexed: &index::Settings,
) -> anyhow::Result<Model> {
    let (files, settings) = chosen(arguments, Some(indexed))?;
    Ok(Model::new(&files, settings)?)
}

/// The model of an index, with what the flags say otherwise.
///
/// # Errors
///
/// [`UsageError::OtherModel`] where that would give other document vectors than the index holds, and
/// [`UsageError::ExternalModel`] where the index's model is known by its name only and the flags name no other.
pub(crate) fn model_of_index(
    arguments: &ModelArguments,
    folder: &Path,
    indexed: &index::Settings,
) -> anyhow::Result<Model> {
    if is_external(indexed) && arguments.model.is_none() {
        let (folder, model) = (folder.to_owned(), indexed.model.clone());
        return Err(UsageError::ExternalModel { folder, model }.into());
    }
    let (files, settings) = chosen(arguments, Some(indexed))?;
    let fingerprint = Fingerprint::of(&files, &settings);
    if fingerprint.as_hex() == indexed.fingerprint {
        return Ok(Model::new(&files, settings)?);
    }
    let asked = Identity::new(&files.name, settings.pooling.name(), fingerprint.as_hex());
    Err(UsageError::other_model(folder, indexed, asked).into())
}

/// What vectors are that an index is to be made of: those of the model that the flags name, which need not be at hand.
/// `path` has them, of dimension `found`.
pub(crate) fn settings_to_import(
    arguments: &ModelArguments,
    path: &Path,
    found: Dimension,
) -> anyhow::Result<index::Settings> {
    let name = arguments.model.as_deref().ok_or(UsageError::MissingModelName)?;
    if !is_at_hand(name)? {
        refuse_settings_of_external(arguments, name)?;
        return Ok(external_settings(name, found));
    }
    let settings = index_settings(&model_of_flags(arguments)?);
    let expected = settings.dimension;
    if found == expected {
        return Ok(settings);
    }
    let (path, owner) = (path.to_owned(), format!("the model {name}"));
    Err(UsageError::OtherDimension { path, found, owner, expected }.into())
}

/// Vectors of the model that the flags name, if they do, must be of the kind that the index holds.
pub(crate) fn refuse_other_model(
    arguments: &ModelArguments,
    folder: &Path,
    indexed: &index::Settings,
) -> anyhow::Result<()> {
    let ModelArguments { model, pooling, document_prefix, .. } = arguments;
    if model.is_none() && pooling.is_none() && document_prefix.is_none() {
        return Ok(());
    }
    let name = model.as_deref().unwrap_or(&indexed.model);
    let external = if model.is_none() { is_external(indexed) } else { !is_at_hand(name)? };
    let (asked, fingerprint) = if external {
        refuse_settings_of_external(arguments, name)?;
        let index::Settings { pooling, fingerprint, .. } = external_settings(name, indexed.dimension);
        (Identity::new(name, &pooling, &fingerprint), fingerprint)
    } else {
        let (files, settings) = chosen(arguments, Some(indexed))?;
        let fingerprint = Fingerprint::of(&files, &settings).as_hex().to_owned();
        (Identity::new(&files.name, settings.pooling.name(), &fingerprint), fingerprint)
    };
    if fingerprint == indexed.fingerprint {
        return Ok(());
    }
    Err(UsageError::other_model(folder, indexed, asked).into())
}

/// Whether a model can be loaded by its name.
fn is_at_hand(name: &str) -> Result<bool, ModelError> {
    match ModelFiles::find(name) {
        Ok(_) => Ok(true),
        Err(ModelError::Unknown { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

fn refuse_settings_of_external(arguments: &ModelArguments, name: &str) -> Result<(), UsageError> {
    let ModelArguments { model: _, pooling, query_prefix, document_prefix } = arguments;
    if pooling.is_none() && query_prefix.is_none() && document_prefix.is_none() {
        return Ok(());
    }
    Err(UsageError::ExternalModelSettings { model: name.to_owned() })
}

/// Files and settings by the flags, then by the index, then by default.
fn chosen(
    arguments: &ModelArguments,
    indexed: Option<&index::Settings>,
) -> Result<(ModelFiles, EmbeddingSettings), ModelError> {
    let stored_name = indexed.map(|settings| settings.model.as_str());
    let files = ModelFiles::find(arguments.model.as_deref().or(stored_name).unwrap_or(BUNDLED_NAME))?;
    let stored_pooling = indexed.map_or(PoolingChoice::Mean, |settings| match settings.pooling.as_str() {
        "cls" => PoolingChoice::Cls,
        _ => PoolingChoice::Mean,
    });
    let prefix = |typed: &Option<String>, stored: Option<&String>| typed.as_ref().or(stored).cloned();
    let query_prefix = prefix(&arguments.query_prefix, indexed.map(|settings| &settings.query_prefix));
    let document_prefix =
        prefix(&arguments.document_prefix, indexed.map(|settings| &settings.document_prefix));
    let settings = EmbeddingSettings {
        pooling: files.resolve_pooling(arguments.pooling.map_or(stored_pooling, PoolingChoice::from)),
        query_prefix: query_prefix.unwrap_or_default(),
        document_prefix: document_prefix.unwrap_or_default(),
    };
    Ok((files, settings))
}

/// The stored query prefix is what searches of the index begin with; a run that adds to the index cannot change it.
pub(crate) fn refuse_other_query_prefix(
    arguments: &ModelArguments,
    folder: &Path,
    indexed: &index::Settings,
) -> Result<(), UsageError> {
    match &arguments.query_prefix {
        Some(prefix) if *prefix != indexed.query_prefix => Err(UsageError::OtherQueryPrefix {
            folder: folder.to_owned(),
            indexed: indexed.query_prefix.clone(),
        }),
        _ => Ok(()),
    }
}

/// Whether there is an index at `folder`, rather than nothing yet.
pub(crate) fn holds_index(folder: &Path) -> Result<bool, index::Error> {
    match Reader::open(folder) {
        Ok(_) => Ok(true),
        Err(
            index::Error::Missing { .. } | index::Error::Unfinished { .. } | index::Error::NotAnIndex { .. },
        ) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The folder that an index's relative paths start from: the one that holds the index folder.
pub(crate) fn index_root(folder: &Path, working_directory: &Path) -> PathBuf {
    let absolute = working_directory.join(folder);
    absolute.parent().unwrap_or(&absolute).to_owned()
}

impl From<PoolingArgument> for PoolingChoice {
    fn from(argument: PoolingArgument) -> Self {
        match argument {
            PoolingArgument::Mean => Self::Mean,
            PoolingArgument::Cls => Self::Cls,
            PoolingArgument::Auto => Self::Auto,
        }
    }
}

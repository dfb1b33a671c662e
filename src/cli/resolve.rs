//! What the user's words mean: flags over environment over defaults. The only reader of the environment.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use embed::corpus::{
    FieldChoice, FoundSource, Hidden, IgnoreFiles, PassageSettings, ReadLimits, ReadOptions, TokenCounter,
    WalkOptions,
};
use embed::exchange::{external_settings, is_external};
use embed::filter::Filters;
use embed::index::{self, Reader, StoredPath, find_index};
use embed::indexing::index_settings;
use embed::model::{EmbeddingSettings, Fingerprint, Model, ModelError, ModelFiles};
use embed::vectors::Dimension;

use super::args::{ColorChoice, CorpusArguments, GlobalArguments, IndexLocation, ModelArguments};
use super::model_choice::{chosen, chosen_model};
use super::progress::Visibility;
use super::render::Color;
use super::usage::{Identity, UsageError};

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

    /// A source of the index at `folder` as the user would type it from the working directory.
    pub(crate) fn shown_source(&self, source: &StoredPath, folder: &Path) -> String {
        let root = index_root(folder, &self.working_directory);
        source.relative_to(&self.working_directory, &root).display().to_string()
    }

    /// The stored form of a source that the user typed.
    pub(crate) fn stored_source(&self, typed: &Path, folder: &Path) -> Result<StoredPath, index::Error> {
        if typed.as_os_str() == "-" {
            return Ok(StoredPath::standard_input());
        }
        let root = index_root(folder, &self.working_directory);
        StoredPath::new(typed, &self.working_directory, &root)
    }

    /// `path` as the user would type it from the working directory.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.working_directory).unwrap_or(path).to_owned()
    }
}

/// The bytes of all sources, unless one is a stream.
pub(crate) fn total_bytes<'a>(sources: impl IntoIterator<Item = &'a FoundSource>) -> Option<u64> {
    // What cannot be asked for its size now is told of when it is read.
    sources.into_iter().map(|found| found.source.facts().unwrap_or_default().size).sum()
}

/// Paths as the user named them, for a message.
pub(crate) fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}

/// Which files of folders are meant.
pub(crate) fn walk_options(arguments: &CorpusArguments) -> WalkOptions {
    WalkOptions {
        hidden: if arguments.hidden { Hidden::Include } else { Hidden::Skip },
        ignore_files: if arguments.no_ignore { IgnoreFiles::Disregard } else { IgnoreFiles::Respect },
        globs: arguments.globs.clone(),
        ..WalkOptions::default()
    }
}

/// Tokens of a passage unless the user or the model says otherwise: half of what common models read, so that a passage
/// is about one thing.
const PASSAGE_TOKENS: usize = 256;

/// The part of a passage that the next one repeats unless the user says otherwise.
const OVERLAP_DIVISOR: usize = 8;

/// How sources are read for `model`.
pub(crate) fn read_options(arguments: &CorpusArguments, model: &Model) -> ReadOptions {
    let prefix = match model.settings().document_prefix.as_str() {
        // Counting makes a tokenizer, which takes longer than all else of a small search.
        "" => 0,
        prefix => model.tokenizer().count(prefix),
    };
    // A text has a special token at either end.
    let room = model.max_tokens().saturating_sub(2 + prefix).max(1);
    let tokens = arguments.passage_tokens.map_or(PASSAGE_TOKENS.min(room), std::num::NonZeroUsize::get);
    ReadOptions {
        format: arguments.input_format,
        encoding: arguments.encoding,
        fields: FieldChoice { text: arguments.text.clone(), id: arguments.id.clone() },
        passages: PassageSettings {
            tokens,
            overlap: arguments.passage_overlap.unwrap_or(tokens / OVERLAP_DIVISOR),
        },
        limits: ReadLimits::default(),
    }
}

/// The conditions that `--where` names.
pub(crate) fn filters(typed: &[String]) -> Result<Filters, UsageError> {
    typed.iter().map(|filter| filter.parse().map_err(UsageError::Filter)).collect()
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
    Ok(chosen_model(arguments, None)?)
}

/// The model of an index, with what the flags say otherwise, whatever vectors the index holds.
pub(crate) fn model_to_rebuild(
    arguments: &ModelArguments,
    indexed: &index::Settings,
) -> anyhow::Result<Model> {
    Ok(chosen_model(arguments, Some(indexed))?)
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
    let model = chosen_model(arguments, Some(indexed))?;
    if model.fingerprint().as_hex() == indexed.fingerprint {
        return Ok(model);
    }
    let EmbeddingSettings { pooling, dimensions, .. } = model.settings();
    let fingerprint = model.fingerprint().as_hex();
    let asked = Identity::computed(model.name(), pooling.name(), *dimensions, fingerprint);
    Err(UsageError::other_model(folder, indexed, asked).into())
}

/// What vectors are that an index is to be made of: those of the model that the flags name, which need not be at hand.
/// `path` has them, of dimension `found`.
pub(crate) fn settings_to_import(
    arguments: &ModelArguments,
    path: &Path,
    found: Dimension,
) -> anyhow::Result<index::Settings> {
    let name = arguments.model.as_deref().filter(|name| !name.trim().is_empty());
    let name = name.ok_or(UsageError::MissingModelName)?;
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
    let ModelArguments { model, pooling, document_prefix, document_prompt, dimensions, .. } = arguments;
    let document = document_prefix.as_ref().or(document_prompt.as_ref());
    if model.is_none() && pooling.is_none() && document.is_none() && dimensions.is_none() {
        return Ok(());
    }
    let name = model.as_deref().unwrap_or(&indexed.model);
    let external = if model.is_none() { is_external(indexed) } else { !is_at_hand(name)? };
    let (asked, fingerprint) = if external {
        refuse_settings_of_external(arguments, name)?;
        let asked = external_settings(name, indexed.dimension);
        (Identity::of(&asked), asked.fingerprint)
    } else {
        let (files, settings) = chosen(arguments, Some(indexed))?;
        let fingerprint = Fingerprint::of(&files, &settings).as_hex().to_owned();
        let EmbeddingSettings { pooling, dimensions, .. } = settings;
        (Identity::computed(&files.name, pooling.name(), dimensions, &fingerprint), fingerprint)
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
    let ModelArguments {
        pooling, query_prefix, document_prefix, prompt, document_prompt, dimensions, ..
    } = arguments;
    let texts = [query_prefix, document_prefix, prompt, document_prompt];
    if pooling.is_none() && dimensions.is_none() && texts.iter().all(|text| text.is_none()) {
        return Ok(());
    }
    Err(UsageError::ExternalModelSettings { model: name.to_owned() })
}

/// The stored query prefix is what searches of the index begin with; a run that adds to the index cannot change it.
pub(crate) fn refuse_other_query_prefix(
    typed: Option<&str>,
    folder: &Path,
    indexed: &index::Settings,
) -> Result<(), UsageError> {
    match typed {
        Some(prefix) if prefix != indexed.query_prefix => Err(UsageError::OtherQueryPrefix {
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
        Err(index::Error::Missing { .. } | index::Error::Unfinished { .. }) => Ok(false),
        Err(index::Error::NotAnIndex { .. }) if folder.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// The folder that an index's relative paths start from: the one that holds the index folder.
pub(crate) fn index_root(folder: &Path, working_directory: &Path) -> PathBuf {
    let absolute = working_directory.join(folder);
    absolute.parent().unwrap_or(&absolute).to_owned()
}

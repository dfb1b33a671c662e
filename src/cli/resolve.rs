//! Resolves settings: flags over environment over defaults. The only reader of the environment.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, ErrorKind, IsTerminal};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use embed::engine::InstructionSet;
use embed::engine::{
    DigestCache, FOLDER_NAME, FieldChoice, Filters, Hidden, IgnoreFiles, IndexPlace, PageExtent,
    ReadingRequest, WalkOptions, find_index,
};
use embed::http::{Proxies, Secret};
use embed::hub::{Access, Hub, HubSettings};
#[cfg(feature = "providers")]
use embed::providers::{Account, ProviderSettings};

use crate::cli::args::corpus::CorpusArguments;
use crate::cli::args::global::{ColorChoice, GlobalArguments};
use crate::cli::args::location::IndexLocation;
use crate::cli::args::output::{OutputArguments, OutputFormat};
use crate::cli::args::values::MAX_THREADS;
use crate::cli::listing::ListingForm;
use crate::cli::places::place;
use crate::cli::progress::Visibility;
use crate::cli::render::{Color, PlainStyle};
use crate::cli::threads;
use crate::cli::usage::{IndexUse, UsageError};

/// The environment of a run.
#[derive(Debug)]
pub(crate) struct Environment {
    pub(crate) working_directory: PathBuf,
    home: Option<PathBuf>,
    index: Option<PathBuf>,
    no_color: bool,
    postgres_password: Option<Secret>,
}

impl Environment {
    pub(crate) fn read() -> Result<Self, UsageError> {
        Ok(Self {
            working_directory: env::current_dir()
                .map_err(|source| UsageError::WorkingDirectory { source })?,
            home: env::home_dir(),
            index: variable("EMBED_INDEX").map(PathBuf::from),
            no_color: variable("NO_COLOR").is_some(),
            postgres_password: text("PGPASSWORD").map(Secret::new),
        })
    }

    /// The hub of models, set by the variables that Python's `huggingface_hub` reads.
    pub(crate) fn hub(&self) -> Result<Hub, UsageError> {
        let home = self.hub_home()?;
        let cache = self.path("HF_HUB_CACHE").unwrap_or_else(|| home.join("hub"));
        let defaults = HubSettings::new(cache);
        let access = if is_on("HF_HUB_OFFLINE") { Access::Offline } else { Access::Online };
        Ok(Hub::new(HubSettings {
            endpoint: text("HF_ENDPOINT").unwrap_or(defaults.endpoint),
            token: if access == Access::Online { self.token(&home)? } else { None },
            access,
            proxies: proxies(),
            certificates: self.path("SSL_CERT_FILE"),
            read_timeout: seconds("HF_HUB_DOWNLOAD_TIMEOUT")?.unwrap_or(defaults.read_timeout),
            cache: defaults.cache,
            connect_timeout: defaults.connect_timeout,
            longest_file: defaults.longest_file,
        }))
    }

    /// Keys and addresses of services, from the variables that their own clients read.
    #[cfg(feature = "providers")]
    pub(crate) fn services(&self) -> Result<ProviderSettings, UsageError> {
        let account = |key, base_url| Account { key: secret(key), base_url: secret(base_url) };
        let defaults = ProviderSettings::default();
        Ok(ProviderSettings {
            openai: account("OPENAI_API_KEY", "OPENAI_BASE_URL"),
            voyage: account("VOYAGE_API_KEY", "VOYAGE_BASE_URL"),
            endpoint: account("EMBED_API_KEY", "EMBED_API_URL"),
            proxies: proxies(),
            certificates: self.path("SSL_CERT_FILE"),
            answer_timeout: seconds("EMBED_API_TIMEOUT")?.unwrap_or(defaults.answer_timeout),
            ..defaults
        })
    }

    fn hub_home(&self) -> Result<PathBuf, UsageError> {
        let folder = self.path("HF_HOME").or_else(|| self.caches().map(|caches| caches.join("huggingface")));
        folder.ok_or(UsageError::NoModelCache)
    }

    /// The folder of the user's caches.
    fn caches(&self) -> Option<PathBuf> {
        self.path("XDG_CACHE_HOME").or_else(|| self.home.as_ref().map(|home| home.join(".cache")))
    }

    /// The cache of digests of models.
    pub(crate) fn digest_cache(&self) -> Option<DigestCache> {
        self.caches().map(|caches| DigestCache::new(caches.join("embed")))
    }

    fn token(&self, hub_home: &Path) -> Result<Option<Secret>, UsageError> {
        let token = text("HF_TOKEN").map_or_else(|| self.token_in_file(hub_home), Ok)?;
        let token = token.trim();
        if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(UsageError::Token);
        }
        Ok((!token.is_empty()).then(|| Secret::new(token.to_owned())))
    }

    /// The content of the token file; empty if there is none.
    fn token_in_file(&self, hub_home: &Path) -> Result<String, UsageError> {
        let path = self.path("HF_TOKEN_PATH").unwrap_or_else(|| hub_home.join("token"));
        match fs::read_to_string(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            outcome => outcome.map_err(|source| UsageError::TokenFile { path, source }),
        }
    }

    /// The path in the variable `name`; `~` is the home folder.
    fn path(&self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(variable(name)?);
        match (path.strip_prefix("~"), &self.home) {
            (Ok(rest), Some(home)) => Some(home.join(rest)),
            _ => Some(self.working_directory.join(path)),
        }
    }

    /// The named index folder, else the nearest one here or above.
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
        if self.place(&folder)?.is_some() || folder.exists() {
            Ok(folder)
        } else {
            Err(UsageError::NoIndexAt { folder })
        }
    }

    /// The index folder to write to, which may not exist yet.
    pub(crate) fn index_to_write(&self, location: &IndexLocation) -> Result<PathBuf, UsageError> {
        let folder = self.existing_index(location).unwrap_or_else(|| PathBuf::from(FOLDER_NAME));
        self.place(&folder)?;
        Ok(folder)
    }

    /// The place of an index that is no folder, if `name` is one.
    pub(crate) fn place(&self, name: &Path) -> Result<Option<Arc<dyn IndexPlace>>, UsageError> {
        place(name, self.postgres_password.clone())
    }

    /// Whether standard output is colored.
    fn color(&self, choice: ColorChoice) -> Color {
        let on = match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => !self.no_color && io::stdout().is_terminal(),
        };
        if on { Color::On } else { Color::Off }
    }

    /// `path` as the user would type it from the working directory.
    fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.working_directory).unwrap_or(path).to_owned()
    }
}

/// A variable of the environment; an empty one counts as unset.
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

fn text(name: &str) -> Option<String> {
    variable(name).map(|value| value.to_string_lossy().into_owned())
}

/// A key or an address, without the line break that a file leaves at its end.
#[cfg(feature = "providers")]
fn secret(name: &str) -> Option<Secret> {
    text(name).map(|key| key.trim().to_owned()).filter(|key| !key.is_empty()).map(Secret::new)
}

fn is_on(name: &str) -> bool {
    text(name).is_some_and(|value| matches!(value.to_ascii_lowercase().as_str(), "1" | "on" | "yes" | "true"))
}

/// A longer time-out is cut to this: a clock may run past the representable range.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

fn seconds(name: &'static str) -> Result<Option<Duration>, UsageError> {
    let Some(value) = text(name) else { return Ok(None) };
    let duration = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    match duration.filter(|duration| !duration.is_zero()) {
        Some(duration) => Ok(Some(duration.min(LONGEST_WAIT))),
        None => Err(UsageError::Seconds { variable: name, value }),
    }
}

/// Lower-case names take precedence, as in other programs.
fn proxies() -> Proxies {
    let either = |name: &str| text(name).or_else(|| text(&name.to_ascii_uppercase()));
    let proxy = |name| either(name).or_else(|| either("all_proxy")).map(Secret::new);
    let except = either("no_proxy").unwrap_or_default();
    Proxies {
        http: proxy("http_proxy"),
        https: proxy("https_proxy"),
        except: except.split(',').map(str::to_owned).collect(),
    }
}

/// Refuses flags for reading files if no file is read.
pub(crate) fn refuse_reading_flags(
    arguments: &CorpusArguments,
    index_use: IndexUse,
) -> Result<(), UsageError> {
    let typed = match index_use {
        // A search selects sources of the index by --glob.
        IndexUse::Search => arguments.first_typed_of_reading(),
        IndexUse::Compare | IndexUse::Rebuild => arguments.first_typed(),
    };
    match typed {
        Some(flag) => Err(UsageError::ReadingFlag { flag, index_use }),
        None => Ok(()),
    }
}

/// Which files of a folder are read.
pub(crate) fn walk_options(arguments: &CorpusArguments) -> WalkOptions {
    WalkOptions {
        hidden: if arguments.hidden { Hidden::Include } else { Hidden::Skip },
        ignore_files: if arguments.no_ignore { IgnoreFiles::Disregard } else { IgnoreFiles::Respect },
        globs: arguments.globs.clone(),
    }
}

/// How files are read.
pub(crate) fn reading_request(arguments: &CorpusArguments) -> ReadingRequest {
    ReadingRequest {
        format: arguments.input_format,
        encoding: arguments.encoding.unwrap_or_default(),
        fields: FieldChoice { text: arguments.text.clone(), id: arguments.id.clone() },
        passage_tokens: arguments.passage_tokens,
        passage_overlap: arguments.passage_overlap,
        page: if arguments.whole_page { PageExtent::Whole } else { PageExtent::Main },
    }
}

/// The conditions of `--where`.
pub(crate) fn filters(typed: &[String]) -> Result<Filters, UsageError> {
    typed.iter().map(|filter| filter.parse().map_err(UsageError::Filter)).collect()
}

/// The width of the terminal on standard output; `None` if it is unknown.
fn terminal_width() -> Option<usize> {
    const USUAL: usize = 80;
    let stdout = io::stdout();
    if !stdout.is_terminal() {
        return None;
    }
    Some(terminal_size::terminal_size_of(stdout).map_or(USUAL, |(width, _)| usize::from(width.0)))
}

/// How results are written, by the flags and standard output.
pub(crate) fn listing_form(
    arguments: &OutputArguments,
    global: &GlobalArguments,
) -> Result<ListingForm, UsageError> {
    Ok(match arguments.format() {
        OutputFormat::Json => ListingForm::Json,
        OutputFormat::Jsonl => ListingForm::Jsonl,
        OutputFormat::Plain => ListingForm::Plain(PlainStyle {
            width: terminal_width(),
            color: Environment::read()?.color(global.color),
        }),
    })
}

/// Whether progress may be drawn.
pub(crate) const fn progress_visibility(global: &GlobalArguments) -> Visibility {
    if global.quiet { Visibility::Hidden } else { Visibility::Terminal }
}

/// Limits the kernels to the instruction set in `EMBED_INSTRUCTIONS`, so that one machine can measure those of others.
pub(crate) fn choose_instructions() -> Result<(), UsageError> {
    const NAME: &str = "EMBED_INSTRUCTIONS";
    let Some(value) = text(NAME) else { return Ok(()) };
    let Some(set) = InstructionSet::named(&value) else {
        let available = InstructionSet::available().map(InstructionSet::name).collect::<Vec<_>>().join(", ");
        return Err(UsageError::Instructions { variable: NAME, value, available });
    };
    set.make_best();
    Ok(())
}

/// Starts the worker threads: the number of `--threads`, else of `RAYON_NUM_THREADS`, else one per core.
pub(crate) fn start_threads(global: &GlobalArguments) -> Result<(), UsageError> {
    let chosen = match global.threads.map(NonZeroUsize::get) {
        Some(count) => Some(count),
        None => threads_variable()?,
    };
    let started = match (chosen, thread::available_parallelism().map_or(1, NonZeroUsize::get)) {
        (Some(count), _) => threads::start(count),
        (None, cores) if cores > MAX_THREADS => threads::start(MAX_THREADS),
        (None, cores) => threads::start_when_needed(cores),
    };
    started.map_err(|source| UsageError::Threads { source })
}

/// The variable that rayon reads; 0 counts as unset.
fn threads_variable() -> Result<Option<usize>, UsageError> {
    const NAME: &str = "RAYON_NUM_THREADS";
    let Some(value) = text(NAME) else { return Ok(None) };
    match value.parse() {
        Ok(0) => Ok(None),
        Ok(count) if count <= MAX_THREADS => Ok(Some(count)),
        _ => Err(UsageError::ThreadsVariable { variable: NAME, value, most: MAX_THREADS }),
    }
}

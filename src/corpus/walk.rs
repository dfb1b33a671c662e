//! From what the user named to sources: files as they are, folders walked.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, Walk, WalkBuilder};

use super::{CorpusError, DocumentReader, Origin, ReadOptions, Source, TokenCounter};

/// The folder of an index. Its files are never a source.
const INDEX_FOLDER: &str = ".embed";
/// Ignore rules for this program alone; as `.ignore`, and stronger.
const IGNORE_FILE: &str = ".embedignore";

/// Which files of a folder are sources.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// Files and folders whose names start with a dot.
    pub hidden: Hidden,
    /// `.gitignore` (within a git repository), `.git/info/exclude`, `.ignore` and `.embedignore`.
    pub ignore_files: IgnoreFiles,
    /// Symbolic links.
    pub links: Links,
    /// Patterns as in a `.gitignore` of the walked folder, the later the stronger: only files that one matches, none
    /// that one with `!` does.
    pub globs: Vec<String>,
}

/// What becomes of hidden files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hidden {
    /// They are left out.
    #[default]
    Skip,
    /// They are sources as others are.
    Include,
}

/// What becomes of ignore rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IgnoreFiles {
    /// What they name is left out. The user's global git rules do not count: results would differ between machines.
    #[default]
    Respect,
    /// They say nothing.
    Disregard,
}

/// What becomes of symbolic links found by walking. A named one is always followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Links {
    /// They are skipped and counted.
    #[default]
    Skip,
    /// They are followed; one that leads back to a folder above it is skipped and counted.
    Follow,
}

/// A step of the search for sources.
#[derive(Debug)]
pub enum Found {
    /// A source.
    Source(FoundSource),
    /// A file that was found by walking and cannot be one.
    Skipped(SkippedFile),
}

/// A source and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSource {
    /// The source.
    pub source: Source,
    /// How it was found.
    pub origin: Origin,
}

/// A file found by walking that gives no documents.
#[derive(Debug)]
pub struct SkippedFile {
    /// The file as the user knows it.
    pub name: String,
    /// Why.
    pub reason: SkipReason,
}

/// Why a file found by walking gives no documents.
#[derive(Debug)]
#[non_exhaustive]
pub enum SkipReason {
    /// It has a NUL byte.
    Binary,
    /// It is larger than what is read whole.
    TooLarge,
    /// A symbolic link, and links are not followed.
    Link,
    /// A symbolic link to a folder above it.
    Loop,
    /// A pipe, a socket or a device.
    Special,
    /// Its name is not UTF-8.
    NameNotUtf8,
    /// The system does not let it be read.
    Unreadable(io::Error),
    /// Its content is faulty, or has not the fields that were asked for.
    Unusable(CorpusError),
}

impl FoundSource {
    /// As [`Source::read`].
    ///
    /// # Errors
    ///
    /// As [`Source::read`].
    pub fn read<'a>(
        &self,
        options: &ReadOptions,
        counter: &'a dyn TokenCounter,
    ) -> Result<DocumentReader<'a>, CorpusError> {
        self.source.read(self.origin, options, counter)
    }

    /// What an error in reading this source means: it is skipped if it was found by walking.
    ///
    /// # Errors
    ///
    /// The error itself if the user named the source, or if no source can be read with these options.
    pub fn skip(&self, error: CorpusError) -> Result<SkippedFile, CorpusError> {
        let reason = match error {
            error if self.origin == Origin::Named => return Err(error),
            CorpusError::Overlap { .. } => return Err(error),
            CorpusError::NotText { .. } => SkipReason::Binary,
            CorpusError::TooLarge { .. } => SkipReason::TooLarge,
            CorpusError::NameNotUtf8 { .. } => SkipReason::NameNotUtf8,
            CorpusError::NotFound { .. } => SkipReason::Unreadable(io::ErrorKind::NotFound.into()),
            CorpusError::Read { source, .. } => SkipReason::Unreadable(source),
            error => SkipReason::Unusable(error),
        };
        Ok(SkippedFile { name: self.source.name(), reason })
    }
}

/// The sources behind the user's arguments, in their order; the files of a folder by path. A file that is reached
/// twice comes once, in the place and the way in which it is reached first.
pub struct SourceFinder {
    arguments: VecDeque<Argument>,
    walk: Option<Walk>,
    options: WalkOptions,
    seen: HashSet<PathBuf>,
}

#[derive(Debug)]
enum Argument {
    Source(Source),
    Folder { path: PathBuf, globs: Override },
}

impl SourceFinder {
    /// Looks at every argument, so that a wrong one fails before any work is done.
    ///
    /// # Errors
    ///
    /// [`CorpusError::NotFound`], [`CorpusError::IndexFolder`], [`CorpusError::Read`], [`CorpusError::NameNotUtf8`],
    /// [`CorpusError::StandardInputTwice`] or [`CorpusError::Glob`].
    pub fn new<P: AsRef<Path>>(arguments: &[P], options: WalkOptions) -> Result<Self, CorpusError> {
        let arguments: VecDeque<Argument> = arguments
            .iter()
            .map(|argument| look_at(argument.as_ref(), &options))
            .collect::<Result<_, _>>()?;
        let is_stdin = |argument: &&Argument| matches!(argument, Argument::Source(Source::Stdin));
        if arguments.iter().filter(is_stdin).count() > 1 {
            return Err(CorpusError::StandardInputTwice);
        }
        Ok(Self { arguments, walk: None, options, seen: HashSet::new() })
    }

    /// The next thing that a walk or an argument gives, seen before or not.
    fn next_found(&mut self) -> Option<Found> {
        loop {
            if let Some(walk) = &mut self.walk {
                match walk.next() {
                    Some(entry) => match classify(entry) {
                        Some(found) => return Some(found),
                        None => continue,
                    },
                    None => self.walk = None,
                }
            }
            match self.arguments.pop_front()? {
                Argument::Source(source) => {
                    return Some(Found::Source(FoundSource { source, origin: Origin::Named }));
                }
                Argument::Folder { path, globs } => self.walk = Some(walk(&path, globs, &self.options)),
            }
        }
    }
}

impl Iterator for SourceFinder {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let found = self.next_found()?;
            match &found {
                Found::Source(FoundSource { source: Source::File(path), .. })
                    if !self.seen.insert(plain(path)) => {}
                _ => return Some(found),
            }
        }
    }
}

fn look_at(argument: &Path, options: &WalkOptions) -> Result<Argument, CorpusError> {
    let source = Source::from_argument(argument);
    if argument.to_str().is_none() {
        return Err(CorpusError::NameNotUtf8 { name: source.name() });
    }
    match source.facts() {
        Ok(_) => Ok(Argument::Source(source)),
        // A walk filters what it comes to, but not where it starts.
        Err(CorpusError::Folder { name })
            if argument.file_name().is_some_and(|file| file == INDEX_FOLDER) =>
        {
            Err(CorpusError::IndexFolder { name })
        }
        Err(CorpusError::Folder { .. }) => {
            fs::read_dir(argument)
                .map_err(|source| CorpusError::Read { name: argument.display().to_string(), source })?;
            Ok(Argument::Folder { path: argument.to_owned(), globs: globs(argument, &options.globs)? })
        }
        Err(error) => Err(error),
    }
}

fn globs(folder: &Path, patterns: &[String]) -> Result<Override, CorpusError> {
    let mut builder = OverrideBuilder::new(folder);
    for pattern in patterns {
        builder.add(pattern).map_err(|error| glob_error(pattern, &error))?;
    }
    builder.build().map_err(|error| glob_error(&patterns.join(" "), &error))
}

fn glob_error(pattern: &str, error: &ignore::Error) -> CorpusError {
    let problem = match error {
        ignore::Error::Glob { err, .. } => err.clone(),
        other => other.to_string(),
    };
    CorpusError::Glob { pattern: pattern.to_owned(), problem }
}

fn walk(folder: &Path, globs: Override, options: &WalkOptions) -> Walk {
    let respect = options.ignore_files == IgnoreFiles::Respect;
    let mut builder = WalkBuilder::new(folder);
    builder
        .hidden(options.hidden == Hidden::Skip)
        .parents(respect)
        .ignore(respect)
        .git_ignore(respect)
        .git_exclude(respect)
        .git_global(false)
        .follow_links(options.links == Links::Follow)
        .overrides(globs)
        .sort_by_file_path(Path::cmp)
        .filter_entry(|entry| entry.file_name() != INDEX_FOLDER);
    if respect {
        builder.add_custom_ignore_filename(IGNORE_FILE);
    }
    builder.build()
}

/// What an entry of a walk is; `None` for a folder, whose entries follow.
fn classify(entry: Result<DirEntry, ignore::Error>) -> Option<Found> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) => return Some(Found::Skipped(skipped_by(error))),
    };
    let kind = entry.file_type();
    let path = plain(entry.path());
    let reason = match kind {
        Some(kind) if kind.is_dir() => return None,
        Some(kind) if kind.is_symlink() => SkipReason::Link,
        Some(kind) if !kind.is_file() => SkipReason::Special,
        _ if path.to_str().is_none() => SkipReason::NameNotUtf8,
        _ => return Some(Found::Source(FoundSource { source: Source::File(path), origin: Origin::Walked })),
    };
    Some(Found::Skipped(SkippedFile { name: path.display().to_string(), reason }))
}

fn skipped_by(error: ignore::Error) -> SkippedFile {
    match error {
        ignore::Error::WithPath { path, err } => {
            SkippedFile { name: plain(&path).display().to_string(), ..skipped_by(*err) }
        }
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => skipped_by(*err),
        ignore::Error::Loop { child, .. } => {
            SkippedFile { name: plain(&child).display().to_string(), reason: SkipReason::Loop }
        }
        other => {
            let message = other.to_string();
            let error = other.into_io_error().unwrap_or_else(|| io::Error::other(message));
            SkippedFile { name: String::new(), reason: SkipReason::Unreadable(error) }
        }
    }
}

/// The path without a leading `./`, as walking `.` gives it.
fn plain(path: &Path) -> PathBuf {
    path.strip_prefix(".").unwrap_or(path).to_owned()
}

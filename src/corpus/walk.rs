//! The files of one folder that are sources.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, Walk, WalkBuilder};

use super::error::CorpusError;
use super::format::Origin;
use super::found::{Found, FoundSource, SkipReason, SkippedFile};
use super::generated::{ProgramFile, written_by_a_program};
use super::identity::canonical;
use super::source::{Source, plain};

/// Ignore rules for this program only; like `.ignore`, with higher precedence.
const IGNORE_FILE: &str = ".embedignore";

/// The usual name of the folder of an index.
const INDEX_FOLDER: &str = ".embed";
/// The catalog of an index, complete and while it is created.
const INDEX_CATALOGS: [&str; 2] = ["catalog.sqlite", "catalog.sqlite.new"];
/// The prefix and suffix of the names of vector files of an index.
const INDEX_VECTORS: (&str, &str) = ("vectors-", ".f32");

/// Which files of a folder are sources. The files of an index never are.
#[derive(Debug, Clone, Default)]
pub struct WalkOptions {
    /// Files and folders whose names start with a dot.
    pub hidden: Hidden,
    /// Files with ignore rules.
    pub ignore_files: IgnoreFiles,
    /// Patterns as in a `.gitignore` of the walked folder; later ones take precedence. Only files that match a pattern
    /// are included, and none that matches a pattern with `!`.
    pub globs: Vec<String>,
}

/// The treatment of hidden files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hidden {
    /// They are left out.
    #[default]
    Skip,
    /// They are included.
    Include,
}

/// The treatment of ignore rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum IgnoreFiles {
    /// Matching files are left out, by the rules of ripgrep: `.gitignore`, `.git/info/exclude` and the user's global
    /// ignore file within a git repository, `.ignore` and `.embedignore` everywhere.
    #[default]
    Respect,
    /// They have no effect.
    Disregard,
}

/// A walk through a folder. Symbolic links in it are not followed; the folder may be one itself.
pub(super) struct FolderWalk {
    folder: PathBuf,
    /// The canonical path of the folder.
    identity: PathBuf,
    entries: Walk,
}

impl FolderWalk {
    pub(super) fn new(folder: PathBuf, identity: PathBuf, globs: Override, options: &WalkOptions) -> Self {
        let respect = options.ignore_files == IgnoreFiles::Respect;
        let mut builder = WalkBuilder::new(&folder);
        builder
            .hidden(options.hidden == Hidden::Skip)
            .parents(respect)
            .ignore(respect)
            .git_ignore(respect)
            .git_exclude(respect)
            // The library itself reads no environment, but `ignore` reads HOME and XDG_CONFIG_HOME here, to find the
            // global ignore file of git.
            .git_global(respect)
            .follow_links(false)
            .overrides(globs)
            .sort_by_file_path(Path::cmp)
            .filter_entry(|entry| !is_index(entry));
        if respect {
            builder.add_custom_ignore_filename(IGNORE_FILE);
        }
        Self { folder, identity, entries: builder.build() }
    }

    /// The canonical path of `path` in the folder. No access to the disk is needed, since no link was followed.
    fn identity(&self, path: &Path) -> Option<PathBuf> {
        path.strip_prefix(&self.folder).ok().map(|beneath| self.identity.join(beneath))
    }
}

/// A result of a walk, with its canonical path if known.
pub(super) type Identified = (Found, Option<PathBuf>);

impl Iterator for FolderWalk {
    type Item = Identified;

    fn next(&mut self) -> Option<Identified> {
        loop {
            match self.entries.next()? {
                Err(error) => return Some((Found::Skipped(skipped_by(error)), None)),
                Ok(entry) => {
                    if let Some(found) = classify(&entry) {
                        return Some((found, self.identity(entry.path())));
                    }
                }
            }
        }
    }
}

/// The result for an entry of a walk; `None` for a folder, whose entries follow.
fn classify(entry: &DirEntry) -> Option<Found> {
    let kind = entry.file_type();
    let path = plain(entry.path());
    let reason = match kind {
        // The root of the walk, which may be a link.
        _ if entry.depth() == 0 => return None,
        Some(kind) if kind.is_dir() => return None,
        Some(kind) if kind.is_symlink() => SkipReason::Link,
        Some(kind) if !kind.is_file() => SkipReason::Special,
        _ if path.to_str().is_none() => SkipReason::NameNotUtf8,
        _ => match written_by_a_program(&path) {
            Some(ProgramFile::Lock) => SkipReason::LockFile,
            Some(ProgramFile::Minified) => SkipReason::Generated,
            Some(ProgramFile::Drawing) => SkipReason::Drawing,
            None => {
                return Some(Found::Source(FoundSource {
                    source: Source::File(path),
                    origin: Origin::Walked,
                }));
            }
        },
    };
    Some(Found::Skipped(SkippedFile { name: path.display().to_string(), reason }))
}

fn skipped_by(error: ignore::Error) -> SkippedFile {
    match error {
        ignore::Error::WithPath { path, err } => {
            SkippedFile { name: plain(&path).display().to_string(), ..skipped_by(*err) }
        }
        ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => skipped_by(*err),
        other => {
            let message = other.to_string();
            let error = other.into_io_error().unwrap_or_else(|| io::Error::other(message));
            SkippedFile { name: String::new(), reason: SkipReason::Unreadable(error) }
        }
    }
}

fn is_index(entry: &DirEntry) -> bool {
    entry.file_type().is_some_and(|kind| kind.is_dir()) && is_index_folder(entry.path())
}

/// Whether a folder is an index: it has the usual name, or contains a catalog and vectors.
///
/// The names are those of the module `index`, which this module cannot use.
pub(super) fn is_index_folder(folder: &Path) -> bool {
    let has_catalog = || INDEX_CATALOGS.iter().any(|catalog| folder.join(catalog).is_file());
    let is_vectors = |name: &OsStr| {
        let (start, end) = INDEX_VECTORS;
        name.to_str().is_some_and(|name| name.starts_with(start) && name.ends_with(end))
    };
    let has_vectors = || {
        fs::read_dir(folder)
            .is_ok_and(|entries| entries.flatten().any(|entry| is_vectors(&entry.file_name())))
    };
    folder.file_name().is_some_and(|name| name == INDEX_FOLDER) || (has_catalog() && has_vectors())
}

/// The patterns that select files of `folder`.
pub(super) fn overrides(folder: &Path, patterns: &[String]) -> Result<Override, CorpusError> {
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

/// The canonical path of `path`, or the path itself if it cannot be resolved.
pub(super) fn identity_of(path: &Path) -> PathBuf {
    canonical(path).unwrap_or_else(|_| path.to_owned())
}

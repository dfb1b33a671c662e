//! From the user's arguments to sources: files, and the files of folders, each once.

use std::collections::{HashSet, VecDeque};
use std::fs;
use std::path::{Path, PathBuf};

use ignore::overrides::Override;

use super::error::CorpusError;
use super::format::Origin;
use super::found::{Found, FoundSource, SkipReason, SkippedFile};
use super::source::Source;
use super::walk::{FolderWalk, Identified, WalkOptions, identity_of, is_index_folder, overrides};

/// The sources behind the user's arguments, in their order; the files of a folder by path.
///
/// A file has one identity, its canonical path. However many spellings, links and folders lead to it, it is yielded
/// once: under the first spelling, and as a file that the user named ([`Origin::Named`]) if any argument names it.
pub struct SourceFinder {
    arguments: VecDeque<Argument>,
    walk: Option<FolderWalk>,
    options: WalkOptions,
    /// The identities of all arguments.
    named: HashSet<PathBuf>,
    /// The identities of all files found so far.
    seen: HashSet<PathBuf>,
}

#[derive(Debug)]
enum Argument {
    Stdin,
    File { path: PathBuf, identity: PathBuf },
    Folder { path: PathBuf, identity: PathBuf, globs: Override },
}

impl SourceFinder {
    /// Checks every argument, so that an invalid one fails before any work is done.
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
        let is_stdin = |argument: &&Argument| matches!(argument, Argument::Stdin);
        if arguments.iter().filter(is_stdin).count() > 1 {
            return Err(CorpusError::StandardInputTwice);
        }
        let identities = arguments.iter().filter_map(|argument| match argument {
            Argument::Stdin => None,
            Argument::File { identity, .. } | Argument::Folder { identity, .. } => Some(identity.clone()),
        });
        let named = identities.collect();
        Ok(Self { arguments, walk: None, options, named, seen: HashSet::new() })
    }

    /// The next file of a walk or an argument, seen before or not.
    fn next_found(&mut self) -> Option<Identified> {
        loop {
            if let Some(found) = self.walk.as_mut().and_then(Iterator::next) {
                return Some(found);
            }
            self.walk = None;
            let (source, identity) = match self.arguments.pop_front()? {
                Argument::Stdin => (Source::Stdin, None),
                Argument::File { path, identity } => (Source::File(path), Some(identity)),
                Argument::Folder { path, identity, globs } => {
                    self.walk = Some(FolderWalk::new(path, identity, globs, &self.options));
                    continue;
                }
            };
            return Some((Found::Source(FoundSource { source, origin: Origin::Named }), identity));
        }
    }

    /// Whether an argument names a file that a walk skips, so that it is read nevertheless.
    fn is_named(&self, skipped: &SkippedFile, identity: &Path) -> bool {
        self.named.contains(identity)
            || matches!(skipped.reason, SkipReason::Link) && self.named.contains(&identity_of(identity))
    }
}

impl Iterator for SourceFinder {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let (mut found, identity) = self.next_found()?;
            let Some(identity) = identity else { return Some(found) };
            match &mut found {
                Found::Skipped(skipped) if self.is_named(skipped, &identity) => continue,
                Found::Source(found) if self.named.contains(&identity) => found.origin = Origin::Named,
                _ => {}
            }
            if self.seen.insert(identity) {
                return Some(found);
            }
        }
    }
}

fn look_at(argument: &Path, options: &WalkOptions) -> Result<Argument, CorpusError> {
    let source = Source::from_argument(argument);
    if argument.to_str().is_none() {
        return Err(CorpusError::NameNotUtf8 { name: source.name() });
    }
    match (source.facts(), source) {
        (Ok(_), Source::Stdin) => Ok(Argument::Stdin),
        (Ok(_), Source::File(path)) => Ok(Argument::File { identity: identity_of(&path), path }),
        // A walk filters its entries, but not its root.
        (Err(CorpusError::Folder { name }), _) if is_index_folder(argument) => {
            Err(CorpusError::IndexFolder { name })
        }
        (Err(CorpusError::Folder { name }), _) => {
            fs::read_dir(argument).map_err(|source| CorpusError::Read { name, source })?;
            let globs = overrides(argument, &options.globs)?;
            Ok(Argument::Folder { identity: identity_of(argument), path: argument.to_owned(), globs })
        }
        (Err(error), _) => Err(error),
    }
}

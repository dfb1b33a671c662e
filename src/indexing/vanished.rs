//! Sources of an index that a run did not find: those that are gone, and duplicate entries of files that it found.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::canonical_names::CanonicalNames;
use super::rule::was_walked;
use super::scope::Scope;
use crate::corpus::{SkipReason, SkippedFile};
use crate::index::{self, SourceRecord, StoredPath, was_imported};

/// The sources of an index that were not found under their own name, with the canonical names of their files.
pub(super) struct Unmet<'a> {
    records: Vec<(StoredPath, &'a SourceRecord)>,
    by_file: HashMap<StoredPath, Vec<&'a SourceRecord>>,
}

impl<'a> Unmet<'a> {
    pub(super) fn new(
        indexed: &'a [SourceRecord],
        met: &HashSet<&StoredPath>,
        names: &mut CanonicalNames<'_>,
    ) -> Self {
        let mut unmet = Self { records: Vec::new(), by_file: HashMap::new() };
        for record in indexed.iter().filter(|record| !met.contains(&record.path)) {
            let file = names.of_stored(&record.path).unwrap_or_else(|_| record.path.clone());
            if file != record.path {
                unmet.by_file.entry(file.clone()).or_default().push(record);
            }
            unmet.records.push((file, record));
        }
        unmet
    }

    /// The sources that are the file at `path` under other names, as older indexes can have them.
    pub(super) fn of_file(&self, path: &StoredPath) -> &[&'a SourceRecord] {
        self.by_file.get(path).map_or(&[], Vec::as_slice)
    }
}

/// The sources within the named folders that no longer exist or are no longer included. Imported sources never existed
/// there.
pub(super) fn vanished(
    scope: &Scope<'_>,
    unmet: &Unmet<'_>,
    met: &HashSet<&StoredPath>,
    skipped: &[SkippedFile],
) -> Result<Vec<StoredPath>, index::Error> {
    let root = scope.names.root();
    let absolute = |path: &Path| -> Result<Option<PathBuf>, index::Error> {
        Ok(scope.names.stored_file(path)?.to_absolute(root))
    };
    let mut folders = Vec::new();
    for argument in scope.arguments.iter().filter(|argument| argument.is_dir()) {
        folders.extend(absolute(argument)?);
    }
    let mut unreadable = Vec::new();
    for file in skipped.iter().filter(|file| matches!(file.reason, SkipReason::Unreadable(_))) {
        unreadable.extend(absolute(Path::new(&file.name))?);
    }
    let is_gone = |(file, record): &&(StoredPath, &SourceRecord)| {
        let Some(path) = record.path.to_absolute(root) else { return false };
        let spellings = [file.to_absolute(root).unwrap_or_else(|| path.clone()), path.clone()];
        let is_beneath = |folders: &[PathBuf]| {
            folders.iter().any(|folder| spellings.iter().any(|path| path.starts_with(folder)))
        };
        !met.contains(file)
            && !was_imported(&record.rule)
            && is_beneath(&folders)
            && !is_beneath(&unreadable)
            && (is_missing(&path) || (was_walked(&record.rule) && scope.walk.globs.is_empty()))
    };
    Ok(unmet.records.iter().filter(is_gone).map(|(_, record)| record.path.clone()).collect())
}

fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

//! The work that brings an index up to date, determined without changing anything.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::canonical_names::CanonicalNames;
use super::freshness::{Judgement, judge};
use super::indexer::IndexingError;
use super::rule::is_of_older_cut;
use super::scope::{Change, Scope};
use super::vanished::{Unmet, vanished};
use crate::corpus::{Found, FoundSource, SkippedFile, Source, SourceFinder};
use crate::index::{SourceId, SourceNames, SourceRecord, SourceVersion, StoredPath, was_imported};

/// The work of a run.
#[derive(Debug, Default)]
pub struct Plan {
    /// Sources that are new or changed, in the order in which they were found.
    pub read: Vec<PlannedSource>,
    /// The number of unchanged sources.
    pub unchanged: u64,
    /// Sources of the index that no longer exist in the named folders, and duplicate entries of one file.
    pub removed: Vec<StoredPath>,
    /// Files that cannot be sources.
    pub skipped: Vec<SkippedFile>,
    /// The number of sources to read that the index holds under older rules for passages.
    pub older_cuts: u64,
    /// Sources with unchanged content whose recorded version needs an update.
    pub(super) confirmed: Vec<(SourceId, SourceVersion)>,
}

/// A source that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSource {
    /// The source.
    pub found: FoundSource,
    /// Its name in the index.
    pub path: StoredPath,
    /// The name of the same file in an older index, if it differs.
    pub replaces: Option<StoredPath>,
    /// Whether the index already contains it.
    pub change: Change,
    /// Its size in bytes; `None` for a stream.
    pub bytes: Option<u64>,
}

impl PlannedSource {
    /// The name under which the index currently holds it, if at all.
    pub(super) fn recorded_path(&self) -> &StoredPath {
        self.replaces.as_ref().unwrap_or(&self.path)
    }
}

impl Plan {
    /// Compares `scope` with the sources of an index. A source is read if its record leaves a doubt.
    ///
    /// # Errors
    ///
    /// A [`CorpusError`](crate::corpus::CorpusError) if an argument is invalid or a source that the user named cannot
    /// be read.
    pub fn new(scope: &Scope<'_>, indexed: &[SourceRecord]) -> Result<Self, IndexingError> {
        let mut plan = Self::default();
        let mut names = CanonicalNames::new(scope.names);
        let sources = plan.find_sources(scope, &mut names)?;
        let met: HashSet<&StoredPath> = sources.iter().map(|(path, _)| path).collect();
        let recorded: HashMap<&StoredPath, &SourceRecord> =
            indexed.iter().map(|record| (&record.path, record)).collect();
        let unmet = Unmet::new(indexed, &met, &mut names);
        for (path, found) in &sources {
            let others = unmet.of_file(path);
            let (record, superseded) = match recorded.get(path) {
                Some(&record) => (Some(record), others),
                None => (others.first().copied(), others.get(1..).unwrap_or_default()),
            };
            plan.removed.extend(superseded.iter().map(|record| record.path.clone()));
            plan.compare(scope, path, found, record)?;
        }
        plan.removed.extend(vanished(scope, &unmet, &met, &plan.skipped)?);
        Ok(plan)
    }

    /// The bytes to read, unless one source is a stream.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.read.iter().map(|planned| planned.bytes).sum()
    }

    /// Whether the run has nothing to do and the named paths have nothing in the index.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.read.is_empty() && self.unchanged == 0 && self.removed.is_empty() && self.skipped.is_empty()
    }

    /// The sources of the index that the plan reads again or removes.
    #[must_use]
    pub fn replaced_or_removed(&self) -> HashSet<StoredPath> {
        let read = self.read.iter().flat_map(|planned| [&planned.path, planned.recorded_path()]);
        read.chain(&self.removed).cloned().collect()
    }

    /// The sources of `scope` with their names in the index, in the order in which they are found. The finder yields
    /// each file once.
    fn find_sources(
        &mut self,
        scope: &Scope<'_>,
        names: &mut CanonicalNames<'_>,
    ) -> Result<Vec<(StoredPath, FoundSource)>, IndexingError> {
        let finder = SourceFinder::new(scope.arguments, scope.walk.clone())?;
        let mut sources = Vec::new();
        for found in finder {
            let mut found = match found {
                Found::Source(found) => found,
                Found::Skipped(file) => {
                    self.skipped.push(file);
                    continue;
                }
            };
            let path = match &found.source {
                Source::Stdin => StoredPath::standard_input(),
                Source::File(file) => names.of_file(file)?,
            };
            found.source = under_stored_name(found.source, &path, scope.names);
            sources.push((path, found));
        }
        Ok(sources)
    }

    fn compare(
        &mut self,
        scope: &Scope<'_>,
        path: &StoredPath,
        found: &FoundSource,
        record: Option<&SourceRecord>,
    ) -> Result<(), IndexingError> {
        match judge(scope.read, scope.trust, (path, found), record) {
            Ok(Judgement::Read(change, facts)) => {
                let is_older =
                    |record: &&SourceRecord| !was_imported(&record.rule) && is_of_older_cut(&record.rule);
                self.older_cuts += u64::from(record.as_ref().is_some_and(is_older));
                let other_name = record.map(|record| &record.path).filter(|&recorded| recorded != path);
                self.read.push(PlannedSource {
                    found: found.clone(),
                    path: path.clone(),
                    replaces: other_name.cloned(),
                    change,
                    bytes: facts.size,
                });
            }
            Ok(Judgement::Unchanged) => self.unchanged += 1,
            Ok(Judgement::Confirmed(source, version)) => {
                self.unchanged += 1;
                self.confirmed.push((source, version));
            }
            Err(error) => self.skipped.push(found.skip(error)?),
        }
        Ok(())
    }
}

/// The name of a file decides its format, so a link with another name is read under the name in the index.
fn under_stored_name(source: Source, path: &StoredPath, names: &SourceNames) -> Source {
    match source {
        Source::File(file) if file.file_name() != Path::new(path.as_str()).file_name() => {
            Source::File(PathBuf::from(names.shown(path)))
        }
        source => source,
    }
}

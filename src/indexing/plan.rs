//! What a run has to do to bring an index up to date, found out without changing anything.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::IndexingError;
use super::rule::{reading_rule, was_walked};
use crate::corpus::{
    CorpusError, Found, FoundSource, Origin, ReadOptions, SkipReason, SkippedFile, Source, SourceFacts,
    SourceFinder, WalkOptions,
};
use crate::index::{ContentHash, SourceId, SourceRecord, SourceVersion, StoredPath, was_imported};

/// A file that was changed more recently than this before it was read may change again and bear the same time: file
/// systems count in steps of up to two seconds. Such a time is not recorded, and the content decides the next time.
const UNSETTLED: Duration = Duration::from_secs(2);

/// What the user named, and how it is read.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Files, folders and `-`, as named.
    pub arguments: &'a [PathBuf],
    /// Which files of the folders are meant.
    pub walk: &'a WalkOptions,
    /// How all of them are read.
    pub read: &'a ReadOptions,
    /// From where paths start.
    pub places: Places<'a>,
    /// What tells that a source is unchanged.
    pub trust: Trust,
}

/// Where paths start from; both absolute.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Of arguments.
    pub working_directory: &'a Path,
    /// Of stored paths.
    pub root: &'a Path,
}

/// What tells that a source is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// What the index has recorded of it.
    Recorded,
    /// Nothing: every source is read.
    Nothing,
}

/// What a run has to do.
#[derive(Debug, Default)]
pub struct Plan {
    /// Sources that are new or not as the index has them, in the order in which they were found.
    pub read: Vec<PlannedSource>,
    /// The number of sources that are as the index has them.
    pub unchanged: u64,
    /// Sources of the index that the named folders no longer have.
    pub removed: Vec<StoredPath>,
    /// Files that can be no source.
    pub skipped: Vec<SkippedFile>,
    /// Sources of the same content as before, of which something else is to be recorded.
    pub(super) confirmed: Vec<(SourceId, SourceVersion)>,
}

/// A source that is to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedSource {
    /// The source.
    pub found: FoundSource,
    /// Its name in the index.
    pub path: StoredPath,
    /// What it is to the index.
    pub change: Change,
    /// Its size in bytes; `None` for a stream.
    pub bytes: Option<u64>,
}

/// What a source is to an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The index does not have it.
    Added,
    /// The index has an older version, or had it read in another way.
    Changed,
}

/// What is known of a source before its documents are read.
enum Judgement {
    Read(Change, SourceFacts),
    Unchanged,
    Confirmed(SourceId, SourceVersion),
}

impl Plan {
    /// Compares `scope` with the sources of an index. Sources are read where size and time leave a doubt.
    ///
    /// # Errors
    ///
    /// A [`CorpusError`] where an argument is wrong or a source that the user named cannot be read.
    pub fn new(scope: &Scope<'_>, indexed: &[SourceRecord]) -> Result<Self, IndexingError> {
        let finder = SourceFinder::new(scope.arguments, scope.walk.clone())?;
        let records: HashMap<&StoredPath, &SourceRecord> =
            indexed.iter().map(|record| (&record.path, record)).collect();
        let mut plan = Self::default();
        let mut met = HashSet::new();
        for found in finder {
            let found = match found {
                Found::Source(found) => found,
                Found::Skipped(file) => {
                    plan.skipped.push(file);
                    continue;
                }
            };
            let path = scope.places.stored(&found.source)?;
            let judgement = judge(scope, &found, records.get(&path).copied());
            met.insert(path.clone());
            match judgement {
                Ok(Judgement::Read(change, facts)) => {
                    plan.read.push(PlannedSource { found, path, change, bytes: facts.size });
                }
                Ok(Judgement::Unchanged) => plan.unchanged += 1,
                Ok(Judgement::Confirmed(source, version)) => {
                    plan.unchanged += 1;
                    plan.confirmed.push((source, version));
                }
                Err(error) => plan.skipped.push(found.skip(error)?),
            }
        }
        plan.removed = vanished(scope, indexed, &met, &plan.skipped)?;
        Ok(plan)
    }

    /// The bytes to read, unless one source is a stream.
    #[must_use]
    pub fn bytes(&self) -> Option<u64> {
        self.read.iter().map(|planned| planned.bytes).sum()
    }

    /// Whether neither the named paths nor the index have anything to do with each other or with a run.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.read.is_empty() && self.unchanged == 0 && self.removed.is_empty() && self.skipped.is_empty()
    }
}

impl Places<'_> {
    /// The name of `source` in the index.
    pub(super) fn stored(&self, source: &Source) -> Result<StoredPath, IndexingError> {
        match source {
            Source::Stdin => Ok(StoredPath::standard_input()),
            Source::File(path) => Ok(StoredPath::new(path, self.working_directory, self.root)?),
        }
    }
}

fn judge(
    scope: &Scope<'_>,
    found: &FoundSource,
    record: Option<&SourceRecord>,
) -> Result<Judgement, CorpusError> {
    let now = SystemTime::now();
    let facts = found.source.facts()?;
    let Some(record) = record else { return Ok(Judgement::Read(Change::Added, facts)) };
    if was_imported(&record.rule) && found.origin == Origin::Walked {
        return Ok(Judgement::Unchanged);
    }
    let same_size = facts.size.is_some() && record.version.size == facts.size;
    let same_rule = record.rule == reading_rule(found.origin, scope.read);
    if scope.trust == Trust::Nothing || !same_size || !same_rule {
        return Ok(Judgement::Read(Change::Changed, facts));
    }
    if looks_unchanged(&record.version, facts) {
        return Ok(Judgement::Unchanged);
    }
    let content = found.source.measure()?;
    if record.version.content != Some(ContentHash(content.sha256)) {
        return Ok(Judgement::Read(Change::Changed, facts));
    }
    let version = version(facts, content.sha256, now);
    Ok(if version == record.version {
        Judgement::Unchanged
    } else {
        Judgement::Confirmed(record.id, version)
    })
}

/// Whether a source of equal size need not be read: times and inode are what the index has recorded. The time of
/// modification can be set to any value, so it counts only together with the time of change and the inode, where the
/// system has them.
fn looks_unchanged(recorded: &SourceVersion, facts: SourceFacts) -> bool {
    facts.modified_nanoseconds.is_some()
        && recorded.modified_ns == facts.modified_nanoseconds
        && recorded.changed_ns == facts.changed_nanoseconds
        && recorded.inode == facts.inode
}

/// What to record of a source that was opened at `opened`. A time that is not settled is left out.
pub(super) fn version(facts: SourceFacts, sha256: [u8; 32], opened: SystemTime) -> SourceVersion {
    let settled = opened
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|age| age.checked_sub(UNSETTLED))
        .and_then(|age| i64::try_from(age.as_nanos()).ok());
    let is_settled = |time: &i64| Some(*time) < settled;
    SourceVersion {
        size: facts.size,
        modified_ns: facts.modified_nanoseconds.filter(is_settled),
        changed_ns: facts.changed_nanoseconds.filter(is_settled),
        inode: facts.inode,
        content: Some(ContentHash(sha256)),
    }
}

/// The sources within the named folders that are no longer there, or no longer meant. Imported ones never were there.
fn vanished(
    scope: &Scope<'_>,
    indexed: &[SourceRecord],
    met: &HashSet<StoredPath>,
    skipped: &[SkippedFile],
) -> Result<Vec<StoredPath>, IndexingError> {
    let Places { working_directory, root } = scope.places;
    let absolute = |path: &Path| -> Result<Option<PathBuf>, IndexingError> {
        Ok(StoredPath::new(path, working_directory, root)?.to_absolute(root))
    };
    let mut folders = Vec::new();
    for argument in scope.arguments.iter().filter(|argument| argument.is_dir()) {
        folders.extend(absolute(argument)?);
    }
    let mut unreadable = Vec::new();
    for file in skipped.iter().filter(|file| matches!(file.reason, SkipReason::Unreadable(_))) {
        unreadable.extend(absolute(Path::new(&file.name))?);
    }
    let is_gone = |record: &&SourceRecord| {
        let Some(path) = record.path.to_absolute(root) else { return false };
        let is_beneath = |folders: &[PathBuf]| folders.iter().any(|folder| path.starts_with(folder));
        !met.contains(&record.path)
            && !was_imported(&record.rule)
            && is_beneath(&folders)
            && !is_beneath(&unreadable)
            && (is_missing(&path) || (was_walked(&record.rule) && scope.walk.globs.is_empty()))
    };
    Ok(indexed.iter().filter(is_gone).map(|record| record.path.clone()).collect())
}

fn is_missing(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|error| error.kind() == ErrorKind::NotFound)
}

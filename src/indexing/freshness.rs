//! Whether a source is unchanged since it was indexed.
//!
//! A source is not read if its size, modification time, change time and inode are all as recorded. Otherwise the hash
//! of its content decides. The modification time alone does not suffice: `rsync`, a restored backup or `touch -d` set
//! it to any value, while only the system sets the change time.
//!
//! Undetected: on systems without change time and inode, content that was replaced by other content of the same size
//! and modification time; elsewhere, content that was written directly to the disk or with the clock set back. `embed
//! index --rebuild` with the sources named reads everything.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::rule::reading_rule;
use super::scope::{Change, Trust};
use crate::corpus::{CorpusError, FoundSource, Origin, ReadOptions, SourceFacts};
use crate::index::{ContentHash, SourceId, SourceRecord, SourceVersion, StoredPath, was_imported};

/// A file that was changed less than this before it was read may change again with the same time: file systems have a
/// time resolution of up to two seconds. Such a time is not recorded, so the content decides in the next run.
const UNSETTLED: Duration = Duration::from_secs(2);

/// The result of comparing a source with the index before its documents are read.
pub(super) enum Judgement {
    Read(Change, SourceFacts),
    Unchanged,
    /// The content is as recorded, but its recorded version needs an update.
    Confirmed(SourceId, SourceVersion),
}

/// Compares a source, with its name in the index, with the index's record of the file.
pub(super) fn judge(
    options: &ReadOptions,
    trust: Trust,
    (path, found): (&StoredPath, &FoundSource),
    record: Option<&SourceRecord>,
) -> Result<Judgement, CorpusError> {
    let now = SystemTime::now();
    let facts = found.source.facts()?;
    let Some(record) = record else { return Ok(Judgement::Read(Change::Added, facts)) };
    if was_imported(&record.rule) && found.origin == Origin::Walked {
        return Ok(Judgement::Unchanged);
    }
    let same_size = facts.size.is_some() && record.version.size == facts.size;
    let same_rule = record.rule == reading_rule(found.origin, options);
    if trust == Trust::Nothing || record.path != *path || !same_size || !same_rule {
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

/// Whether a source of equal size need not be read. On systems without change times and inodes, both are `None`.
fn looks_unchanged(recorded: &SourceVersion, facts: SourceFacts) -> bool {
    facts.modified_nanoseconds.is_some()
        && recorded.modified_ns == facts.modified_nanoseconds
        && recorded.changed_ns == facts.changed_nanoseconds
        && recorded.inode == facts.inode
}

/// The version to record of a source that was opened at `opened`. Unsettled times are left out.
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_000_000_000_000_000_000;

    fn facts() -> SourceFacts {
        SourceFacts {
            size: Some(6),
            modified_nanoseconds: Some(5),
            changed_nanoseconds: Some(7),
            inode: Some(9),
        }
    }

    fn recorded(facts: SourceFacts) -> SourceVersion {
        version(facts, [0; 32], UNIX_EPOCH + Duration::from_nanos(NOW))
    }

    #[test]
    fn a_source_goes_unread_only_if_all_that_is_recorded_agrees() {
        assert!(looks_unchanged(&recorded(facts()), facts()));
        for other in [
            SourceFacts { modified_nanoseconds: Some(6), ..facts() },
            SourceFacts { changed_nanoseconds: Some(8), ..facts() },
            SourceFacts { inode: Some(10), ..facts() },
            SourceFacts { modified_nanoseconds: None, ..facts() },
        ] {
            assert!(!looks_unchanged(&recorded(facts()), other), "{other:?}");
        }
    }

    #[test]
    fn a_system_without_change_times_and_inodes_goes_by_the_time_of_modification() {
        let bare = SourceFacts { changed_nanoseconds: None, inode: None, ..facts() };
        assert!(looks_unchanged(&recorded(bare), bare));
        assert!(!looks_unchanged(&recorded(bare), facts()), "nothing is known of the change time");
    }

    #[test]
    fn a_time_that_is_not_settled_is_not_recorded() {
        let just_now = i64::try_from(NOW - 1_000_000_000).ok();
        let modified = recorded(SourceFacts { modified_nanoseconds: just_now, ..facts() });
        assert_eq!((modified.modified_ns, modified.changed_ns), (None, Some(7)));
        let changed = SourceFacts { changed_nanoseconds: just_now, ..facts() };
        assert_eq!(recorded(changed).changed_ns, None);
        assert!(!looks_unchanged(&recorded(changed), changed));
    }
}

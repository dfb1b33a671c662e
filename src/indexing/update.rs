//! Carrying out a plan.

use std::time::SystemTime;

use super::ahead::Ahead;
use super::batches::{Progress, Totals, embed_source};
use super::freshness::version;
use super::indexer::{Indexer, IndexingError};
use super::left_out::LeftOut;
use super::plan::{Plan, PlannedSource};
use super::rule::reading_rule;
use super::scope::Change;
use super::sink::IndexSink;
use crate::corpus::{ReadOptions, SkipReason};
use crate::embedding::Embedder;
use crate::index::{NewSource, SourceVersion, StoredPath, TextHash};

/// The outcome of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// Sources that were added.
    pub added: u64,
    /// Sources that were changed.
    pub changed: u64,
    /// Sources that were removed.
    pub removed: u64,
    /// Sources that were unchanged.
    pub unchanged: u64,
    /// Sources that were read again because their passages were cut by older rules.
    pub older_cuts: u64,
    /// Counts of the sources that were read.
    pub totals: Totals,
    /// Files, rows and bytes that were not read.
    pub left_out: LeftOut,
    /// The name of the model.
    pub model: String,
    /// Sources that cannot be read at the moment; the index keeps their previous content.
    pub unreadable: Vec<StoredPath>,
}

/// How a source that was read compares with the index.
enum Reading {
    New,
    Same,
}

impl Indexer<'_> {
    /// Carries out `plan`, with sources read by `options`.
    ///
    /// # Errors
    ///
    /// An [`IndexingError`] where a source that the user named cannot be read, a text cannot be embedded, or the index
    /// cannot be written. Unfinished sources then stay as they were in the index; finished ones are kept.
    pub fn apply(
        &mut self,
        plan: Plan,
        options: &ReadOptions,
        progress: &mut dyn Progress,
    ) -> Result<Report, IndexingError> {
        let outcome = self.carry_out(plan, options, progress);
        if matches!(outcome, Err(IndexingError::Corpus(_) | IndexingError::Embed(_))) {
            // An error in a later source must not undo the finished ones.
            self.commit()?;
        }
        outcome
    }

    fn carry_out(
        &mut self,
        plan: Plan,
        options: &ReadOptions,
        progress: &mut dyn Progress,
    ) -> Result<Report, IndexingError> {
        let Plan { read, unchanged, removed, skipped, older_cuts, confirmed } = plan;
        let model = self.embedder.description().name.clone();
        let mut report = Report { unchanged, older_cuts, model, ..Report::default() };
        for file in skipped {
            report.left_out.add_file(file);
        }
        for (source, version) in confirmed {
            self.writer()?.set_version(source, &version)?;
        }
        for path in &removed {
            self.remove(path, &mut report)?;
        }
        let ahead = Ahead::new(self.embedder);
        let mut covered = 0;
        for (index, planned) in read.iter().enumerate() {
            if covered == 0 {
                let sources = read[index..].iter().map(|planned| &planned.found);
                covered = ahead.embed_first(sources, options, |hashes| self.knows(hashes))?;
            }
            covered -= 1;
            self.read(planned, &ahead, options, &mut report, progress)?;
        }
        Ok(report)
    }

    /// Whether the index has the vector of each text.
    fn knows(&mut self, hashes: &[TextHash]) -> Result<Vec<bool>, IndexingError> {
        let Some(writer) = self.existing_writer() else { return Ok(vec![false; hashes.len()]) };
        Ok(writer.find_vectors(hashes)?.iter().map(Option::is_some).collect())
    }

    fn read(
        &mut self,
        planned: &PlannedSource,
        embedder: &dyn Embedder,
        options: &ReadOptions,
        report: &mut Report,
        progress: &mut dyn Progress,
    ) -> Result<(), IndexingError> {
        match (self.store(planned, embedder, options, report, progress), planned.change) {
            (Ok(Reading::Same), _) => report.unchanged += 1,
            (Ok(Reading::New), Change::Added) => report.added += 1,
            (Ok(Reading::New), Change::Changed) => report.changed += 1,
            (Err(IndexingError::Corpus(error)), change) => {
                let skipped = planned.found.skip(error)?;
                if matches!(skipped.reason, SkipReason::Unreadable(_)) {
                    report.unreadable.push(planned.recorded_path().clone());
                } else if change == Change::Changed {
                    self.remove(planned.recorded_path(), report)?;
                }
                report.left_out.add_file(skipped);
            }
            (Err(error), _) => return Err(error),
        }
        Ok(())
    }

    fn remove(&mut self, path: &StoredPath, report: &mut Report) -> Result<(), IndexingError> {
        self.remove_if_there(path)?;
        report.removed += 1;
        Ok(())
    }

    /// An index that is being rebuilt never had the source.
    fn remove_if_there(&mut self, path: &StoredPath) -> Result<(), IndexingError> {
        let writer = self.writer()?;
        if writer.source(path)?.is_some() {
            writer.remove_source(path)?;
        }
        Ok(())
    }

    /// Reads and embeds a source, and replaces it in the index.
    fn store(
        &mut self,
        planned: &PlannedSource,
        embedder: &dyn Embedder,
        options: &ReadOptions,
        report: &mut Report,
        progress: &mut dyn Progress,
    ) -> Result<Reading, IndexingError> {
        let PlannedSource { found, path, .. } = planned;
        let opened = SystemTime::now();
        let rule = reading_rule(found.origin, options);
        let new = NewSource { path: path.clone(), rule, version: SourceVersion::default() };
        let mut sink = IndexSink { indexer: self, source: &new, begun: None };
        let outcome = embed_source(embedder, found, options, progress, &mut sink);
        let begun = sink.begun;
        let read = match (outcome, begun) {
            (Err(error @ IndexingError::Corpus(_)), Some(source)) => {
                self.writer()?.discard_source(source)?;
                return Err(error);
            }
            (outcome, _) => outcome?,
        };
        let source = begun.expect("a source without documents is an error");
        report.left_out.add_source(&found.source.description(), &read.report);
        let version = version(read.report.facts, read.report.content.sha256, opened);
        if self.has(path, &new, version)? {
            self.writer()?.discard_source(source)?;
            return Ok(Reading::Same);
        }
        report.totals += read.totals;
        let writer = self.writer()?;
        writer.set_version(source, &version)?;
        writer.finish_source(source)?;
        if let Some(replaced) = &planned.replaces {
            self.remove_if_there(replaced)?;
        }
        Ok(Reading::New)
    }

    /// Whether the index has the same content of `path`, read by the same rule. Only streams are compared here, since
    /// they cannot be compared before they are read.
    fn has(
        &mut self,
        path: &StoredPath,
        new: &NewSource,
        version: SourceVersion,
    ) -> Result<bool, IndexingError> {
        let record = self.writer()?.source(path)?;
        Ok(record.is_some_and(|record| {
            record.rule == new.rule
                && record.version.content == version.content
                && record.version.size.is_none()
        }))
    }
}

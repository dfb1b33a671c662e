//! A dry run of indexing.

use super::{EngineError, IndexEditor, IndexRequest};
use crate::indexing::{Change, LeftOut, Plan, Trust};

/// The kind of change of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It would be added.
    Add,
    /// Its new version would replace the indexed one.
    Change,
    /// It would be removed.
    Remove,
}

/// The planned change of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// The kind of the change.
    pub kind: ChangeKind,
    /// The source, relative to the working directory.
    pub source: String,
}

/// The planned changes of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChanges {
    /// In the order in which a run makes them.
    pub changes: Vec<PlannedChange>,
    /// The number of sources that are unchanged.
    pub unchanged: u64,
    /// Sources that would be read again because their passages were cut by older rules.
    pub older_cuts: u64,
    /// Files, rows and bytes that would not be read.
    pub left_out: LeftOut,
}

impl PlannedChanges {
    /// The number of changes of a kind.
    #[must_use]
    pub fn count(&self, kind: ChangeKind) -> usize {
        self.changes.iter().filter(|change| change.kind == kind).count()
    }
}

impl IndexEditor {
    /// The changes that [`IndexEditor::update`] would make, computed without writing or embedding.
    ///
    /// # Errors
    ///
    /// As [`IndexEditor::update`], except those of embedding and writing.
    pub fn plan(&self, request: &IndexRequest) -> Result<PlannedChanges, EngineError> {
        let (embedder, records) = self.model_and_sources(request)?;
        let options = request.reading.resolve(&*embedder);
        let mut plan = self.compare(request, &options, &records, Trust::Recorded)?;
        plan.preview(&options)?;
        Ok(self.describe(plan))
    }

    fn describe(&self, plan: Plan) -> PlannedChanges {
        let mut left_out = LeftOut::default();
        for file in plan.skipped {
            left_out.add_file(file);
        }
        let read = plan.read.iter().map(|planned| PlannedChange {
            kind: match planned.change {
                Change::Added => ChangeKind::Add,
                Change::Changed => ChangeKind::Change,
            },
            source: planned.found.source.name(),
        });
        let names = self.names();
        let removed = plan
            .removed
            .iter()
            .map(|path| PlannedChange { kind: ChangeKind::Remove, source: names.shown(path) });
        let changes = read.chain(removed).collect();
        PlannedChanges { changes, unchanged: plan.unchanged, older_cuts: plan.older_cuts, left_out }
    }
}

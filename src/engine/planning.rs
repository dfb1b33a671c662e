//! What a run of indexing would do.

use super::{EngineError, IndexEditor, IndexRequest};
use crate::indexing::{Change, LeftOut, Plan, Trust};

/// What would become of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It would be added.
    Add,
    /// Its new version would replace the indexed one.
    Change,
    /// It would be removed.
    Remove,
}

/// What would become of one source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChange {
    /// What.
    pub kind: ChangeKind,
    /// The source, as seen from the working directory.
    pub source: String,
}

/// What a run would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedChanges {
    /// In the order in which they would be made.
    pub changes: Vec<PlannedChange>,
    /// The number of sources that are as the index has them.
    pub unchanged: u64,
    /// Sources that would be read again because their passages were cut by older rules.
    pub older_cuts: u64,
    /// What would not be read.
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
    /// What [`IndexEditor::update`] would do, computed without writing or embedding.
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

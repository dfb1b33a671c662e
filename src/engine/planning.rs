//! A dry run of indexing.

use super::{EngineError, IndexEditor, IndexRequest};
use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::corpus::Passage;
use crate::index::TextHash;
use crate::indexing::{Change, LeftOut, Plan, Trust, Volume};

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
    /// What would be embedded.
    pub volume: Volume,
    /// The name of the model.
    pub model: String,
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
        let (embedder, reader) = self.model_and_reader(request)?;
        let options = request.reading.resolve(&*embedder);
        let records = reader.as_ref().map_or(Ok(Vec::new()), |reader| reader.sources())?;
        let mut plan = self.compare(request, &options, &records, Trust::Recorded)?;
        let mut is_known = |hash| reader.as_ref().map_or(Ok(false), |reader| reader.has_vector_of(hash));
        let volume = plan.preview(&*embedder, &options, &mut is_known)?;
        Ok(self.describe(plan, volume, embedder.description().name.clone()))
    }

    /// The model of a [rebuild](IndexEditor::rebuild), and what it would embed: the texts of the index, in which sources
    /// that the request names count as they were.
    ///
    /// # Errors
    ///
    /// As [`IndexEditor::rebuild`], except those of embedding and writing.
    pub fn volume_of_rebuild(&self, request: &IndexRequest) -> Result<(String, Volume), EngineError> {
        let (embedder, older) = self.model_and_texts(request)?;
        let mut volume = Volume::default();
        let mut seen = HashSet::new();
        older.for_each_document(None, &mut |_, document| {
            for text in document.passages.iter().map(Passage::contextual_text) {
                if seen.insert(TextHash::of(&text)) {
                    volume.texts += 1;
                    volume.tokens += embedder.document_tokens(&text) as u64;
                }
            }
            ControlFlow::Continue(())
        })?;
        Ok((embedder.description().name.clone(), volume))
    }

    fn describe(&self, plan: Plan, volume: Volume, model: String) -> PlannedChanges {
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
        PlannedChanges {
            changes,
            unchanged: plan.unchanged,
            older_cuts: plan.older_cuts,
            left_out,
            volume,
            model,
        }
    }
}

//! A preview of a plan: sources are read but not embedded.

use super::batches::expect_documents;
use super::plan::{Plan, PlannedSource};
use super::scope::Change;
use crate::corpus::{CorpusError, ReadOptions, SkipReason};

impl Plan {
    /// Reads the planned sources and moves those without documents to the skipped ones, and to the removed ones if the
    /// index has them. Streams are not read: they can be read only once.
    ///
    /// # Errors
    ///
    /// A [`CorpusError`] where a source that the user named cannot be read.
    pub fn preview(&mut self, options: &ReadOptions) -> Result<(), CorpusError> {
        for planned in std::mem::take(&mut self.read) {
            let Err(error) = try_reading(&planned, options) else {
                self.read.push(planned);
                continue;
            };
            let skipped = planned.found.skip(error)?;
            let is_unreadable = matches!(skipped.reason, SkipReason::Unreadable(_));
            if planned.change == Change::Changed && !is_unreadable {
                self.removed.push(planned.recorded_path().clone());
            }
            self.skipped.push(skipped);
        }
        Ok(())
    }
}

fn try_reading(planned: &PlannedSource, options: &ReadOptions) -> Result<(), CorpusError> {
    if planned.bytes.is_none() {
        return Ok(());
    }
    // The size of passages does not affect whether there are any.
    let no_tokens = |_: &str| 0;
    let mut reader = planned.found.read(options, &no_tokens)?;
    reader.by_ref().try_for_each(|document| document.map(drop))?;
    expect_documents(&reader.finish()?, planned.found.source.description())
}

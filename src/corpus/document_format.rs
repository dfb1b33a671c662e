//! The interface of readers of a format.

use super::document::Document;
use super::error::CorpusError;
use super::statistics::ReadStatistics;
use super::stream::TextStream;

/// A way to divide a stream into documents.
pub(super) trait DocumentFormat {
    /// The fields that were joined to texts because no field is named as text.
    fn joined_fields(&self) -> Option<&[String]> {
        None
    }

    /// The next document; `None` at the end.
    fn next_document(
        &mut self,
        stream: &mut TextStream,
        statistics: &mut ReadStatistics,
    ) -> Result<Option<Document>, CorpusError>;
}

//! An index as the receiver of embedded documents.

use super::batches::{DocumentSink, EmbeddedDocuments};
use super::indexer::{Indexer, IndexingError};
use crate::corpus::Document;
use crate::index::{self, IndexWriter, NewSource, SourceId, TextHash};

/// Writes the documents of one source, which stays pending.
pub(super) struct IndexSink<'a, 'model> {
    pub(super) indexer: &'a mut Indexer<'model>,
    pub(super) source: &'a NewSource,
    /// The source begins with its first documents, so that a source without documents leaves no trace.
    pub(super) begun: Option<SourceId>,
}

impl IndexSink<'_, '_> {
    /// The id of the source, which begins if necessary.
    pub(super) fn begin(&mut self) -> Result<SourceId, index::Error> {
        match self.begun {
            Some(source) => Ok(source),
            None => Ok(*self.begun.insert(self.indexer.writer()?.begin_source(self.source)?)),
        }
    }
}

impl DocumentSink for IndexSink<'_, '_> {
    type Error = IndexingError;

    fn wants(&mut self, _document: &Document) -> bool {
        true
    }

    fn known_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, IndexingError> {
        Ok(self.indexer.writer()?.find_vectors(hashes)?)
    }

    fn take(&mut self, embedded: EmbeddedDocuments) -> Result<(), IndexingError> {
        let source = self.begin()?;
        write_documents(self.indexer.writer()?, source, &embedded)?;
        Ok(self.indexer.commit_if_due()?)
    }
}

fn write_documents(
    writer: &mut dyn IndexWriter,
    source: SourceId,
    embedded: &EmbeddedDocuments,
) -> Result<(), index::Error> {
    let mut vectors = embedded.vectors.as_slice();
    let mut hashes = embedded.hashes.as_slice();
    let width = embedded.vectors.dimension().get();
    for document in &embedded.documents {
        let (document_hashes, other_hashes) = hashes.split_at(document.passages.len());
        let (document_vectors, other_vectors) = vectors.split_at(document.passages.len() * width);
        writer.add_document(source, document, document_hashes, document_vectors)?;
        (vectors, hashes) = (other_vectors, other_hashes);
    }
    Ok(())
}

//! An index as the place where embedded documents go.

use super::{DocumentSink, EmbeddedDocuments, Indexer, IndexingError};
use crate::corpus::{Document, Passage};
use crate::index::{self, NewDocument, NewPassage, NewSource, SourceId, Span, TextHash, Writer};

/// Writes the documents of one source, which stays pending.
pub(super) struct IndexSink<'a, 'model> {
    pub(super) indexer: &'a mut Indexer<'model>,
    pub(super) source: &'a NewSource,
    /// Begun with the first documents, so that a source without any leaves no trace.
    pub(super) begun: Option<SourceId>,
}

impl DocumentSink for IndexSink<'_, '_> {
    type Error = IndexingError;

    fn wants(&self, _document: &Document) -> bool {
        true
    }

    fn known_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, IndexingError> {
        Ok(self.indexer.writer()?.find_vectors(hashes)?)
    }

    fn take(&mut self, embedded: EmbeddedDocuments) -> Result<(), IndexingError> {
        let writer = self.indexer.writer()?;
        let source = match self.begun {
            Some(source) => source,
            None => *self.begun.insert(writer.begin_source(self.source)?),
        };
        write_documents(writer, source, &embedded)?;
        Ok(self.indexer.commit_if_due()?)
    }
}

fn write_documents(
    writer: &mut Writer,
    source: SourceId,
    embedded: &EmbeddedDocuments,
) -> Result<(), index::Error> {
    let mut vectors = embedded.vectors.as_slice();
    let mut hashes = embedded.hashes.as_slice();
    let width = embedded.vectors.dimension().get();
    for Document { key, line, metadata, passages } in &embedded.documents {
        let metadata = metadata.clone().map(serde_json::Value::Object);
        let new = NewDocument { key, line: *line, metadata: metadata.as_ref() };
        let document = writer.add_document(source, &new)?;
        let (own_hashes, other_hashes) = hashes.split_at(passages.len());
        let new: Vec<NewPassage<'_>> = (0..)
            .zip(passages.iter().zip(own_hashes))
            .map(|(ordinal, (passage, &hash))| NewPassage {
                document,
                ordinal,
                span: span(passage),
                text: &passage.text,
                hash,
            })
            .collect();
        let (own, rest) = vectors.split_at(new.len() * width);
        writer.add_passages(&new, own)?;
        (vectors, hashes) = (rest, other_hashes);
    }
    Ok(())
}

fn span(passage: &Passage) -> Span {
    let (line, end_line) = passage.lines.unzip();
    let (start_byte, end_byte) = passage.bytes.unzip();
    Span { line, end_line, start_byte, end_byte }
}

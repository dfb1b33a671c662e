//! Puts embedded documents into an index.

use std::path::{Path, PathBuf};

use super::{EmbeddedDocuments, Progress, Step, Totals, embed_source};
use crate::corpus::{CorpusError, Document, Passage, Source};
use crate::index::{
    self, NewDocument, NewPassage, NewSource, PassageRecord, Precision, Reader, Settings, SourceId,
    SourceRecord, SourceVersion, Span, StoredPath, TextHash, Writer,
};
use crate::model::{Model, ModelError};
use crate::vectors::RowId;

/// Passages that are carried over from an older index at a time.
const CARRIED_PASSAGES: usize = 1024;

/// Why a source could not be indexed.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum IndexingError {
    /// The source cannot be read.
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    Model(#[from] ModelError),
    /// The index cannot be written.
    Index(#[from] index::Error),
}

/// Embeds sources with one model into one index.
#[derive(Debug)]
pub struct Indexer<'a> {
    model: &'a Model,
    target: Target,
}

#[derive(Debug)]
enum Target {
    /// Made when the first documents are embedded: a source that cannot be read leaves no empty index behind.
    Missing(PathBuf),
    Open(Box<Writer>),
}

impl<'a> Indexer<'a> {
    /// Adds to `writer`, an index of vectors of `model`.
    #[must_use]
    pub fn new(model: &'a Model, writer: Writer) -> Self {
        Self { model, target: Target::Open(Box::new(writer)) }
    }

    /// Makes an index of vectors of `model` at `folder`, once there is something to put into it.
    #[must_use]
    pub fn create(model: &'a Model, folder: &Path) -> Self {
        Self { model, target: Target::Missing(folder.to_owned()) }
    }

    /// Puts a new index in place of the one at `folder` when it is [closed](Self::close); until then, and if that
    /// never happens, the old one stays.
    ///
    /// # Errors
    ///
    /// An [`index::Error`] where the index is in use or cannot be written.
    pub fn rebuild(model: &'a Model, folder: &Path) -> Result<Self, index::Error> {
        Ok(Self::new(model, Writer::rebuild(folder, &index_settings(model))?))
    }

    /// Reads and embeds `source`, in place of what the index had of it.
    ///
    /// # Errors
    ///
    /// An [`IndexingError`]; what the index had of the source is then still there.
    pub fn add(
        &mut self,
        source: &Source,
        path: &StoredPath,
        progress: &mut dyn Progress,
    ) -> Result<Totals, IndexingError> {
        let facts = source.facts()?;
        let new = NewSource {
            path: path.clone(),
            rule: serde_json::json!({ "format": "lines" }),
            version: SourceVersion {
                size: facts.size,
                modified_ns: facts.modified_nanoseconds,
                content: None,
            },
        };
        let model = self.model;
        let mut begun = None;
        let totals = embed_source::<IndexingError>(model, source, progress, |embedded| {
            let writer = self.writer()?;
            let id = match begun {
                Some(id) => id,
                None => *begun.insert(writer.begin_source(&new)?),
            };
            Ok(write_documents(writer, id, &embedded)?)
        })?;
        let id = begun.expect("a source without documents is an error");
        let writer = self.writer()?;
        writer.finish_source(id)?;
        // A fault in a later source must not cost this one.
        writer.commit()?;
        Ok(totals)
    }

    /// Embeds anew the texts of one source of an older index, without reading the source.
    ///
    /// # Errors
    ///
    /// An [`IndexingError`] where the older index is damaged or this one cannot be written.
    pub fn carry_over(
        &mut self,
        older: &Reader,
        source: &SourceRecord,
        progress: &mut dyn Progress,
    ) -> Result<Totals, IndexingError> {
        progress.begin(source.path.as_str());
        let model = self.model;
        let writer = self.writer()?;
        let SourceRecord { path, rule, version, .. } = source.clone();
        let id = writer.begin_source(&NewSource { path, rule, version })?;
        let rows: Vec<RowId> = older.rows_of_source(&source.path)?.into_iter().map(RowId).collect();
        let mut totals = Totals::default();
        let mut open_document = None;
        for rows in rows.chunks(CARRIED_PASSAGES) {
            let passages = older.passages(rows)?;
            let texts: Vec<&str> = passages.iter().map(|passage| passage.text.as_str()).collect();
            let embedded = model.embed_documents(&texts)?;
            totals.passages += passages.len() as u64;
            totals.tokens += embedded.tokens as u64;
            totals.truncated += embedded.truncated as u64;
            for (passage, vector) in passages.iter().zip(embedded.vectors.rows()) {
                let document = match &open_document {
                    Some((key, document)) if *key == passage.document => *document,
                    _ => {
                        totals.documents += 1;
                        let document = writer.add_document(id, &carried_document(passage))?;
                        open_document = Some((passage.document.clone(), document));
                        document
                    }
                };
                let PassageRecord { ordinal, span, text, .. } = passage;
                let hash = TextHash::of(text);
                writer.add_passages(
                    &[NewPassage { document, ordinal: *ordinal, span: *span, text, hash }],
                    vector,
                )?;
            }
            progress.advance(Step { bytes: texts.iter().map(|text| text.len() as u64).sum(), totals });
        }
        writer.finish_source(id)?;
        Ok(totals)
    }

    /// Makes what was added permanent.
    ///
    /// # Errors
    ///
    /// An [`index::Error`] where the index cannot be written; what was committed before stays.
    pub fn close(self) -> Result<(), index::Error> {
        match self.target {
            Target::Missing(_) => Ok(()),
            Target::Open(writer) => writer.close(),
        }
    }

    fn writer(&mut self) -> Result<&mut Writer, index::Error> {
        if let Target::Missing(folder) = &self.target {
            self.target = Target::Open(Box::new(Writer::create(folder, &index_settings(self.model))?));
        }
        match &mut self.target {
            Target::Open(writer) => Ok(writer),
            Target::Missing(_) => unreachable!("a missing index was just created"),
        }
    }
}

/// The settings of an index of vectors of `model`.
#[must_use]
pub fn index_settings(model: &Model) -> Settings {
    let embedding = model.settings();
    Settings {
        model: model.name().to_owned(),
        fingerprint: model.fingerprint().as_hex().to_owned(),
        dimension: model.dimension(),
        pooling: embedding.pooling.name().to_owned(),
        query_prefix: embedding.query_prefix.clone(),
        document_prefix: embedding.document_prefix.clone(),
        max_tokens: u32::try_from(model.max_tokens()).expect("a model's positions were checked"),
        precision: Precision::Float32,
    }
}

fn write_documents(
    writer: &mut Writer,
    source: SourceId,
    embedded: &EmbeddedDocuments,
) -> Result<(), index::Error> {
    let mut vectors = embedded.vectors.as_slice();
    let width = embedded.vectors.dimension().get();
    for Document { key, line, metadata, passages } in &embedded.documents {
        let metadata = metadata.clone().map(serde_json::Value::Object);
        let new = NewDocument { key, line: *line, metadata: metadata.as_ref() };
        let document = writer.add_document(source, &new)?;
        let new: Vec<NewPassage<'_>> = (0..)
            .zip(passages)
            .map(|(ordinal, passage)| NewPassage {
                document,
                ordinal,
                span: span(passage),
                text: &passage.text,
                hash: TextHash::of(&passage.text),
            })
            .collect();
        let (own, rest) = vectors.split_at(new.len() * width);
        writer.add_passages(&new, own)?;
        vectors = rest;
    }
    Ok(())
}

fn span(passage: &Passage) -> Span {
    let (line, end_line) = passage.lines.unzip();
    let (start_byte, end_byte) = passage.bytes.unzip();
    Span { line, end_line, start_byte, end_byte }
}

fn carried_document(passage: &PassageRecord) -> NewDocument<'_> {
    NewDocument { key: &passage.document, line: passage.document_line, metadata: passage.metadata.as_ref() }
}

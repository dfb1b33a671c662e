//! The passages, documents and texts of rows.

use std::collections::HashMap;
use std::ops::ControlFlow;

use roaring::RoaringBitmap;
use rusqlite::Row;
use serde_json::{Map, Value};

use super::error::{Damage, Error};
use super::generation::VectorNumber;
use super::path::StoredPath;
use super::reader::Reader;
use super::record_checksums::{DOCUMENTS, PASSAGES, SOURCES, require_whole};
use super::records::DocumentId;
use crate::corpus::{Document, LocatedPassage, Passage, PassagePlace, passage_key};
use crate::vectors::RowId;

/// A passage with what its document and its source say of it.
struct StoredPassage {
    source: StoredPath,
    document: String,
    metadata: Option<String>,
    document_id: DocumentId,
    ordinal: usize,
    passage: Passage,
}

impl StoredPassage {
    /// The key of the passage within its source.
    fn key(&self, lines: &mut LinesOfDocument, reader: &Reader) -> Result<String, Error> {
        let earlier_on_line = if self.ordinal == 0 { 0 } else { lines.earlier(self, reader)? };
        let line = self.passage.lines.map(|(line, _)| line);
        Ok(passage_key(&self.document, PassagePlace { index: self.ordinal, line, earlier_on_line }))
    }
}

/// For each passage of one document, how many earlier ones begin on its line. Read once for all its passages.
#[derive(Default)]
struct LinesOfDocument {
    document: Option<DocumentId>,
    earlier: HashMap<usize, usize>,
}

impl LinesOfDocument {
    fn earlier(&mut self, passage: &StoredPassage, reader: &Reader) -> Result<usize, Error> {
        if self.document != Some(passage.document_id) {
            self.earlier.clear();
            let mut on_line: HashMap<Option<u64>, usize> = HashMap::new();
            let query = "SELECT ordinal, line FROM passages WHERE document = ?1 ORDER BY ordinal";
            reader.catalog.for_each(query, [passage.document_id.0], |fields| {
                let count = on_line.entry(fields.get(1)?).or_default();
                self.earlier.insert(fields.get(0)?, *count);
                *count += 1;
                Ok(())
            })?;
            self.document = Some(passage.document_id);
        }
        Ok(self.earlier.get(&passage.ordinal).copied().unwrap_or_default())
    }
}

impl Reader {
    /// The passages of `rows`, in the order of `rows`. `show` turns a stored source into the form that the user
    /// is to see.
    ///
    /// # Errors
    ///
    /// [`Error::DeadRow`] for a row that is not live, [`Error::Corrupt`] for a live row without a passage or with
    /// metadata that is not a JSON object, and [`Error::Sql`].
    pub fn passages(
        &self,
        rows: &[RowId],
        show: &dyn Fn(&StoredPath) -> String,
    ) -> Result<Vec<LocatedPassage>, Error> {
        let mut lines = LinesOfDocument::default();
        let located = |&row| {
            let stored = self.stored_passage(row)?;
            let key = stored.key(&mut lines, self)?;
            let StoredPassage { source, document, metadata, passage, .. } = stored;
            let metadata = self.parse_metadata(metadata)?;
            Ok(LocatedPassage { source: show(&source), document, key, passage, metadata })
        };
        rows.iter().map(located).collect()
    }

    /// Passes the documents of `rows`, which are live, to `take`, in the order of their rows, until it breaks: the source, the
    /// document with its passages among `rows`, and the row of each passage.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::passages`].
    pub(super) fn documents_of_rows(
        &self,
        rows: &RoaringBitmap,
        mut take: impl FnMut(&StoredPath, Document, &[RowId]) -> ControlFlow<()>,
    ) -> Result<(), Error> {
        let mut open: Option<(DocumentId, StoredPath, Document)> = None;
        let mut rows_of_open = Vec::new();
        for row in rows.iter().map(RowId) {
            let (id, passage) = self.passage_in_document(row)?;
            match &mut open {
                Some((open, _, document)) if *open == id => document.passages.push(passage),
                _ => {
                    if let Some((_, source, document)) = open.take() {
                        if take(&source, document, &rows_of_open).is_break() {
                            return Ok(());
                        }
                        rows_of_open.clear();
                    }
                    let (source, document) = self.document(id, passage)?;
                    open = Some((id, source, document));
                }
            }
            rows_of_open.push(row);
        }
        if let Some((_, source, document)) = open {
            let _at_the_end = take(&source, document, &rows_of_open);
        }
        Ok(())
    }

    /// Passes the text of every live row to `take`, in no stated order: a single pass, where [`Reader::passages`]
    /// looks every row up.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn for_each_text(&self, mut take: impl FnMut(RowId, &str)) -> Result<(), Error> {
        let query = format!("SELECT vector, text, {} FROM passages", self.catalog.is_whole(PASSAGES));
        self.catalog.for_each(&query, [], |fields| {
            require_whole(fields, 2, PASSAGES)?;
            let row = self.generation.row_of(VectorNumber(fields.get(0)?));
            if let Some(row) = row.filter(|row| self.live().contains(row.0)) {
                take(row, fields.get_ref(1)?.as_str()?);
            }
            Ok(())
        })
    }

    /// The text of a live row, with its context before it.
    ///
    /// # Errors
    ///
    /// Those of [`Reader::passages`].
    pub fn contextual_text(&self, row: RowId) -> Result<String, Error> {
        let (_, passage) = self.passage_in_document(row)?;
        Ok(passage.contextual_text().into_owned())
    }

    /// The key of the passage of a live row within its source.
    pub(super) fn passage_key(&self, row: RowId) -> Result<String, Error> {
        self.stored_passage(row)?.key(&mut LinesOfDocument::default(), self)
    }

    fn stored_passage(&self, row: RowId) -> Result<StoredPassage, Error> {
        let context = self.catalog.columns_since(3, "passages.context");
        let query = format!(
            "SELECT passages.text, passages.line, passages.end_line, passages.start_byte, passages.end_byte,
                    {context}, sources.path, documents.key, documents.metadata, passages.ordinal, documents.id,
                    {}, {}, {}
             FROM passages JOIN documents ON documents.id = passages.document
                           JOIN sources ON sources.id = documents.source
             WHERE passages.vector = ?1 AND sources.state = 'visible'",
            self.catalog.is_whole(PASSAGES),
            self.catalog.is_whole(DOCUMENTS),
            self.catalog.is_whole(SOURCES),
        );
        let found = self.catalog.find(&query, [self.live_vector(row)?.0], |fields| {
            for (column, table) in (11..).zip([PASSAGES, DOCUMENTS, SOURCES]) {
                require_whole(fields, column, table)?;
            }
            Ok(StoredPassage {
                passage: read_passage(fields)?,
                source: StoredPath::from_catalog(fields.get(6)?),
                document: fields.get(7)?,
                metadata: fields.get(8)?,
                ordinal: fields.get(9)?,
                document_id: DocumentId(fields.get(10)?),
            })
        })?;
        found.ok_or_else(|| self.missing_passage())
    }

    /// The passage of a live row, and the document that it is a part of.
    fn passage_in_document(&self, row: RowId) -> Result<(DocumentId, Passage), Error> {
        let context = self.catalog.columns_since(3, "context");
        let query = format!(
            "SELECT text, line, end_line, start_byte, end_byte, {context}, document, {}
             FROM passages WHERE vector = ?1",
            self.catalog.is_whole(PASSAGES)
        );
        let found = self.catalog.find(&query, [self.live_vector(row)?.0], |fields| {
            require_whole(fields, 7, PASSAGES)?;
            Ok((DocumentId(fields.get(6)?), read_passage(fields)?))
        })?;
        found.ok_or_else(|| self.missing_passage())
    }

    /// A visible document, with `first` as its only passage, and its source.
    fn document(&self, id: DocumentId, first: Passage) -> Result<(StoredPath, Document), Error> {
        let query = format!(
            "SELECT sources.path, documents.key, documents.line, documents.metadata, {}, {}
             FROM documents JOIN sources ON sources.id = documents.source
             WHERE documents.id = ?1 AND sources.state = 'visible'",
            self.catalog.is_whole(DOCUMENTS),
            self.catalog.is_whole(SOURCES),
        );
        let found = self.catalog.find(&query, [id.0], |fields| {
            require_whole(fields, 4, DOCUMENTS)?;
            require_whole(fields, 5, SOURCES)?;
            let source = StoredPath::from_catalog(fields.get(0)?);
            let (key, line) = (fields.get(1)?, fields.get(2)?);
            let document = Document { key, line, metadata: None, passages: vec![first] };
            Ok((source, document, fields.get(3)?))
        })?;
        let (source, document, metadata) = found.ok_or_else(|| self.missing_passage())?;
        Ok((source, Document { metadata: self.parse_metadata(metadata)?, ..document }))
    }

    fn live_vector(&self, row: RowId) -> Result<VectorNumber, Error> {
        let live = self.live().contains(row.0).then(|| self.generation.vector_of(row)).flatten();
        live.ok_or(Error::DeadRow { row })
    }

    fn missing_passage(&self) -> Error {
        Error::corrupt(self.catalog.path(), Damage::Field { field: "passage of a live row" })
    }

    fn parse_metadata(&self, text: Option<String>) -> Result<Option<Map<String, Value>>, Error> {
        let parse = |text: String| serde_json::from_str(&text);
        text.map(parse)
            .transpose()
            .map_err(|_| Error::corrupt(self.catalog.path(), Damage::Field { field: "metadata" }))
    }
}

/// The passage in the first six columns: text, lines, bytes and context.
fn read_passage(fields: &Row<'_>) -> rusqlite::Result<Passage> {
    let (line, end_line): (Option<u64>, Option<u64>) = (fields.get(1)?, fields.get(2)?);
    let (start_byte, end_byte): (Option<u64>, Option<u64>) = (fields.get(3)?, fields.get(4)?);
    Ok(Passage {
        text: fields.get(0)?,
        context: fields.get(5)?,
        lines: line.zip(end_line),
        bytes: start_byte.zip(end_byte),
    })
}

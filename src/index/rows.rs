//! The rows of a source, a document, an id or a filter.

use roaring::RoaringBitmap;

use super::error::Error;
use super::generation::VectorNumber;
use super::path::StoredPath;
use super::reader::Reader;
use super::records::DocumentId;
use crate::filter::{Filters, Subject};
use crate::vectors::RowId;

impl Reader {
    /// The live rows of one source; none where the source is not in the index.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn rows_of_source(&self, path: &StoredPath) -> Result<RoaringBitmap, Error> {
        let Some(source) = self.catalog.visible_source(path)? else { return Ok(RoaringBitmap::new()) };
        Ok(self.generation.rows_of(&self.catalog.vectors_of(source)?))
    }

    /// The live rows of one document of one source, in the order of its passages; none where there is no such
    /// document.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub(super) fn rows_of_document(&self, path: &StoredPath, key: &str) -> Result<Vec<RowId>, Error> {
        let mut rows = Vec::new();
        self.catalog.for_each(
            "SELECT passages.vector
             FROM sources JOIN documents ON documents.source = sources.id
                          JOIN passages ON passages.document = documents.id
             WHERE sources.path = ?1 AND sources.state = 'visible' AND documents.key = ?2
             ORDER BY passages.ordinal",
            [path.as_str(), key],
            |row| {
                rows.extend(self.generation.row_of(VectorNumber(row.get(0)?)));
                Ok(())
            },
        )?;
        Ok(rows)
    }

    /// The live rows of the document of a source that has one document, in the order of its passages; none where the source
    /// has several, or is not in the index.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn rows_of_only_document(&self, path: &StoredPath) -> Result<Vec<RowId>, Error> {
        let mut keys = Vec::new();
        self.catalog.for_each(
            "SELECT documents.key FROM sources JOIN documents ON documents.source = sources.id
             WHERE sources.path = ?1 AND sources.state = 'visible' LIMIT 2",
            [path.as_str()],
            |row| {
                keys.push(row.get::<_, String>(0)?);
                Ok(())
            },
        )?;
        match keys.as_slice() {
            [only] => self.rows_of_document(path, only),
            _ => Ok(Vec::new()),
        }
    }

    /// The live rows of what `key` names in one source: all of a document, or a single further passage by its
    /// [own key](crate::corpus::Document::passage_key). None where there is neither.
    ///
    /// # Errors
    ///
    /// As [`Reader::passages`].
    pub fn rows_of_key(&self, path: &StoredPath, key: &str) -> Result<Vec<RowId>, Error> {
        let document = self.rows_of_document(path, key)?;
        if !document.is_empty() {
            return Ok(document);
        }
        let further = match self.numbered_passage(path, key)? {
            Some(row) => Some(row),
            None => self.passage_on_line(path, key)?,
        };
        Ok(further.into_iter().collect())
    }

    /// The row of the passage `document#n`: the key of a further passage without a line.
    fn numbered_passage(&self, path: &StoredPath, key: &str) -> Result<Option<RowId>, Error> {
        let Some((document, position)) = key.rsplit_once('#') else { return Ok(None) };
        let Some(index) = position.parse::<usize>().ok().and_then(|position| position.checked_sub(1)) else {
            return Ok(None);
        };
        let Some(&row) = self.rows_of_document(path, document)?.get(index) else { return Ok(None) };
        Ok((self.passage_key(row)? == key).then_some(row))
    }

    /// The row of the further passage `line`, or `line#n` for the n-th passage of its document on that line. If
    /// several documents have such a passage, the first document's.
    fn passage_on_line(&self, path: &StoredPath, key: &str) -> Result<Option<RowId>, Error> {
        let (line, position) = key.split_once('#').unwrap_or((key, "1"));
        let (Ok(line), Ok(position)) = (line.parse::<u64>(), position.parse::<usize>()) else {
            return Ok(None);
        };
        let vector = self.catalog.find(
            "SELECT passages.vector
             FROM sources JOIN documents ON documents.source = sources.id
                          JOIN passages ON passages.document = documents.id
             WHERE sources.path = ?1 AND sources.state = 'visible' AND passages.line = ?2 AND passages.ordinal > 0
               AND ?3 = 1 + (SELECT count(*) FROM passages AS earlier
                             WHERE earlier.document = passages.document AND earlier.ordinal < passages.ordinal
                               AND earlier.line = passages.line)
             ORDER BY passages.id LIMIT 1",
            (path.as_str(), line, position),
            |row| row.get(0).map(VectorNumber),
        )?;
        Ok(vector.and_then(|vector| self.generation.row_of(vector)))
    }

    /// The document of a live row; `None` where the row holds nothing visible.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn document_of(&self, row: RowId) -> Result<Option<DocumentId>, Error> {
        let Some(vector) = self.generation.vector_of(row) else { return Ok(None) };
        let query = "SELECT document FROM passages WHERE vector = ?1";
        self.catalog.find(query, [vector.0], |row| row.get(0).map(DocumentId))
    }

    /// All live rows of the documents that `rows` belong to.
    ///
    /// # Errors
    ///
    /// [`Error::DeadRow`] and [`Error::Sql`].
    pub fn whole_documents(&self, rows: &[RowId]) -> Result<RoaringBitmap, Error> {
        let mut all = RoaringBitmap::new();
        for &row in rows {
            let document = self.document_of(row)?.ok_or(Error::DeadRow { row })?;
            all |= self.generation.rows_of(&self.catalog.vectors_of_document(document)?);
        }
        Ok(all & self.live())
    }

    /// The live rows of documents that match all of `filters`. A filter on `source` sees what `show` makes of the
    /// stored source: the form that the user sees.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn rows_where(
        &self,
        filters: &Filters,
        show: &dyn Fn(&StoredPath) -> String,
    ) -> Result<RoaringBitmap, Error> {
        if filters.is_empty() {
            return Ok(self.live().clone());
        }
        let (of_source, of_document) = filters.split_by_source();
        let is_meant =
            |path: &StoredPath| of_source.matches(Subject { source: &show(path), id: "", metadata: None });
        let sources = if of_source.is_empty() { None } else { Some(self.catalog.sources_where(is_meant)?) };
        let vectors = self.catalog.vectors_where(&of_document, sources.as_deref())?;
        Ok(self.generation.rows_of(&vectors) & self.live())
    }

    /// The live rows of the sources for which `is_selected` holds.
    ///
    /// # Errors
    ///
    /// [`Error::Sql`].
    pub fn rows_of_sources(&self, is_selected: impl Fn(&StoredPath) -> bool) -> Result<RoaringBitmap, Error> {
        let sources = self.catalog.sources_where(is_selected)?;
        let vectors = self.catalog.vectors_where(&Filters::default(), Some(&sources))?;
        Ok(self.generation.rows_of(&vectors) & self.live())
    }
}

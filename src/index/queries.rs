//! Queries of the catalog that readers and writers share.

use roaring::RoaringBitmap;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Params, Row, params_from_iter};
use serde_json::Value;

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::generation::VectorNumber;
use super::path::StoredPath;
use super::record_checksums::{DOCUMENTS, PASSAGES, SOURCES, require_whole};
use super::records::{ContentHash, DocumentId, SourceId, SourceRecord, SourceVersion};
use super::rule::imported_rule;
use crate::filter::{Columns, Filters, SqlCondition, SqlParameter};

/// The columns that a filter can refer to.
const COLUMNS: Columns =
    Columns { source: "sources.path", id: "documents.key", metadata: "documents.metadata" };

impl ToSql for SqlParameter {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Integer(integer) => ValueRef::Integer(*integer),
            Self::Real(real) => ValueRef::Real(*real),
        }))
    }
}

impl Catalog {
    /// The visible sources, by path.
    pub(super) fn visible_sources(&self) -> Result<Vec<SourceRecord>, Error> {
        let query =
            format!("SELECT {} FROM sources WHERE state = 'visible' ORDER BY path", self.source_columns());
        let mut sources = Vec::new();
        self.for_each(&query, [], |row| {
            sources.push(read_source(row)?);
            Ok(())
        })?;
        sources
            .into_iter()
            .map(|(source, rule)| Ok(SourceRecord { rule: self.parse(&rule, "rule")?, ..source }))
            .collect()
    }

    /// The record of the visible source of a path.
    pub(super) fn visible_record(&self, path: &StoredPath) -> Result<Option<SourceRecord>, Error> {
        let columns = self.source_columns();
        let query = format!("SELECT {columns} FROM sources WHERE path = ?1 AND state = 'visible'");
        let found = self.find(&query, [path.as_str()], read_source)?;
        found
            .map(|(source, rule)| Ok(SourceRecord { rule: self.parse(&rule, "rule")?, ..source }))
            .transpose()
    }

    /// The columns that [`read_source`] reads.
    fn source_columns(&self) -> String {
        format!(
            "id, path, rule, size, modified_ns, content_hash, document_count, passage_count, {}, {}",
            self.columns_since(2, "changed_ns, inode"),
            self.is_whole(SOURCES)
        )
    }

    /// The numbers of the visible sources whose path `is_meant` accepts.
    pub(super) fn sources_where(
        &self,
        is_meant: impl Fn(&StoredPath) -> bool,
    ) -> Result<Vec<SourceId>, Error> {
        let mut sources = Vec::new();
        let query =
            format!("SELECT id, path, {} FROM sources WHERE state = 'visible'", self.is_whole(SOURCES));
        self.for_each(&query, [], |row| {
            require_whole(row, 2, SOURCES)?;
            if is_meant(&StoredPath::from_catalog(row.get(1)?)) {
                sources.push(SourceId(row.get(0)?));
            }
            Ok(())
        })?;
        Ok(sources)
    }

    /// The number of the visible source of a path.
    pub(super) fn visible_source(&self, path: &StoredPath) -> Result<Option<SourceId>, Error> {
        let query = "SELECT id FROM sources WHERE path = ?1 AND state = 'visible'";
        self.find(query, [path.as_str()], |row| row.get(0).map(SourceId))
    }

    /// The newest source, whatever its state.
    pub(super) fn last_source(&self) -> Result<SourceId, Error> {
        self.one("SELECT coalesce(max(id), 0) FROM sources", [], |row| row.get(0).map(SourceId))
    }

    /// The vectors of a source, whatever its state.
    pub(super) fn vectors_of(&self, source: SourceId) -> Result<RoaringBitmap, Error> {
        self.vectors(
            "SELECT passages.vector FROM documents JOIN passages ON passages.document = documents.id
             WHERE documents.source = ?1",
            [source.0],
        )
    }

    /// The vectors of a document.
    pub(super) fn vectors_of_document(&self, document: DocumentId) -> Result<RoaringBitmap, Error> {
        self.vectors("SELECT vector FROM passages WHERE document = ?1", [document.0])
    }

    /// The vectors of the passages of visible sources.
    pub(super) fn visible_vectors(&self) -> Result<RoaringBitmap, Error> {
        self.vectors(
            "SELECT passages.vector
             FROM sources JOIN documents ON documents.source = sources.id
                          JOIN passages ON passages.document = documents.id
             WHERE sources.state = 'visible'",
            [],
        )
    }

    /// The vectors of all passages, whatever the state of their source.
    pub(super) fn all_vectors(&self) -> Result<RoaringBitmap, Error> {
        self.vectors("SELECT vector FROM passages", [])
    }

    /// The vectors of visible documents that match `filters`; only documents of `sources`, where they are given.
    pub(super) fn vectors_where(
        &self,
        filters: &Filters,
        sources: Option<&[SourceId]>,
    ) -> Result<RoaringBitmap, Error> {
        let SqlCondition { text, parameters } = filters.to_sql(&COLUMNS);
        // A damaged document might match or not, so it is selected and then refused.
        let whole = format!("({} AND {})", self.is_whole(DOCUMENTS), self.is_whole(SOURCES));
        let query = format!(
            "SELECT passages.vector, {whole}
             FROM sources JOIN documents ON documents.source = sources.id
                          JOIN passages ON passages.document = documents.id
             WHERE sources.state = 'visible' AND {} AND ({text} OR NOT {whole})",
            if sources.is_some() { "sources.id IN (SELECT value FROM json_each(?))" } else { "1" }
        );
        let ids = sources.map(|sources| {
            let ids: Vec<i64> = sources.iter().map(|source| source.0).collect();
            SqlParameter::Text(Value::from(ids).to_string())
        });
        let mut vectors = RoaringBitmap::new();
        self.for_each(&query, params_from_iter(ids.into_iter().chain(parameters)), |row| {
            require_whole(row, 1, DOCUMENTS)?;
            vectors.insert(row.get(0)?);
            Ok(())
        })?;
        Ok(vectors)
    }

    fn vectors(&self, query: &str, parameters: impl Params) -> Result<RoaringBitmap, Error> {
        let mut vectors = RoaringBitmap::new();
        self.for_each(query, parameters, |row| {
            vectors.insert(row.get(0)?);
            Ok(())
        })?;
        Ok(vectors)
    }

    /// The vector of some passage that was not imported and whose text has `hash`.
    pub(super) fn vector_with_hash(&self, hash: &[u8; 16]) -> Result<Option<VectorNumber>, Error> {
        // CROSS JOIN keeps this order: by the hash first.
        let query = format!(
            "SELECT passages.vector, {}
             FROM passages CROSS JOIN documents ON documents.id = passages.document
                           CROSS JOIN sources ON sources.id = documents.source
             WHERE passages.text_hash = ?1 AND sources.rule <> ?2 LIMIT 1",
            self.is_whole(PASSAGES)
        );
        self.find(&query, (hash, imported_rule().to_string()), |row| {
            require_whole(row, 1, PASSAGES)?;
            row.get(0).map(VectorNumber)
        })
    }

    /// The JSON value that was stored as `text`.
    pub(super) fn parse(&self, text: &str, field: &'static str) -> Result<Value, Error> {
        serde_json::from_str(text).map_err(|_| Error::corrupt(self.path(), Damage::Field { field }))
    }
}

/// A source without its rule, and the text of the rule.
fn read_source(row: &Row<'_>) -> rusqlite::Result<(SourceRecord, String)> {
    require_whole(row, 10, SOURCES)?;
    let version = SourceVersion {
        size: row.get(3)?,
        modified_ns: row.get(4)?,
        changed_ns: row.get(8)?,
        inode: row.get::<_, Option<i64>>(9)?.map(i64::cast_unsigned),
        content: row.get::<_, Option<[u8; 32]>>(5)?.map(ContentHash),
    };
    let source = SourceRecord {
        id: SourceId(row.get(0)?),
        path: StoredPath::from_catalog(row.get(1)?),
        rule: Value::Null,
        version,
        documents: row.get(6)?,
        passages: row.get(7)?,
    };
    Ok((source, row.get(2)?))
}

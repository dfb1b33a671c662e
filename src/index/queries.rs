//! What readers and writers both ask of the catalog.

use roaring::RoaringBitmap;
use rusqlite::types::{FromSql, ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Params, Row, params_from_iter};
use serde_json::Value;

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::generation::VectorNumber;
use super::header::{Encoding, Header};
use super::path::StoredPath;
use super::records::{ContentHash, DocumentId, SourceId, SourceRecord, SourceVersion};
use super::settings::{IndexId, Precision, Settings};
use crate::embedding::{Identity, ModelDescription};
use crate::filter::{Columns, Filters, SqlCondition, SqlParameter};
use crate::vectors::Dimension;

const INDEX_ID: &str = "index_id";

/// What encoders computed with before catalogs said it.
const OLDEST_PRECISION: &str = "f32";

/// Where the tables keep what a filter can ask for.
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
    /// The value of a setting that every catalog has.
    pub(super) fn setting<T: FromSql>(&self, name: &'static str) -> Result<T, Error> {
        self.optional_setting(name)?.ok_or_else(|| self.invalid_setting(name))
    }

    fn optional_setting<T: FromSql>(&self, name: &'static str) -> Result<Option<T>, Error> {
        let query = "SELECT value FROM settings WHERE name = ?1";
        match self.find(query, [name], |row| Ok(row.get(0).ok()))? {
            Some(None) => Err(self.invalid_setting(name)),
            value => Ok(value.flatten()),
        }
    }

    pub(super) fn set(&self, name: &'static str, value: impl ToSql) -> Result<(), Error> {
        self.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?1, ?2)", (name, value)).map(drop)
    }

    fn invalid_setting(&self, name: &'static str) -> Error {
        Error::corrupt(self.path(), Damage::Setting { name })
    }

    pub(super) fn settings(&self) -> Result<Settings, Error> {
        let dimension = Dimension::new(self.setting("dimension")?);
        let precision = Precision::from_name(&self.setting::<String>("precision")?);
        let precision_of_texts: Option<String> = self.optional_setting("encoder_precision")?;
        let model = ModelDescription {
            name: self.setting("model")?,
            identity: Identity::parse(&self.setting::<String>("fingerprint")?),
            dimension: dimension.ok_or_else(|| self.invalid_setting("dimension"))?,
            kept_dimensions: self.optional_setting("kept_dimensions")?.and_then(Dimension::new),
            pooling: self.setting("pooling")?,
            query_prefix: self.setting("query_prefix")?,
            document_prefix: self.setting("document_prefix")?,
            max_tokens: self.setting("max_tokens")?,
            encoder_precision: precision_of_texts.unwrap_or_else(|| OLDEST_PRECISION.to_owned()),
        };
        Ok(Settings { model, precision: precision.ok_or_else(|| self.invalid_setting("precision"))? })
    }

    pub(super) fn set_settings(&self, settings: &Settings, index: IndexId) -> Result<(), Error> {
        self.set(INDEX_ID, index.to_string())?;
        let model = &settings.model;
        self.set("model", &model.name)?;
        self.set("fingerprint", model.identity.to_string())?;
        self.set("dimension", model.dimension.get())?;
        if let Some(kept) = model.kept_dimensions {
            self.set("kept_dimensions", kept.get())?;
        }
        self.set("pooling", &model.pooling)?;
        self.set("query_prefix", &model.query_prefix)?;
        self.set("document_prefix", &model.document_prefix)?;
        self.set("max_tokens", model.max_tokens)?;
        self.set("encoder_precision", &model.encoder_precision)?;
        self.set("precision", settings.precision.name())
    }

    pub(super) fn index_id(&self) -> Result<IndexId, Error> {
        IndexId::parse(&self.setting::<String>(INDEX_ID)?).ok_or_else(|| self.invalid_setting(INDEX_ID))
    }

    /// The header that the vector file of `generation` must have.
    pub(super) fn header(&self, settings: &Settings, generation: u64) -> Result<Header, Error> {
        Ok(Header {
            index: self.index_id()?,
            generation,
            dimension: settings.dimension(),
            encoding: Encoding::Float32,
        })
    }

    /// The visible sources, by path.
    pub(super) fn visible_sources(&self) -> Result<Vec<SourceRecord>, Error> {
        let mut sources = Vec::new();
        self.for_each(
            "SELECT id, path, rule, size, modified_ns, content_hash, document_count, passage_count
             FROM sources WHERE state = 'visible' ORDER BY path",
            [],
            |row| {
                sources.push(read_source(row)?);
                Ok(())
            },
        )?;
        sources
            .into_iter()
            .map(|(source, rule)| Ok(SourceRecord { rule: self.parse(&rule, "rule")?, ..source }))
            .collect()
    }

    /// What the catalog says of the visible source of a path.
    pub(super) fn visible_record(&self, path: &StoredPath) -> Result<Option<SourceRecord>, Error> {
        let query = "SELECT id, path, rule, size, modified_ns, content_hash, document_count, passage_count
                     FROM sources WHERE path = ?1 AND state = 'visible'";
        let found = self.find(query, [path.as_str()], read_source)?;
        found
            .map(|(source, rule)| Ok(SourceRecord { rule: self.parse(&rule, "rule")?, ..source }))
            .transpose()
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

    /// The vectors of all passages, whatever the state of their source.
    pub(super) fn all_vectors(&self) -> Result<RoaringBitmap, Error> {
        self.vectors("SELECT vector FROM passages", [])
    }

    /// The vectors of visible documents that `filters` hold for.
    pub(super) fn vectors_where(&self, filters: &Filters) -> Result<RoaringBitmap, Error> {
        let SqlCondition { text, parameters } = filters.to_sql(&COLUMNS);
        let query = format!(
            "SELECT passages.vector
             FROM sources JOIN documents ON documents.source = sources.id
                          JOIN passages ON passages.document = documents.id
             WHERE sources.state = 'visible' AND {text}"
        );
        self.vectors(&query, params_from_iter(parameters))
    }

    fn vectors(&self, query: &str, parameters: impl Params) -> Result<RoaringBitmap, Error> {
        let mut vectors = RoaringBitmap::new();
        self.for_each(query, parameters, |row| {
            vectors.insert(row.get(0)?);
            Ok(())
        })?;
        Ok(vectors)
    }

    /// The vector of some passage whose embedded text had `hash`.
    pub(super) fn vector_with_hash(&self, hash: &[u8; 16]) -> Result<Option<VectorNumber>, Error> {
        let query = "SELECT vector FROM passages WHERE text_hash = ?1 LIMIT 1";
        self.find(query, [hash], |row| row.get(0).map(VectorNumber))
    }

    /// The JSON value that was stored as `text`.
    pub(super) fn parse(&self, text: &str, field: &'static str) -> Result<Value, Error> {
        serde_json::from_str(text).map_err(|_| Error::corrupt(self.path(), Damage::Field { field }))
    }
}

/// A source without its rule, and the text of the rule.
fn read_source(row: &Row<'_>) -> rusqlite::Result<(SourceRecord, String)> {
    let version = SourceVersion {
        size: row.get(3)?,
        modified_ns: row.get(4)?,
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

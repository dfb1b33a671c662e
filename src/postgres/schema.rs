//! The tables of an index, and the versions of their form.
//!
//! - `passages.id` is the row of a vector: given once, never reused, in the order in which passages were added.
//! - A source is `pending` while it is read, `visible` once it is whole, `retired` when it is replaced or removed. At most one source
//!   of a path is visible. Its documents and passages share its state.
//! - `settings` holds one value for each name: the form of the tables, the model, and the next ids.
//! - `postings` and `word_lengths` hold the words of passages in the form of a folder's catalog: see `words.rs`. Other programs
//!   search `passages.text` with an index of their own.

use roaring::RoaringBitmap;

use super::connection::{Connection, quoted};
use crate::embedding::{Identity, ModelDescription};
use crate::index::{Damage, Error, IndexId, Settings};
use crate::vectors::Dimension;

/// The version of the tables that this program writes, and the newest that it reads.
pub(super) const VERSION: i64 = 1;

/// The tables of an index.
pub(super) const TABLES: [&str; 8] =
    ["settings", "sources", "documents", "passages", "postings", "word_segments", "word_lengths", "live"];

/// Creates the tables of version 1, for vectors of `dimension`.
fn tables(dimension: Dimension) -> String {
    format!(
        "CREATE TABLE settings (name text PRIMARY KEY, value text NOT NULL);
         CREATE TABLE sources (
             id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
             path           text NOT NULL,
             state          text NOT NULL CHECK (state IN ('pending', 'visible', 'retired')),
             rule           text NOT NULL,     -- JSON
             size           bigint,
             modified_ns    bigint,
             changed_ns     bigint,
             inode          bigint,
             content_hash   bytea,             -- SHA-256
             document_count bigint NOT NULL DEFAULT 0,
             passage_count  bigint NOT NULL DEFAULT 0
         );
         CREATE INDEX sources_by_path ON sources (path);
         CREATE UNIQUE INDEX visible_sources_by_path ON sources (path) WHERE state = 'visible';
         CREATE TABLE documents (
             id       bigint PRIMARY KEY,
             source   bigint NOT NULL REFERENCES sources (id),
             key      text NOT NULL,
             line     bigint,
             metadata jsonb,
             UNIQUE (source, key)
         );
         CREATE TABLE passages (
             id         bigint PRIMARY KEY,
             source     bigint NOT NULL,
             document   bigint NOT NULL REFERENCES documents (id),
             ordinal    integer NOT NULL,
             line       bigint,
             end_line   bigint,
             start_byte bigint,
             end_byte   bigint,
             text_hash  bytea NOT NULL,        -- first 16 bytes of a SHA-256
             context    text,
             text       text NOT NULL,
             vector     vector({dimension}) NOT NULL
         );
         -- A vector beside its row, not in a table of its own, is read without a look-up.
         ALTER TABLE passages ALTER COLUMN vector SET STORAGE PLAIN;
         CREATE INDEX passages_by_document ON passages (document, ordinal);
         CREATE INDEX passages_by_source ON passages (source);
         CREATE INDEX passages_by_text_hash ON passages (text_hash);
         CREATE TABLE postings (
             term     text COLLATE \"C\" NOT NULL,
             first    bigint NOT NULL,         -- the lowest passage that the segment can have
             postings bytea NOT NULL,
             PRIMARY KEY (term, first)
         );
         CREATE INDEX postings_by_first ON postings (first);
         CREATE TABLE word_segments (first bigint PRIMARY KEY, level integer NOT NULL, bytes bigint NOT NULL);
         CREATE TABLE word_lengths (chunk bigint PRIMARY KEY, lengths bytea NOT NULL);
         -- The passages of visible sources, as a bitmap in the portable Roaring format.
         CREATE TABLE live (passages bytea NOT NULL);",
        dimension = dimension.get()
    )
}

/// What a schema holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing that an index would get in the way of.
    Nothing,
    /// An index.
    Index,
}

/// Whether `schema` holds an index.
///
/// # Errors
///
/// [`Error::NotEmpty`] where tables of another program have the names of ours, and [`Error::NewerFormat`].
pub(super) fn look(connection: &Connection, schema: &str) -> Result<Content, Error> {
    let query = "SELECT table_name::text FROM information_schema.tables
                 WHERE table_schema = $1 AND table_name = ANY ($2)";
    let tables = connection.query(query, &[&schema, &&TABLES[..]])?;
    if tables.is_empty() {
        return Ok(Content::Nothing);
    }
    let path = || connection.place().to_owned();
    let is_settings = "SELECT count(*) FROM information_schema.columns
                       WHERE table_schema = $1 AND table_name = 'settings'
                         AND column_name IN ('name', 'value') AND data_type = 'text'";
    let columns: i64 = connection.one(is_settings, &[&schema])?.get(0);
    if tables.len() < TABLES.len() || columns != 2 {
        return Err(Error::OtherTables { path: path(), table: tables[0].get(0) });
    }
    let settings = format!("SELECT value FROM {}.settings WHERE name = 'embed_format'", quoted(schema));
    let Some(row) = connection.find(&settings, &[])? else {
        return Err(Error::OtherTables { path: path(), table: "settings".to_owned() });
    };
    match row.get::<_, String>(0).parse::<i64>() {
        Ok(VERSION) => Ok(Content::Index),
        Ok(found) if found > VERSION => Err(Error::NewerFormat {
            path: path(),
            found: u32::try_from(found).unwrap_or(u32::MAX),
            supported: VERSION as u32,
        }),
        _ => Err(Error::corrupt(connection.place(), Damage::Setting { name: "embed_format" })),
    }
}

/// Creates the tables and the settings of an index in the schema of the connection, inside the open transaction.
pub(super) fn create(connection: &Connection, settings: &Settings, id: IndexId) -> Result<(), Error> {
    connection.batch(&tables(settings.dimension()))?;
    let none = encoded(&RoaringBitmap::new());
    connection.execute("INSERT INTO live VALUES ($1)", &[&none])?;
    let model = &settings.model;
    let kept = model.kept_dimensions.map(|kept| kept.get().to_string());
    let values = [
        ("embed_format", Some(VERSION.to_string())),
        ("index_id", Some(id.to_string())),
        ("generation", Some("1".to_owned())),
        ("next_document", Some("0".to_owned())),
        ("next_passage", Some("0".to_owned())),
        ("words", Some(crate::words::ANALYSIS_VERSION.to_string())),
        ("model", Some(model.name.clone())),
        ("fingerprint", Some(model.identity.to_string())),
        ("dimension", Some(model.dimension.get().to_string())),
        ("kept_dimensions", kept),
        ("pooling", Some(model.pooling.clone())),
        ("query_prefix", Some(model.query_prefix.clone())),
        ("document_prefix", Some(model.document_prefix.clone())),
        ("max_tokens", Some(model.max_tokens.to_string())),
        ("encoder_precision", Some(model.encoder_precision.clone())),
    ];
    for (name, value) in values {
        if let Some(value) = value {
            set(connection, name, &value)?;
        }
    }
    Ok(())
}

/// A bitmap as the table `live` has it.
pub(super) fn encoded(bitmap: &RoaringBitmap) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(bitmap.serialized_size());
    bitmap.serialize_into(&mut bytes).expect("a vector takes all bytes");
    bytes
}

/// The live passages.
pub(super) fn live(connection: &Connection) -> Result<RoaringBitmap, Error> {
    let bytes: Vec<u8> = connection.one("SELECT passages FROM live", &[])?.get(0);
    RoaringBitmap::deserialize_from(&bytes[..])
        .map_err(|_| Error::corrupt(connection.place(), Damage::Field { field: "bitmap of live passages" }))
}

/// Sets a value, inside the open transaction.
pub(super) fn set(connection: &Connection, name: &str, value: &str) -> Result<(), Error> {
    let statement = "INSERT INTO settings VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = $2";
    connection.execute(statement, &[&name, &value]).map(drop)
}

/// The values of `settings`.
#[derive(Debug)]
pub(super) struct StoredSettings {
    values: std::collections::HashMap<String, String>,
    place: std::path::PathBuf,
}

impl StoredSettings {
    pub(super) fn read(connection: &Connection) -> Result<Self, Error> {
        let rows = connection.query("SELECT name, value FROM settings", &[])?;
        let values = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
        Ok(Self { values, place: connection.place().to_owned() })
    }

    fn text(&self, name: &'static str) -> Result<&str, Error> {
        self.values.get(name).map(String::as_str).ok_or_else(|| self.invalid(name))
    }

    pub(super) fn number<T: std::str::FromStr>(&self, name: &'static str) -> Result<T, Error> {
        self.text(name)?.parse().map_err(|_| self.invalid(name))
    }

    fn invalid(&self, name: &'static str) -> Error {
        Error::corrupt(&self.place, Damage::Setting { name })
    }

    pub(super) fn id(&self) -> Result<IndexId, Error> {
        IndexId::parse(self.text("index_id")?).ok_or_else(|| self.invalid("index_id"))
    }

    pub(super) fn settings(&self) -> Result<Settings, Error> {
        let dimension = Dimension::new(self.number("dimension")?).ok_or_else(|| self.invalid("dimension"))?;
        let kept =
            self.values.get("kept_dimensions").and_then(|kept| kept.parse().ok()).and_then(Dimension::new);
        Ok(Settings::new(ModelDescription {
            name: self.text("model")?.to_owned(),
            identity: Identity::parse(self.text("fingerprint")?),
            dimension,
            kept_dimensions: kept,
            pooling: self.text("pooling")?.to_owned(),
            query_prefix: self.text("query_prefix")?.to_owned(),
            document_prefix: self.text("document_prefix")?.to_owned(),
            max_tokens: self.number("max_tokens")?,
            encoder_precision: self.text("encoder_precision")?.to_owned(),
        }))
    }
}

//! The settings table of the catalog: the settings of the index and its id.

use rusqlite::Row;
use rusqlite::types::{FromSql, ToSql};

use super::catalog::Catalog;
use super::error::{Damage, Error};
use super::header::{Header, RecordKind};
use super::record_checksums::{SETTINGS, require_whole};
use super::settings::{IndexId, Precision, Settings};
use crate::embedding::{Identity, ModelDescription};
use crate::vectors::Dimension;

const INDEX_ID: &str = "index_id";

/// What encoders computed with before catalogs recorded it.
const OLDEST_PRECISION: &str = "f32";

impl Catalog {
    /// The value of a setting that every catalog has.
    pub(super) fn setting<T: FromSql>(&self, name: &'static str) -> Result<T, Error> {
        self.optional_setting(name)?.ok_or_else(|| self.invalid_setting(name))
    }

    /// The value of a setting that a catalog may lack.
    pub(super) fn optional_setting<T: FromSql>(&self, name: &'static str) -> Result<Option<T>, Error> {
        let query = format!("SELECT value, {} FROM settings WHERE name = ?1", self.is_whole(SETTINGS));
        let read = |row: &Row<'_>| {
            require_whole(row, 1, SETTINGS)?;
            Ok(row.get(0).ok())
        };
        match self.find(&query, [name], read)? {
            Some(None) => Err(self.invalid_setting(name)),
            value => Ok(value.flatten()),
        }
    }

    pub(super) fn set(&self, name: &'static str, value: impl ToSql) -> Result<(), Error> {
        let statement =
            "INSERT OR REPLACE INTO settings (name, value, checksum) VALUES (?1, ?2, row_checksum(?1, ?2))";
        self.execute(statement, (name, value)).map(drop)
    }

    fn invalid_setting(&self, name: &'static str) -> Error {
        Error::corrupt(self.path(), Damage::Setting { name })
    }

    /// Refuses a catalog with a damaged setting, whatever its name: under a changed name, a setting that a catalog may lack
    /// would pass for one that it lacks.
    fn require_whole_settings(&self) -> Result<(), Error> {
        let query = format!("SELECT {} FROM settings", self.is_whole(SETTINGS));
        self.for_each(&query, [], |row| require_whole(row, 0, SETTINGS))
    }

    pub(super) fn settings(&self) -> Result<Settings, Error> {
        self.require_whole_settings()?;
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

    /// The header that the file of rows of `generation` must have.
    pub(super) fn header(&self, settings: &Settings, generation: u64) -> Result<Header, Error> {
        Ok(Header {
            index: self.index_id()?,
            generation,
            dimension: settings.dimension(),
            kind: RecordKind::Components,
        })
    }
}

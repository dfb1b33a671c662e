//! The connection to the catalog: it checks what it opens, migrates it, and names the path in errors.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::FromSql;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row, ToSql};

use super::error::{Action, Damage, Error};
use super::folder::{Folder, WriterLock};
use super::row_checksum::define_row_checksum;
use super::schema::{APPLICATION_ID, FIRST_TABLES, FIRST_VERSION, FORMAT_VERSION, migrations_from};

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    /// Never changes a byte, so it works in a read-only folder.
    Read,
    /// For the holder of the writer's lock.
    Write,
}

/// How long a reader waits for a commit. Longer than [`WRITER_PATIENCE`], since a commit that waits for old
/// readers keeps new ones out.
const READER_PATIENCE: Duration = Duration::from_secs(15);

/// How long a commit waits for readers.
const WRITER_PATIENCE: Duration = Duration::from_secs(10);

/// Pages of 4,096 bytes that a writer keeps in memory: enough that the inner pages of every index stay there.
const WRITER_CACHE_PAGES: i64 = 16_384;

/// A connection to a catalog, and the path that its errors name.
#[derive(Debug)]
pub(super) struct Catalog {
    connection: Connection,
    path: PathBuf,
    /// The format version, at most [`FORMAT_VERSION`].
    version: u32,
}

impl Catalog {
    /// Opens the catalog at `path` and checks that it is one that this program reads. For [`Access::Read`] this
    /// begins the transaction that the snapshot lasts for.
    pub(super) fn open(path: PathBuf, access: Access) -> Result<Self, Error> {
        let flags = match access {
            Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
            Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
        };
        let mut catalog = Self::connect(path, flags, access)?;
        if access == Access::Read {
            // The first read begins the snapshot: the version and the content are of one moment.
            catalog.batch("BEGIN")?;
        }
        catalog.version = catalog.read_version()?;
        Ok(catalog)
    }

    /// A copy of the catalog as this read transaction sees it, in a temporary file that nobody else can open. Its errors name
    /// the original.
    ///
    /// `SQLite` copies the pages: closing another descriptor of the file would end the locks of this process.
    pub(super) fn private_copy(&self) -> Result<Self, Error> {
        let file = tempfile::NamedTempFile::new().map_err(Error::io(&self.path, Action::Create))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let mut copy = Self::connect(file.path().to_path_buf(), flags, Access::Read)?;
        let path = file.path().to_path_buf();
        // At once, so that a kill leaves no file. Where the system does not let an open file go, it stays until folders for
        // temporary files are emptied.
        let _without_a_name = file.close();
        // Nobody reads the copy after a crash.
        copy.batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
        let copied = Backup::new(&self.connection, &mut copy.connection).and_then(|backup| backup.step(-1));
        if copied.map_err(Error::sql(&path))? != StepResult::Done {
            return Err(Error::Busy { path: self.path.clone() });
        }
        copy.batch("BEGIN")?;
        copy.version = copy.read_version()?;
        Ok(Self { path: self.path.clone(), ..copy })
    }

    /// Creates an empty catalog at `path`, where there is no file.
    pub(super) fn create(path: PathBuf) -> Result<Self, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut catalog = Self::connect(path, flags, Access::Write)?;
        catalog.batch("BEGIN IMMEDIATE")?;
        catalog.set_pragma("application_id", APPLICATION_ID)?;
        catalog.batch(FIRST_TABLES)?;
        catalog.apply_migrations()?;
        Ok(catalog)
    }

    /// Brings a catalog of an older version up to date, in one transaction. Content stays as it is.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] where a reader does not finish in time, [`Error::ReadOnly`] and [`Error::Sql`], all without
    /// effect.
    pub(super) fn migrate(&mut self, _lock: &WriterLock) -> Result<(), Error> {
        if self.version == FORMAT_VERSION {
            return Ok(());
        }
        // A migration may touch every page.
        self.batch("PRAGMA cache_spill = ON; BEGIN IMMEDIATE")?;
        let migrated = self.migrate_within_transaction().and_then(|()| self.batch("COMMIT"));
        if migrated.is_err() {
            // Closing the connection ends the transaction, too.
            let _closed_by_the_caller = self.batch("ROLLBACK");
        }
        migrated.and_then(|()| self.batch("PRAGMA cache_spill = OFF"))
    }

    /// Brings a catalog of an older version up to date, inside the open transaction.
    pub(super) fn migrate_within_transaction(&mut self) -> Result<(), Error> {
        if self.version == FORMAT_VERSION { Ok(()) } else { self.apply_migrations() }
    }

    /// Runs the migrations that are missing, inside the open transaction.
    fn apply_migrations(&mut self) -> Result<(), Error> {
        for statements in migrations_from(self.version) {
            self.batch(statements)?;
        }
        self.set_pragma("user_version", FORMAT_VERSION)?;
        self.version = FORMAT_VERSION;
        Ok(())
    }

    pub(super) const fn version(&self) -> u32 {
        self.version
    }

    /// The tables and indexes: type, name and definition.
    pub(super) fn schema(&self) -> Result<Vec<(String, String, Option<String>)>, Error> {
        let mut schema = Vec::new();
        let query = "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name";
        self.for_each(query, [], |row| {
            schema.push((row.get(0)?, row.get(1)?, row.get(2)?));
            Ok(())
        })?;
        Ok(schema)
    }

    /// The [schema](Self::schema) of catalogs of `version`.
    pub(super) fn schema_of(version: u32) -> Result<Vec<(String, String, Option<String>)>, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let catalog = Self::connect(PathBuf::from(":memory:"), flags, Access::Read)?;
        catalog.batch(FIRST_TABLES)?;
        for statements in migrations_from(FIRST_VERSION).iter().take((version - FIRST_VERSION) as usize) {
            catalog.batch(statements)?;
        }
        catalog.schema()
    }

    /// Whether the catalog is of `version` or newer.
    pub(super) const fn is_since(&self, version: u32) -> bool {
        self.version >= version
    }

    /// `columns`, separated by commas, as a query may select them: null where the catalog is older than `version`,
    /// which added them.
    pub(super) fn columns_since(&self, version: u32, columns: &'static str) -> Cow<'static, str> {
        if self.version >= version {
            return columns.into();
        }
        vec!["NULL"; columns.split(',').count()].join(", ").into()
    }

    fn connect(path: PathBuf, flags: OpenFlags, access: Access) -> Result<Self, Error> {
        let connection = Connection::open_with_flags(&path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX);
        let connection = connection.map_err(Error::sql(&path))?;
        let catalog = Self { connection, path, version: FIRST_VERSION };
        catalog.set_patience(match access {
            Access::Read => READER_PATIENCE,
            Access::Write => WRITER_PATIENCE,
        })?;
        catalog.set_pragma("trusted_schema", "OFF")?;
        define_row_checksum(&catalog.connection).map_err(Error::sql(&catalog.path))?;
        if access == Access::Write {
            catalog.set_pragma("journal_mode", "DELETE")?;
            // FULL would not sync the removal of the journal, and files that the commit gave up are removed next.
            catalog.set_pragma("synchronous", "EXTRA")?;
            catalog.set_pragma("foreign_keys", "ON")?;
            // A cache that spills locks out readers before the commit.
            catalog.set_pragma("cache_spill", "OFF")?;
            catalog.set_pragma("cache_size", WRITER_CACHE_PAGES)?;
        }
        Ok(catalog)
    }

    /// Rolls back the incomplete commit of a writer that died.
    pub(super) fn recover(folder: &Folder, _lock: &WriterLock) -> Result<(), Error> {
        // The first read rolls the journal back.
        Self::open(folder.catalog(), Access::Write).map(drop)
    }

    fn read_version(&self) -> Result<u32, Error> {
        let application: u32 = self.pragma("application_id")?;
        if application != APPLICATION_ID {
            return Err(Error::NotAnIndex { path: self.path.clone() });
        }
        let found: u32 = self.pragma("user_version")?;
        match found {
            FIRST_VERSION..=FORMAT_VERSION => Ok(found),
            0 => Err(Error::corrupt(&self.path, Damage::Setting { name: "user_version" })),
            _ => Err(Error::NewerFormat { path: self.path.clone(), found, supported: FORMAT_VERSION }),
        }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Sets how long operations wait for a lock before [`Error::Busy`].
    pub(super) fn set_patience(&self, patience: Duration) -> Result<(), Error> {
        self.connection.busy_timeout(patience).map_err(Error::sql(&self.path))
    }

    /// Writes the catalog anew without its free pages, in which deleted content stays readable.
    pub(super) fn give_back_space(&self) -> Result<(), Error> {
        // The whole catalog passes through the cache.
        self.batch("PRAGMA cache_spill = ON; VACUUM; PRAGMA cache_spill = OFF")
    }

    /// Whether a transaction is open.
    pub(super) fn in_transaction(&self) -> bool {
        !self.connection.is_autocommit()
    }

    /// Runs statements that take no parameters.
    pub(super) fn batch(&self, statements: &str) -> Result<(), Error> {
        self.connection.execute_batch(statements).map_err(Error::sql(&self.path))
    }

    /// Runs one statement and returns the number of rows it changed.
    pub(super) fn execute(&self, statement: &str, parameters: impl Params) -> Result<usize, Error> {
        let run = || self.connection.prepare_cached(statement)?.execute(parameters);
        run().map_err(Error::sql(&self.path))
    }

    /// The id of the row that was inserted last.
    pub(super) fn last_id(&self) -> i64 {
        self.connection.last_insert_rowid()
    }

    /// The first row of a query, if there is one.
    pub(super) fn find<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Error> {
        let run = || self.connection.prepare_cached(query)?.query_row(parameters, read).optional();
        run().map_err(Error::sql(&self.path))
    }

    /// The first row of a query that always has one: an aggregate, or a query without tables.
    pub(super) fn one<T>(
        &self,
        query: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        let run = || self.connection.prepare_cached(query)?.query_row(parameters, read);
        run().map_err(Error::sql(&self.path))
    }

    /// Every row of a query.
    pub(super) fn for_each(
        &self,
        query: &str,
        parameters: impl Params,
        mut visit: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        let run = || {
            let mut statement = self.connection.prepare_cached(query)?;
            let mut rows = statement.query(parameters)?;
            while let Some(row) = rows.next()? {
                visit(row)?;
            }
            Ok(())
        };
        run().map_err(Error::sql(&self.path))
    }

    fn pragma<T: FromSql>(&self, name: &str) -> Result<T, Error> {
        self.connection.pragma_query_value(None, name, |row| row.get(0)).map_err(Error::sql(&self.path))
    }

    fn set_pragma(&self, name: &str, value: impl ToSql) -> Result<(), Error> {
        // Some pragmas return the value that was set.
        self.connection.pragma_update(None, name, value).map_err(Error::sql(&self.path))
    }
}

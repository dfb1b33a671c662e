//! A schema of a database as a place for an index.

use std::path::Path;

use super::address::Address;
use super::connection::{Connection, Idle, quoted};
use super::schema::{Content, StoredSettings, create, look};
use super::snapshot::PostgresSnapshot;
use super::writer::PostgresWriter;
use crate::index::{Error, Fault, IndexContent, IndexId, IndexWriter, Settings};
use crate::search::{IndexPlace, IndexSnapshot, SourceNames, Span};

/// What follows the name of a schema while its index is built anew.
const REBUILT: &str = "_rebuilt";

/// A schema of a database as a place for an index.
#[derive(Debug)]
pub struct PostgresPlace {
    address: Address,
    idle: Idle,
}

impl PostgresPlace {
    /// The place at `address`. The first request connects.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self { address, idle: Idle::default() }
    }

    /// A connection: one that waits where there is one that the server has not ended meanwhile.
    fn connect(&self) -> Result<Connection, Error> {
        while let Some(waiting) = self.idle.take() {
            if waiting.batch("").is_ok() {
                return Ok(waiting);
            }
        }
        Connection::open(&self.address)
    }

    /// A connection to an index that exists.
    fn connect_to_index(&self) -> Result<Connection, Error> {
        let connection = self.connect()?;
        match look(&connection, &self.address.schema)? {
            Content::Index => Ok(connection),
            Content::Nothing => Err(Error::Missing { path: self.name().to_owned() }),
        }
    }

    fn read(&self, working_directory: &Path) -> Result<PostgresSnapshot, Error> {
        let connection = self.connect_to_index()?;
        PostgresSnapshot::begin(connection, Idle::clone(&self.idle), self.names(working_directory))
    }

    /// A connection with the lock of the writer, which ends with it.
    fn connect_to_write(&self) -> Result<Connection, Error> {
        let connection = Connection::open(&self.address)?;
        let lock = "SELECT pg_try_advisory_lock(hashtext('embed'), hashtext($1))";
        if connection.one(lock, &[&self.address.schema])?.get(0) {
            Ok(connection)
        } else {
            Err(Error::Locked { path: self.name().to_owned(), holder: None })
        }
    }
}

impl IndexPlace for PostgresPlace {
    fn name(&self) -> &Path {
        self.address.name()
    }

    fn names(&self, working_directory: &Path) -> SourceNames {
        SourceNames::from_root(self.address.root(working_directory), working_directory)
    }

    fn exists(&self) -> Result<bool, Error> {
        let connection = self.connect()?;
        let content = look(&connection, &self.address.schema)?;
        self.idle.keep(connection);
        Ok(content == Content::Index)
    }

    fn snapshot(&self, working_directory: &Path, _span: Span) -> Result<Box<dyn IndexSnapshot>, Error> {
        Ok(Box::new(self.read(working_directory)?))
    }

    fn texts(&self, _span: Span) -> Result<Box<dyn IndexContent>, Error> {
        Ok(Box::new(self.read(Path::new("/"))?))
    }

    fn write(&self) -> Result<Box<dyn IndexWriter>, Error> {
        let connection = self.connect_to_write()?;
        match look(&connection, &self.address.schema)? {
            Content::Index => Ok(Box::new(PostgresWriter::open(connection, None)?)),
            Content::Nothing => Err(Error::Missing { path: self.name().to_owned() }),
        }
    }

    fn create(&self, settings: &Settings) -> Result<Box<dyn IndexWriter>, Error> {
        let connection = self.connect_to_write()?;
        if look(&connection, &self.address.schema)? == Content::Index {
            return Err(Error::AlreadyExists { path: self.name().to_owned() });
        }
        create_in(&connection, &self.address.schema, settings)?;
        Ok(Box::new(PostgresWriter::open(connection, None)?))
    }

    fn rebuild(&self, settings: &Settings) -> Result<Box<dyn IndexWriter>, Error> {
        let connection = self.connect_to_write()?;
        if look(&connection, &self.address.schema)? == Content::Nothing {
            return Err(Error::Missing { path: self.name().to_owned() });
        }
        let generation: u64 = StoredSettings::read(&connection)?.number("generation")?;
        let rebuilt = format!("{}{REBUILT}", self.address.schema);
        // A rebuild that was interrupted left its tables.
        connection.batch(&format!("DROP SCHEMA IF EXISTS {} CASCADE", quoted(&rebuilt)))?;
        create_in(&connection, &rebuilt, settings)?;
        let replaces = Some((self.address.schema.clone(), rebuilt, generation + 1));
        Ok(Box::new(PostgresWriter::open(connection, replaces)?))
    }

    fn verify(&self) -> Result<Vec<Fault>, Error> {
        self.read(Path::new("/"))?.verify()
    }
}

/// Creates the tables of an index in `schema`, which becomes that of the connection, in one transaction.
fn create_in(connection: &Connection, schema: &str, settings: &Settings) -> Result<(), Error> {
    let id: Vec<u8> = connection.one("SELECT uuid_send(gen_random_uuid())", &[])?.get(0);
    let id = IndexId::from_random(id.try_into().expect("a UUID has 16 bytes"));
    connection.batch(&format!(
        "BEGIN;
         CREATE SCHEMA IF NOT EXISTS {schema};
         CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;
         SET search_path TO {schema}, public",
        schema = quoted(schema)
    ))?;
    create(connection, settings, id)?;
    connection.batch("COMMIT")
}

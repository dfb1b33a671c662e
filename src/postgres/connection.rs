//! A connection to the server, and what its errors mean.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use postgres::error::SqlState;
use postgres::types::{ToSql, Type};
use postgres::{Client, NoTls, Row};

use super::address::Address;
use crate::index::Error;

/// Parameters of a statement.
pub(super) type Parameters<'a> = &'a [&'a (dyn ToSql + Sync)];

/// A connection whose tables are those of one schema.
pub(super) struct Connection {
    /// Taken when the connection is dropped.
    client: Option<RefCell<Client>>,
    place: PathBuf,
}

impl Drop for Connection {
    /// Ends the connection on a thread of its own: a client may not be dropped on one that drives asynchronous tasks, as those of
    /// a server are that stops.
    fn drop(&mut self) {
        let client = self.client.take();
        let _ended_with_the_process = thread::Builder::new().spawn(move || drop(client));
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "connection to {}", self.place.display())
    }
}

impl Connection {
    /// Connects. Names of tables mean those of the schema; those of the extension are found in `public`.
    pub(super) fn open(address: &Address) -> Result<Self, Error> {
        let place = address.name().to_owned();
        let client = address.config.connect(NoTls).map_err(failure(&place))?;
        let connection = Self { client: Some(RefCell::new(client)), place };
        connection.batch(&format!("SET search_path TO {}, public", quoted(&address.schema)))?;
        Ok(connection)
    }

    fn client(&self) -> &RefCell<Client> {
        self.client.as_ref().expect("it is taken at the end")
    }

    pub(super) fn place(&self) -> &Path {
        &self.place
    }

    /// Runs statements without parameters.
    pub(super) fn batch(&self, statements: &str) -> Result<(), Error> {
        self.client().borrow_mut().batch_execute(statements).map_err(failure(&self.place))
    }

    /// Runs one statement, and returns the number of rows that it changed.
    pub(super) fn execute(&self, statement: &str, parameters: Parameters<'_>) -> Result<u64, Error> {
        self.client().borrow_mut().execute(statement, parameters).map_err(failure(&self.place))
    }

    /// The rows of a query.
    pub(super) fn query(&self, query: &str, parameters: Parameters<'_>) -> Result<Vec<Row>, Error> {
        self.client().borrow_mut().query(query, parameters).map_err(failure(&self.place))
    }

    /// The first row of a query, if there is one.
    pub(super) fn find(&self, query: &str, parameters: Parameters<'_>) -> Result<Option<Row>, Error> {
        Ok(self.query(query, parameters)?.into_iter().next())
    }

    /// The row of a query that has exactly one.
    pub(super) fn one(&self, query: &str, parameters: Parameters<'_>) -> Result<Row, Error> {
        self.client().borrow_mut().query_one(query, parameters).map_err(failure(&self.place))
    }

    /// Copies rows to a table. `statement` is a `COPY … FROM STDIN BINARY`, and `types` are those of its columns.
    pub(super) fn copy(
        &self,
        statement: &str,
        types: &[Type],
        write: impl FnOnce(&mut postgres::binary_copy::BinaryCopyInWriter<'_>) -> Result<(), postgres::Error>,
    ) -> Result<(), Error> {
        let mut client = self.client().borrow_mut();
        let writer = client.copy_in(statement).map_err(failure(&self.place))?;
        let mut writer = postgres::binary_copy::BinaryCopyInWriter::new(writer, types);
        write(&mut writer).and_then(|()| writer.finish()).map_err(failure(&self.place))?;
        Ok(())
    }

    /// The type of vectors, which the extension defines.
    pub(super) fn vector_type(&self) -> Result<Type, Error> {
        let statement =
            self.client().borrow_mut().prepare("SELECT NULL::vector").map_err(failure(&self.place))?;
        Ok(statement.columns()[0].type_().clone())
    }
}

/// Connections that wait for another snapshot.
#[derive(Debug, Clone, Default)]
pub(super) struct Idle(Arc<Mutex<Vec<Connection>>>);

impl Idle {
    /// The most that wait: a server gives a hundred connections to all its clients.
    const MOST: usize = 8;

    fn waiting(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Option<Connection> {
        self.waiting().pop()
    }

    /// Keeps a connection without a transaction, unless enough wait.
    pub(super) fn keep(&self, connection: Connection) {
        let mut waiting = self.waiting();
        if waiting.len() < Self::MOST {
            waiting.push(connection);
        }
    }
}

/// A name as a statement has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// The failure of a request to the server of the index at `place`.
pub(super) fn failure(place: &Path) -> impl FnOnce(postgres::Error) -> Error {
    let path = place.to_path_buf();
    move |source| match source.code() {
        Some(&SqlState::INSUFFICIENT_PRIVILEGE | &SqlState::READ_ONLY_SQL_TRANSACTION) => {
            Error::ReadOnly { path }
        }
        Some(&SqlState::LOCK_NOT_AVAILABLE) => Error::Busy { path },
        _ => Error::Elsewhere { path, source: Box::new(source) },
    }
}

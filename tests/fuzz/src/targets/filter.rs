//! A filter means the same in memory and in SQL.

use embed::filter::{Columns, Filter, Filters, SqlCondition, SqlParameter, Subject};
use rusqlite::types::Value as SqlValue;
use rusqlite::{Connection, params, params_from_iter};
use serde_json::{Map, Value};

use super::bytes::first_line;

const COLUMNS: Columns = Columns { source: "source", id: "id", metadata: "metadata" };

/// A line each for source, id and metadata as JSON; then filters, one per line.
pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (source, rest) = first_line(text);
    let (id, rest) = first_line(rest);
    let (metadata, filters) = first_line(rest);
    let metadata: Option<Map<String, Value>> = serde_json::from_str(metadata).ok();
    let mut parsed = Vec::new();
    for filter in filters.lines() {
        match filter.parse::<Filter>() {
            Ok(filter) => parsed.push(filter),
            Err(error) => {
                assert!((1..=filter.chars().count() + 1).contains(&error.column), "{error}");
                assert!(error.pointer().ends_with('^'));
            }
        }
    }
    let subject = Subject { source, id, metadata: metadata.as_ref() };
    let all: Filters = parsed.iter().cloned().collect();
    let each = || parsed.iter().map(|filter| Filters::from_iter([filter.clone()]));
    assert_eq!(all.matches(subject), each().all(|filters| filters.matches(subject)));
    thread_local! {
        static DATABASE: Connection = database();
    }
    DATABASE.with(|database| {
        for filters in each() {
            assert_eq!(is_found(database, &filters, subject), filters.matches(subject), "{filters:?}");
        }
    });
}

fn database() -> Connection {
    let database = Connection::open_in_memory().expect("memory is a database");
    database
        .execute_batch("CREATE TABLE documents (source TEXT, id TEXT, metadata TEXT)")
        .expect("it is new");
    database
}

fn is_found(database: &Connection, filters: &Filters, subject: Subject<'_>) -> bool {
    let metadata = subject.metadata.map(|metadata| Value::Object(metadata.clone()).to_string());
    let run = || -> rusqlite::Result<bool> {
        database.prepare_cached("DELETE FROM documents")?.execute([])?;
        database.prepare_cached("INSERT INTO documents VALUES (?, ?, ?)")?.execute(params![
            subject.source,
            subject.id,
            metadata
        ])?;
        let SqlCondition { text, parameters } = filters.to_sql(&COLUMNS);
        let parameters = parameters.into_iter().map(|parameter| match parameter {
            SqlParameter::Text(text) => SqlValue::Text(text),
            SqlParameter::Integer(integer) => SqlValue::Integer(integer),
            SqlParameter::Real(real) => SqlValue::Real(real),
        });
        let query = format!("SELECT count(*) FROM documents WHERE {text}");
        database.query_row(&query, params_from_iter(parameters), |row| Ok(row.get::<_, i64>(0)? == 1))
    };
    run().expect("SQLite understands the condition")
}

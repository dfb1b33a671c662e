//! The passages of rows.

use std::collections::HashMap;

use postgres::Row;
use serde_json::{Map, Value};

use super::connection::Connection;
use crate::corpus::{Document, LocatedPassage, Passage, PassagePlace, passage_key};
use crate::index::{Damage, Error, StoredPath};
use crate::vectors::RowId;

/// The columns that [`stored`] reads.
pub(super) const COLUMNS: &str = "passages.id, passages.ordinal, passages.line, passages.end_line, passages.start_byte,
    passages.end_byte, passages.context, passages.text, documents.id, documents.key, documents.line, documents.metadata,
    sources.path";

/// The tables of [`COLUMNS`].
pub(super) const TABLES: &str = "passages JOIN documents ON documents.id = passages.document
    JOIN sources ON sources.id = documents.source";

/// A passage with its document and its source.
pub(super) struct Stored {
    pub(super) row: RowId,
    pub(super) ordinal: usize,
    pub(super) document: i64,
    pub(super) key: String,
    pub(super) document_line: Option<u64>,
    pub(super) metadata: Option<Map<String, Value>>,
    pub(super) source: StoredPath,
    pub(super) passage: Passage,
}

/// The passage in the columns of [`COLUMNS`].
pub(super) fn stored(row: &Row, connection: &Connection) -> Result<Stored, Error> {
    let number = |column: usize| row.get::<_, Option<i64>>(column).map(i64::cast_unsigned);
    let metadata = match row.get::<_, Option<Value>>(11) {
        None => None,
        Some(Value::Object(fields)) => Some(fields),
        Some(_) => return Err(Error::corrupt(connection.place(), Damage::Field { field: "metadata" })),
    };
    Ok(Stored {
        row: RowId(u32::try_from(row.get::<_, i64>(0)).unwrap_or(u32::MAX)),
        ordinal: row.get::<_, i32>(1) as usize,
        document: row.get(8),
        key: row.get(9),
        document_line: number(10),
        metadata,
        source: StoredPath::from_catalog(row.get(12)),
        passage: Passage {
            text: row.get(7),
            context: row.get(6),
            lines: number(2).zip(number(3)),
            bytes: number(4).zip(number(5)),
        },
    })
}

/// The passages of `rows`, in that order. `show` turns a stored source into the form that users see.
pub(super) fn located(
    connection: &Connection,
    rows: &[RowId],
    show: &dyn Fn(&StoredPath) -> String,
) -> Result<Vec<LocatedPassage>, Error> {
    let ids: Vec<i64> = rows.iter().map(|row| row.0.into()).collect();
    let query = format!("SELECT {COLUMNS} FROM {TABLES} WHERE passages.id = ANY ($1)");
    let mut found = HashMap::with_capacity(rows.len());
    for row in connection.query(&query, &[&ids])? {
        let stored = stored(&row, connection)?;
        found.insert(stored.row.0, stored);
    }
    let places = earlier_on_line(connection, found.values())?;
    let mut passages = Vec::with_capacity(rows.len());
    for row in rows {
        let stored = found.get(&row.0).ok_or(Error::DeadRow { row: *row })?;
        passages.push(locate(stored, &places, show));
    }
    Ok(passages)
}

/// For passages that are not the first of their document, how many earlier ones begin on their line, by document and ordinal.
pub(super) fn earlier_on_line<'a>(
    connection: &Connection,
    passages: impl Iterator<Item = &'a Stored>,
) -> Result<HashMap<(i64, usize), usize>, Error> {
    let documents: Vec<i64> =
        passages.filter(|stored| stored.ordinal > 0).map(|stored| stored.document).collect();
    let mut places = HashMap::new();
    if documents.is_empty() {
        return Ok(places);
    }
    let mut on_line: HashMap<(i64, Option<i64>), usize> = HashMap::new();
    let query =
        "SELECT document, ordinal, line FROM passages WHERE document = ANY ($1) ORDER BY document, ordinal";
    for row in connection.query(query, &[&documents])? {
        let count = on_line.entry((row.get(0), row.get(2))).or_default();
        places.insert((row.get(0), row.get::<_, i32>(1) as usize), *count);
        *count += 1;
    }
    Ok(places)
}

pub(super) fn locate(
    stored: &Stored,
    earlier: &HashMap<(i64, usize), usize>,
    show: &dyn Fn(&StoredPath) -> String,
) -> LocatedPassage {
    let place = PassagePlace {
        index: stored.ordinal,
        line: stored.passage.lines.map(|(line, _)| line),
        earlier_on_line: earlier.get(&(stored.document, stored.ordinal)).copied().unwrap_or_default(),
    };
    LocatedPassage {
        source: show(&stored.source),
        document: stored.key.clone(),
        key: passage_key(&stored.key, place),
        passage: stored.passage.clone(),
        metadata: stored.metadata.clone(),
    }
}

/// A document whose first passage is `stored`.
pub(super) fn document(stored: Stored) -> (StoredPath, Document) {
    let Stored { key, document_line, metadata, source, passage, .. } = stored;
    (source, Document { key, line: document_line, metadata, passages: vec![passage] })
}

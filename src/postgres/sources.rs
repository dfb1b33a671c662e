//! Sources, and the vectors of texts that are stored already.

use std::collections::HashMap;

use pgvector::Vector;
use postgres::Row;
use serde_json::Value;

use super::connection::Connection;
use crate::index::{
    ContentHash, Damage, Error, SourceId, SourceRecord, SourceVersion, StoredPath, TextHash, imported_rule,
};

/// The columns that [`source_record`] reads.
pub(super) const SOURCE_COLUMNS: &str =
    "id, path, rule, size, modified_ns, changed_ns, inode, content_hash, document_count,
    passage_count";

pub(super) fn source_record(row: &Row, connection: &Connection) -> Result<SourceRecord, Error> {
    let damaged = |field| Error::corrupt(connection.place(), Damage::Field { field });
    let rule: Value = serde_json::from_str(row.get(2)).map_err(|_| damaged("rule of a source"))?;
    let hash: Option<Vec<u8>> = row.get(7);
    let hash = hash.map(|bytes| bytes.try_into().map_err(|_| damaged("hash of a source"))).transpose()?;
    Ok(SourceRecord {
        id: SourceId(row.get(0)),
        path: StoredPath::from_catalog(row.get(1)),
        rule,
        version: SourceVersion {
            size: row.get::<_, Option<i64>>(3).map(i64::cast_unsigned),
            modified_ns: row.get(4),
            changed_ns: row.get(5),
            inode: row.get::<_, Option<i64>>(6).map(i64::cast_unsigned),
            content: hash.map(ContentHash),
        },
        documents: row.get::<_, i64>(8).cast_unsigned(),
        passages: row.get::<_, i64>(9).cast_unsigned(),
    })
}

/// The visible sources, by path.
pub(super) fn sources(connection: &Connection) -> Result<Vec<SourceRecord>, Error> {
    let query =
        format!("SELECT {SOURCE_COLUMNS} FROM sources WHERE state = 'visible' ORDER BY path COLLATE \"C\"");
    connection.query(&query, &[])?.iter().map(|row| source_record(row, connection)).collect()
}

/// The vectors of texts that were not imported, by their hashes.
pub(super) fn vectors_of(
    connection: &Connection,
    hashes: &[TextHash],
) -> Result<HashMap<Vec<u8>, Vec<f32>>, Error> {
    let hashes: Vec<&[u8]> = hashes.iter().map(|hash| hash.as_bytes().as_slice()).collect();
    let query =
        "SELECT DISTINCT ON (text_hash) text_hash, vector FROM passages JOIN sources ON sources.id = source
                 WHERE text_hash = ANY ($1) AND rule <> $2";
    let rows = connection.query(query, &[&hashes, &imported_rule().to_string()])?;
    Ok(rows.iter().map(|row| (row.get(0), row.get::<_, Vector>(1).to_vec())).collect())
}

//! Values of the catalog that another program wrote, with their checksums.
//!
//! A reader, the verification, a writer and a repair neither panic nor take memory without bound.

use std::path::Path;

use embed::index::{Error, IndexWriter, Writer};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

use super::super::bytes::Bytes;
use super::row_checksum;
use super::template::{add, answers, copy, repair};

/// A table, its columns and those that its checksum covers.
type Table = (&'static str, &'static [&'static str], Option<&'static str>);

const TABLES: [Table; 9] = [
    ("settings", &["name", "value"], Some("name, value")),
    (
        "generations",
        &["vectors", "live", "rows", "next_vector", "generation"],
        Some("generation, rows, next_vector, vectors, live"),
    ),
    ("segments", &["first_row", "row_count", "generation", "checksum"], None),
    (
        "sources",
        &["path", "rule", "state", "document_count", "passage_count", "id", "size", "inode"],
        Some("path, rule"),
    ),
    ("documents", &["key", "metadata", "line", "source", "id"], Some("source, key, line, metadata")),
    (
        "passages",
        &[
            "vector",
            "text",
            "context",
            "ordinal",
            "line",
            "end_line",
            "start_byte",
            "document",
            "text_hash",
            "id",
        ],
        Some("document, ordinal, vector, line, end_line, start_byte, end_byte, text_hash, text, context"),
    ),
    ("word_segments", &["first_vector", "level", "bytes", "segment"], None),
    (
        "postings",
        &["postings", "term", "next", "segment"],
        Some(
            "segment, term, postings, next,
             (SELECT first_vector FROM word_segments WHERE word_segments.segment = postings.segment)",
        ),
    ),
    ("word_lengths", &["lengths", "chunk"], Some("chunk, lengths")),
];

/// What follows the changes, and the version of the catalog; then changes of values.
pub(crate) fn run(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (then, version) = (bytes.byte(), bytes.pick(&[4, 4, 4, 3]));
    let folder = copy();
    let index = folder.path();
    let catalog = Connection::open(index.join("catalog.sqlite")).expect("the index is whole");
    // What the tables refuse is left out.
    let _ = forge(&catalog, &mut bytes, version);
    drop(catalog);
    let _ = answers(index);
    let _ = embed::index::verify(index);
    match then % 4 {
        0 => drop(write(index)),
        1 => {
            repair(index);
        }
        _ => {}
    }
}

fn forge(catalog: &Connection, bytes: &mut Bytes<'_>, version: u32) -> rusqlite::Result<()> {
    row_checksum::define_row_checksum(catalog)?;
    catalog.execute_batch(&format!(
        "PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA user_version = {version}; BEGIN"
    ))?;
    while !bytes.is_empty() {
        let (name, columns, _) = bytes.pick(&TABLES);
        let (column, row) = (bytes.pick(columns), bytes.byte());
        if bytes.byte() % 16 == 15 {
            let sql = format!(
                "DELETE FROM {name} WHERE ({column}) IN (SELECT {column} FROM {name} LIMIT 1 OFFSET ?)"
            );
            let _ = catalog.execute(&sql, [row]);
            continue;
        }
        let sql = format!("SELECT {column} FROM {name} ORDER BY 1 LIMIT 1 OFFSET ?");
        let found: Option<Value> = catalog.query_row(&sql, [row], |row| row.get(0)).optional()?;
        let Some(found) = found else { continue };
        let forged = changed(found.clone(), bytes);
        let sql = format!("UPDATE OR IGNORE {name} SET {column} = ?1 WHERE {column} IS ?2");
        let _ = catalog.execute(&sql, (forged, found));
    }
    for (name, _, covered) in TABLES {
        if let Some(covered) = covered {
            catalog.execute(&format!("UPDATE {name} SET checksum = row_checksum({covered})"), [])?;
        }
    }
    catalog.execute_batch(
        "UPDATE settings SET value = (SELECT row_checksum(group_concat(segment || ':' || first_vector))
                                      FROM (SELECT segment, first_vector FROM word_segments ORDER BY segment))
         WHERE name = 'word_segments';
         UPDATE settings SET checksum = row_checksum(name, value);
         COMMIT",
    )
}

fn changed(value: Value, bytes: &mut Bytes<'_>) -> Value {
    match value {
        Value::Integer(integer) => Value::Integer(match bytes.byte() % 4 {
            0 => integer.wrapping_add(bytes.number(1) as i64),
            1 => bytes.number(2) as i64,
            2 => bytes.number(4) as i64,
            _ => bytes.number(8) as i64,
        }),
        Value::Text(text) => {
            Value::Text(String::from_utf8_lossy(&edited(text.into_bytes(), bytes)).into_owned())
        }
        Value::Blob(blob) => Value::Blob(edited(blob, bytes)),
        Value::Null => Value::Integer(bytes.number(8) as i64),
        Value::Real(_) => Value::Null,
    }
}

/// Replaces a part of the bytes of a value.
fn edited(mut value: Vec<u8>, bytes: &mut Bytes<'_>) -> Vec<u8> {
    let start = bytes.number(2) as usize % (value.len() + 1);
    let removed = usize::from(bytes.byte());
    let end = (start + removed).min(value.len());
    let length = usize::from(bytes.byte() % 32);
    value.splice(start..end, bytes.slice(length).iter().copied());
    value
}

fn write(index: &Path) -> Result<(), Error> {
    let mut writer = Writer::open(index)?;
    add(&mut writer, index, "a.jsonl", 2)?;
    writer.compact()?;
    writer.close()
}

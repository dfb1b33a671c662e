//! Documents and passages on their way to the server.

use std::collections::HashMap;

use pgvector::Vector;
use postgres::types::{ToSql, Type};
use serde_json::Value;

use super::connection::Connection;
use crate::corpus::{Document, Passage};
use crate::index::{Error, SourceId, TextHash};

/// A batch is sent once it holds so many passages, or bytes of text.
const MOST_PASSAGES: usize = 8192;
const MOST_TEXT_BYTES: usize = 16 << 20;

/// Rows that are sent together.
#[derive(Debug, Default)]
pub(super) struct Batch {
    documents: Vec<DocumentRow>,
    passages: Vec<PassageRow>,
    text_bytes: usize,
    /// The vector of each text that waits.
    vectors: HashMap<TextHash, usize>,
}

#[derive(Debug)]
struct DocumentRow {
    id: i64,
    source: i64,
    key: String,
    line: Option<i64>,
    metadata: Option<Value>,
}

#[derive(Debug)]
struct PassageRow {
    id: i64,
    source: i64,
    document: i64,
    ordinal: i32,
    lines: Option<(i64, i64)>,
    bytes: Option<(i64, i64)>,
    hash: TextHash,
    context: Option<String>,
    text: String,
    vector: Vector,
}

impl Batch {
    pub(super) fn is_full(&self) -> bool {
        self.passages.len() >= MOST_PASSAGES || self.text_bytes >= MOST_TEXT_BYTES
    }

    /// The vector of a text that waits.
    pub(super) fn vector(&self, hash: TextHash) -> Option<Vec<f32>> {
        self.vectors.get(&hash).map(|&place| self.passages[place].vector.to_vec())
    }

    pub(super) fn add_document(&mut self, source: SourceId, id: i64, document: &Document) {
        self.documents.push(DocumentRow {
            id,
            source: source.0,
            key: storable(&document.key),
            line: document.line.map(u64::cast_signed),
            metadata: document.metadata.clone().map(|fields| storable_value(Value::Object(fields))),
        });
    }

    /// Adds the passage `ordinal` of the document that was added last.
    pub(super) fn add_passage(
        &mut self,
        id: u32,
        ordinal: usize,
        passage: &Passage,
        hash: TextHash,
        vector: &[f32],
    ) {
        let document = self.documents.last().expect("a document was added");
        let signed = |(first, last): (u64, u64)| (first.cast_signed(), last.cast_signed());
        self.text_bytes += passage.text.len();
        self.vectors.insert(hash, self.passages.len());
        self.passages.push(PassageRow {
            id: id.into(),
            source: document.source,
            document: document.id,
            ordinal: i32::try_from(ordinal).expect("passages are rows, which are numbered with 32 bits"),
            lines: passage.lines.map(signed),
            bytes: passage.bytes.map(signed),
            hash,
            context: passage.context.as_deref().map(storable),
            text: storable(&passage.text),
            vector: Vector::from(vector.to_vec()),
        });
    }

    /// Sends everything, inside the open transaction.
    pub(super) fn send(&mut self, connection: &Connection) -> Result<(), Error> {
        if self.documents.is_empty() {
            return Ok(());
        }
        let Self { documents, passages, .. } = std::mem::take(self);
        let types = [Type::INT8, Type::INT8, Type::TEXT, Type::INT8, Type::JSONB];
        connection.copy("COPY documents FROM STDIN BINARY", &types, |writer| {
            for DocumentRow { id, source, key, line, metadata } in &documents {
                writer.write(&[id, source, key, line, metadata])?;
            }
            Ok(())
        })?;
        let types = [
            Type::INT8,
            Type::INT8,
            Type::INT8,
            Type::INT4,
            Type::INT8,
            Type::INT8,
            Type::INT8,
            Type::INT8,
            Type::BYTEA,
            Type::TEXT,
            Type::TEXT,
            connection.vector_type()?,
        ];
        connection.copy("COPY passages FROM STDIN BINARY", &types, |writer| {
            for row in &passages {
                let (line, end_line) = row.lines.unzip();
                let (start_byte, end_byte) = row.bytes.unzip();
                let hash = row.hash.as_bytes().as_slice();
                let values: [&(dyn ToSql + Sync); 12] = [
                    &row.id,
                    &row.source,
                    &row.document,
                    &row.ordinal,
                    &line,
                    &end_line,
                    &start_byte,
                    &end_byte,
                    &hash,
                    &row.context,
                    &row.text,
                    &row.vector,
                ];
                writer.write(&values)?;
            }
            Ok(())
        })
    }
}

/// A text as the server can store it: without NUL, which becomes the replacement character.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

fn storable_value(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(storable(&text)),
        Value::Array(items) => Value::Array(items.into_iter().map(storable_value).collect()),
        Value::Object(fields) => Value::Object(
            fields.into_iter().map(|(name, value)| (storable(&name), storable_value(value))).collect(),
        ),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nul_becomes_the_replacement_character_everywhere() {
        assert_eq!(storable("a\0b"), "a\u{fffd}b");
        assert_eq!(
            storable_value(json!({"a\0": ["\0", {"b": "\0"}, 1]})),
            json!({"a\u{fffd}": ["\u{fffd}", {"b": "\u{fffd}"}, 1]})
        );
    }
}

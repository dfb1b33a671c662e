//! The SQL function `row_checksum`: a CRC-32 (IEEE) over its arguments, of each in turn its value, its length and its type.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

/// Makes `row_checksum` known to a connection.
pub(crate) fn define_row_checksum(connection: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_checksum", -1, flags, |context| Ok(checksum(context)))
}

fn checksum(context: &Context<'_>) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    for index in 0..context.len() {
        let (kind, bytes): (u8, &[u8]) = match context.get_raw(index) {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(integer) => {
                hasher.update(&integer.to_le_bytes());
                (1, &[])
            }
            ValueRef::Real(real) => {
                hasher.update(&real.to_le_bytes());
                (2, &[])
            }
            ValueRef::Text(text) => (3, text),
            ValueRef::Blob(blob) => (4, blob),
        };
        hasher.update(bytes);
        // After the bytes, so that no two lists of values are the same stream.
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(&[kind]);
    }
    hasher.finalize()
}

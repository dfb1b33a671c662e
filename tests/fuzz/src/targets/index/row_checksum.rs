//! The SQL function `row_checksum`, written again from its description: programs that change a catalog need it, too.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};
use rusqlite::types::ValueRef;

/// Makes the function known to a connection.
pub(crate) fn define(catalog: &Connection) -> rusqlite::Result<()> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    catalog.create_scalar_function("row_checksum", -1, flags, |context| Ok(checksum(context)))
}

/// A CRC-32 of values, as the schema of version 4 has it.
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
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(&[kind]);
    }
    hasher.finalize()
}

//! Checksums of single rows of the catalog's tables.
//!
//! Since version 4 every row that an answer depends on holds a CRC-32 of its other columns, made and compared by the SQL
//! function `row_checksum`. `SQLite` itself keeps no checksums.

use rusqlite::Row;

use super::catalog::Catalog;
use super::error::DamagedRecord;
use super::schema::CHECKSUMS_SINCE;

/// A table whose rows have checksums.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CheckedTable {
    pub(super) name: &'static str,
    /// What the checksum covers, in this order.
    columns: &'static [&'static str],
}

pub(super) const SETTINGS: CheckedTable = CheckedTable { name: "settings", columns: &["name", "value"] };
pub(super) const GENERATIONS: CheckedTable =
    CheckedTable { name: "generations", columns: &["generation", "rows", "next_vector", "vectors", "live"] };
/// The other columns of a source change while it is visible. They decide when it is read again, and no answer.
pub(super) const SOURCES: CheckedTable = CheckedTable { name: "sources", columns: &["path", "rule"] };
pub(super) const DOCUMENTS: CheckedTable =
    CheckedTable { name: "documents", columns: &["source", "key", "line", "metadata"] };
pub(super) const PASSAGES: CheckedTable = CheckedTable {
    name: "passages",
    columns: &[
        "document",
        "ordinal",
        "vector",
        "line",
        "end_line",
        "start_byte",
        "end_byte",
        "text_hash",
        "text",
        "context",
    ],
};
/// The checksum covers the first vector of the segment, too, from which postings are counted.
pub(super) const POSTINGS: CheckedTable =
    CheckedTable { name: "postings", columns: &["segment", "term", "postings", "next"] };
pub(super) const WORD_LENGTHS: CheckedTable =
    CheckedTable { name: "word_lengths", columns: &["chunk", "lengths"] };

/// Every table with checksums.
pub(super) const CHECKED_TABLES: [CheckedTable; 7] =
    [SETTINGS, GENERATIONS, SOURCES, DOCUMENTS, PASSAGES, POSTINGS, WORD_LENGTHS];

impl CheckedTable {
    /// SQL for the checksum that a row should have.
    pub(super) fn expected(self) -> String {
        let qualified = |column: &&str| format!("{}.{column}", self.name);
        let mut columns: Vec<String> = self.columns.iter().map(qualified).collect();
        if self == POSTINGS {
            columns.push(
                "(SELECT first_vector FROM word_segments WHERE word_segments.segment = postings.segment)"
                    .to_owned(),
            );
        }
        format!("row_checksum({})", columns.join(", "))
    }
}

impl Catalog {
    /// SQL that is true for rows of `table` that match their checksum, and in catalogs of versions without checksums.
    pub(super) fn is_whole(&self, table: CheckedTable) -> String {
        if self.is_since(CHECKSUMS_SINCE) {
            format!("{}.checksum IS {}", table.name, table.expected())
        } else {
            "TRUE".to_owned()
        }
    }
}

/// SQL that is true where a column holds an object in JSON.
pub(super) fn is_object(column: &str) -> String {
    format!("(CASE WHEN json_valid({column}) THEN json_type({column}) = 'object' ELSE FALSE END)")
}

/// A row of `table` that contradicts itself.
pub(super) fn damaged(table: CheckedTable) -> rusqlite::Error {
    rusqlite::Error::UserFunctionError(Box::new(DamagedRecord { table: table.name }))
}

/// Refuses a row of `table` unless `column`, which selects [`Catalog::is_whole`], is true.
pub(super) fn require_whole(row: &Row<'_>, column: usize, table: CheckedTable) -> rusqlite::Result<()> {
    if row.get(column)? { Ok(()) } else { Err(damaged(table)) }
}

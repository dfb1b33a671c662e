//! Rows of named fields, from tables and JSON.

use serde_json::{Map, Value};

use super::budget::FieldLimits;
use super::error::CorpusError;
use super::statistics::RowProblem;
use super::stream::{Completeness, Replacement, TextStream};

/// A row, or why it cannot be used.
#[derive(Debug)]
pub(super) struct Row {
    /// First and last line.
    pub(super) lines: (u64, u64),
    pub(super) replacement: Replacement,
    /// Whether the fields are whole.
    pub(super) extent: Completeness,
    pub(super) fields: Result<Map<String, Value>, RowProblem>,
}

impl Row {
    pub(super) const fn faulty(lines: (u64, u64), problem: RowProblem) -> Self {
        Self { lines, replacement: Replacement::None, extent: Completeness::Whole, fields: Err(problem) }
    }
}

/// Whether values have types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typing {
    /// As in JSON.
    Stated,
    /// All values are strings, as in a table: those that look like numbers or booleans are converted.
    Inferred,
}

/// A source of rows.
pub(super) trait RowSource {
    const TYPING: Typing = Typing::Stated;

    /// The next row, with as much of its fields as `limits` allow; `None` at the end.
    fn next_row(
        &mut self,
        stream: &mut TextStream,
        limits: FieldLimits<'_>,
    ) -> Result<Option<Row>, CorpusError>;
}

//! Rows of comma- or tab-separated values under a header.
//!
//! The parser below the `csv` crate is driven directly: the crate's own reader holds a row of any length, and an
//! unclosed quote makes the rest of the table one field.

use std::collections::HashSet;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};
use serde_json::{Map, Value};

use super::budget::{Budget, FieldLimits};
use super::error::CorpusError;
use super::rows::{Row, RowSource, Typing};
use super::statistics::RowProblem;
use super::stream::{Replacement, TextStream, drop_last_character};

/// The most fields of a row.
pub(super) const MAXIMUM_FIELDS: usize = 1 << 16;

/// How values are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// RFC 4180: commas, and quotes around values that hold commas, quotes or line ends.
    Commas,
    /// IANA text/tab-separated-values: tabs, and a quote is a character like any other.
    Tabs,
}

/// A table whose first row names the columns.
///
/// A row with fewer values than columns lacks the other fields. Extra values, and columns without a name, are named by
/// the number of their column.
#[derive(Debug)]
pub(super) struct Table {
    parser: Reader,
    dialect: Dialect,
    limit: usize,
    header: Option<Vec<String>>,
    values: Vec<u8>,
    ends: Vec<usize>,
}

/// A row as the parser left it: its first and last line, and the number of values.
#[derive(Debug, Clone, Copy)]
struct RawRow {
    lines: (u64, u64),
    fields: usize,
    /// Which limit it exceeds.
    excess: Option<Excess>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Excess {
    Bytes,
    Fields,
}

impl Excess {
    const fn problem(self) -> RowProblem {
        match self {
            Self::Bytes => RowProblem::TooLong,
            Self::Fields => RowProblem::TooManyFields,
        }
    }
}

impl Table {
    pub(super) fn new(dialect: Dialect, limit: u64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut builder = ReaderBuilder::new();
        match dialect {
            Dialect::Commas => builder.delimiter(b','),
            Dialect::Tabs => builder.delimiter(b'\t').quoting(false),
        };
        Self {
            parser: builder.build(),
            dialect,
            limit,
            header: None,
            values: vec![0; limit.clamp(1, 4096)],
            ends: vec![0; 64],
        }
    }

    fn read_row(&mut self, stream: &mut TextStream) -> Result<Option<RawRow>, CorpusError> {
        skip_line_ends(stream)?;
        let first = stream.line();
        let (mut written, mut fields, mut excess) = (0, 0, None);
        if stream.peek()?.is_empty() {
            return Ok(None);
        }
        loop {
            let input = stream.peek()?;
            let at_end = input.is_empty();
            // A line end at the end of the source ends every row but one with an open quote.
            let input = if at_end { b"\n" } else { input };
            let (values, ends) = (&mut self.values[written..], &mut self.ends[fields..]);
            let (result, read, new_bytes, new_fields) = self.parser.read_record(input, values, ends);
            let last = input[..read].last().copied();
            if !at_end {
                stream.consume(read);
            }
            (written, fields) = (written + new_bytes, fields + new_fields);
            match result {
                ReadRecordResult::InputEmpty if at_end => {
                    return Err(CorpusError::UnclosedQuote { name: stream.name(), line: first });
                }
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.values.len() >= self.limit => {
                    (written, fields, excess) = (0, 0, excess.or(Some(Excess::Bytes)));
                }
                ReadRecordResult::OutputFull => self.values.resize(self.limit.min(self.values.len() * 2), 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() >= MAXIMUM_FIELDS => {
                    (written, fields, excess) = (0, 0, excess.or(Some(Excess::Fields)));
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => {
                    let last_line = stream.line() - u64::from(!at_end && last == Some(b'\n'));
                    return Ok(Some(RawRow { lines: (first, last_line), fields, excess }));
                }
                ReadRecordResult::End => return Ok(None),
            }
        }
    }

    /// The values of a row, as the parser left them.
    fn values(&self, row: RawRow) -> impl Iterator<Item = &[u8]> {
        let mut start = 0;
        self.ends[..row.fields].iter().map(move |&end| {
            let value = &self.values[start..end];
            start = end;
            value
        })
    }

    /// Takes the row as the header.
    fn name_columns(&mut self, row: RawRow, stream: &TextStream) -> Result<(), CorpusError> {
        let (name, line) = (stream.name(), row.lines.0);
        match row.excess {
            Some(Excess::Bytes) => Err(CorpusError::RowTooLong { name, line, limit: self.limit as u64 }),
            Some(Excess::Fields) => Err(CorpusError::TooManyFields { name, line, limit: MAXIMUM_FIELDS }),
            None => {
                let names = self.values(row).map(|value| stream.decode(value).0.trim().to_owned());
                self.header = Some(column_names(names));
                Ok(())
            }
        }
    }

    /// Refuses a header that is one name with signs in it, where the next line has as many of them.
    fn check_separator(&self, stream: &mut TextStream) -> Result<(), CorpusError> {
        let (Dialect::Commas, Some([header])) = (self.dialect, self.header.as_deref()) else { return Ok(()) };
        let next = stream.peek()?;
        let next = &next[..memchr::memchr(b'\n', next).unwrap_or(next.len())];
        for separator in [b';', b'\t'] {
            let count = header.bytes().filter(|byte| *byte == separator).count();
            if count > 0 && memchr::memchr_iter(separator, next).count() >= count {
                return Err(CorpusError::OtherSeparator { name: stream.name(), separator: separator.into() });
            }
        }
        Ok(())
    }

    fn row(&self, raw: RawRow, stream: &TextStream, limits: FieldLimits<'_>) -> Row {
        let header = self.header.as_deref().unwrap_or_default();
        let mut budget = Budget::new(limits);
        let mut fields = Map::with_capacity(raw.fields);
        let mut replacement = Replacement::None;
        for (index, value) in self.values(raw).enumerate() {
            let name = header.get(index).cloned().unwrap_or_default();
            let name = free_name(name, index + 1, |name| fields.contains_key(name));
            let kept = if limits.is_important(&name) {
                budget.important_field(|budget| budget.take_bytes(value.len()))
            } else if budget.start_field(&name) {
                budget.take_bytes(value.len())
            } else {
                continue;
            };
            let (text, replaced) = stream.decode(whole_characters(value, kept));
            replacement = replacement.max(replaced);
            fields.insert(name, Value::String(text.into_owned()));
        }
        Row { lines: raw.lines, replacement, extent: budget.extent(), fields: Ok(fields) }
    }
}

impl RowSource for Table {
    const TYPING: Typing = Typing::Inferred;

    fn next_row(
        &mut self,
        stream: &mut TextStream,
        limits: FieldLimits<'_>,
    ) -> Result<Option<Row>, CorpusError> {
        while let Some(row) = self.read_row(stream)? {
            if self.header.is_none() {
                self.name_columns(row, stream)?;
                self.check_separator(stream)?;
            } else if let Some(excess) = row.excess {
                return Ok(Some(Row::faulty(row.lines, excess.problem())));
            } else if self.values(row).any(|value| memchr::memchr(0, value).is_some()) {
                return Ok(Some(Row::faulty(row.lines, RowProblem::Malformed)));
            } else {
                return Ok(Some(self.row(row, stream, limits)));
            }
        }
        Ok(None)
    }
}

/// The first `kept` bytes of a value, without an incomplete character at the cut.
fn whole_characters(value: &[u8], kept: usize) -> &[u8] {
    if kept == value.len() { value } else { drop_last_character(&value[..kept]) }
}

/// Gives every column a unique name.
fn column_names(header: impl Iterator<Item = String>) -> Vec<String> {
    let mut taken = HashSet::new();
    let mut names = Vec::new();
    for (index, name) in header.enumerate() {
        let name = free_name(name, index + 1, |name| taken.contains(name));
        taken.insert(name.clone());
        names.push(name);
    }
    names
}

/// A column without a name is named by its number; the number is appended to a name that is taken.
fn free_name(name: String, column: usize, is_taken: impl Fn(&str) -> bool) -> String {
    let mut name = if name.is_empty() { format!("column_{column}") } else { name };
    while is_taken(&name) {
        name = format!("{name}_{column}");
    }
    name
}

/// The parser skips blank lines as well, but then the row's first line would not be known.
fn skip_line_ends(stream: &mut TextStream) -> Result<(), CorpusError> {
    loop {
        let block = stream.peek()?;
        let line_ends = block.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if line_ends == 0 {
            return Ok(());
        }
        stream.consume(line_ends);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(dialect: Dialect, limit: u64, text: &str) -> Result<Vec<Row>, CorpusError> {
        let mut stream = TextStream::of(text.as_bytes());
        let mut table = Table::new(dialect, limit);
        let mut rows = Vec::new();
        while let Some(row) = table.next_row(&mut stream, FieldLimits::NONE)? {
            rows.push(row);
        }
        Ok(rows)
    }

    fn summary(rows: &[Row]) -> Vec<((u64, u64), String)> {
        rows.iter()
            .map(|row| (row.lines, Value::Object(row.fields.clone().expect("the row is sound")).to_string()))
            .collect()
    }

    #[test]
    fn quoted_line_ends_and_blank_lines_keep_line_numbers_true() {
        let text = "a,b\r\n\r\n1,\"x\r\ny, \"\"z\"\"\"\r\n\n2,\n3,\"q\"";
        assert_eq!(
            summary(&rows(Dialect::Commas, 1 << 20, text).unwrap()),
            [
                ((3, 4), r#"{"a":"1","b":"x\r\ny, \"z\""}"#.to_owned()),
                ((6, 6), r#"{"a":"2","b":""}"#.to_owned()),
                ((7, 7), r#"{"a":"3","b":"q"}"#.to_owned()),
            ]
        );
    }

    #[test]
    fn ragged_rows_and_unnamed_columns_lose_nothing() {
        let text = "a,,a\n1\n1,2,3,4,5\n";
        assert_eq!(
            summary(&rows(Dialect::Commas, 1 << 20, text).unwrap()),
            [
                ((2, 2), r#"{"a":"1"}"#.to_owned()),
                ((3, 3), r#"{"a":"1","column_2":"2","a_3":"3","column_4":"4","column_5":"5"}"#.to_owned()),
            ]
        );
    }

    #[test]
    fn a_quote_is_a_character_between_tabs() {
        let text = "a\tb\n\"x\t5\" pipe\n";
        assert_eq!(
            summary(&rows(Dialect::Tabs, 1 << 20, text).unwrap()),
            [((2, 2), r#"{"a":"\"x","b":"5\" pipe"}"#.to_owned())]
        );
    }

    #[test]
    fn a_quote_that_is_never_closed_is_an_error_that_names_the_rows_line() {
        let error = rows(Dialect::Commas, 1 << 20, "a\n1\n\"2\n3\n4\n").unwrap_err();
        assert!(matches!(error, CorpusError::UnclosedQuote { line: 3, .. }), "{error}");
        for closed in ["a\n\"2\"", "a\n5\" pipe", "a\n\"\"", "a\n\"2\"\n\n"] {
            assert_eq!(rows(Dialect::Commas, 1 << 20, closed).unwrap().len(), 1, "{closed:?}");
        }
    }

    #[test]
    fn a_table_with_another_separator_is_an_error() {
        for (text, expected) in [("a;b;c\n1;2,5;3\n", ';'), ("a\tb\n1\t2\n", '\t')] {
            let error = rows(Dialect::Commas, 1 << 20, text).unwrap_err();
            assert!(
                matches!(error, CorpusError::OtherSeparator { separator, .. } if separator == expected),
                "{error}"
            );
        }
        for text in ["a;b,c\n1;2\n", "question; answer\nplain text\n", "a;b", "a\n1;2\n"] {
            assert!(rows(Dialect::Commas, 1 << 20, text).is_ok(), "{text:?}");
        }
        assert!(rows(Dialect::Tabs, 1 << 20, "a;b\n1;2\n").is_ok());
    }

    #[test]
    fn a_row_beyond_the_limit_or_with_a_nul_byte_costs_no_other() {
        let text = format!("a\n{}\nx\0y\n{}\nlast\n", "x".repeat(9000), ",".repeat(MAXIMUM_FIELDS + 1));
        let problems: Vec<Option<RowProblem>> =
            rows(Dialect::Commas, 4096, &text).unwrap().iter().map(|row| row.fields.clone().err()).collect();
        assert_eq!(
            problems,
            [Some(RowProblem::TooLong), Some(RowProblem::Malformed), Some(RowProblem::TooManyFields), None]
        );
    }

    #[test]
    fn a_row_of_too_many_fields_says_so() {
        let text = format!("a\n{}\nlast\n", ",".repeat(MAXIMUM_FIELDS));
        let problems: Vec<Option<RowProblem>> = rows(Dialect::Commas, 1 << 20, &text)
            .unwrap()
            .iter()
            .map(|row| row.fields.clone().err())
            .collect();
        assert_eq!(problems, [Some(RowProblem::TooManyFields), None]);
    }

    #[test]
    fn a_header_beyond_a_limit_is_an_error_and_no_row_takes_its_place() {
        let wide = format!("{}\nlast\n", ",".repeat(MAXIMUM_FIELDS));
        let error = rows(Dialect::Commas, 1 << 20, &wide).unwrap_err();
        assert!(matches!(error, CorpusError::TooManyFields { line: 1, .. }), "{error}");
        let long = format!("\n{}\nlast\n", "x".repeat(9000));
        let error = rows(Dialect::Commas, 4096, &long).unwrap_err();
        assert!(matches!(error, CorpusError::RowTooLong { line: 2, limit: 4096, .. }), "{error}");
    }

    #[test]
    fn a_header_of_many_columns_of_one_name_is_read_in_passing_time() {
        let names = vec!["a"; MAXIMUM_FIELDS].join(",");
        let rows = rows(Dialect::Commas, 1 << 20, &format!("{names}\n1\n")).unwrap();
        assert_eq!(summary(&rows), [((2, 2), r#"{"a":"1"}"#.to_owned())]);
    }

    #[test]
    fn a_header_alone_or_nothing_has_no_rows() {
        for text in ["", "\n\n", "a,b", "a,b\r\n"] {
            assert!(rows(Dialect::Commas, 1 << 20, text).unwrap().is_empty(), "{text:?}");
        }
    }
}

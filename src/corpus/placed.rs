//! Every line, row or object of a source in its place: invalid ones are reported, not left out.

use std::fmt;

use serde_json::{Map, Value};

use super::error::CorpusError;
use super::format::InputFormat;
use super::json::{JsonArray, JsonLines};
use super::lines::{LineContent, TrimmedLine, TrimmedLines};
use super::options::ReadOptions;
use super::rows::RowSource;
use super::statistics::RowProblem;
use super::stream::{Completeness, TextStream};
use super::table::{Dialect, Table};
use super::text_rows::{OtherFields, TextRows};

/// A line, a row or an object of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedRecord {
    /// The line on which it starts, counted from 1.
    pub line: u64,
    /// Its length as UTF-8 in bytes, with its line end.
    pub bytes: u64,
    /// Its text and fields, or why they cannot be used.
    pub content: Result<TextRecord, RowProblem>,
}

/// A text, and its row.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRecord {
    /// Not blank, and without surrounding white space.
    pub text: String,
    /// All fields of a row or object, those of the text included; `None` for a line.
    pub fields: Option<Map<String, Value>>,
}

/// The records of one source, in order, one in memory at a time. A line is yielded as soon as its end was read. After
/// an error there are no more records.
pub struct PlacedRecords {
    stream: TextStream,
    records: Box<dyn RecordFormat + Send>,
    state: RecordsState,
}

#[derive(Debug, PartialEq, Eq)]
enum RecordsState {
    Reading,
    Over,
}

/// A way to divide a stream into records.
trait RecordFormat {
    /// The next record and the line on which it starts; `None` at the end.
    fn next_record(&mut self, stream: &mut TextStream) -> Result<Option<NumberedContent>, CorpusError>;
}

type NumberedContent = (u64, Result<TextRecord, RowProblem>);

impl PlacedRecords {
    pub(super) fn new(
        stream: TextStream,
        format: InputFormat,
        options: &ReadOptions,
    ) -> Result<Self, CorpusError> {
        let row_bytes = options.limits.row_bytes;
        let records = match format {
            InputFormat::Lines => Box::new(TrimmedLines::new(options.limits.text_bytes)),
            InputFormat::Jsonl => rows(JsonLines::every_line(row_bytes), options),
            InputFormat::Json => rows(JsonArray::new(row_bytes), options),
            InputFormat::Csv => rows(Table::new(Dialect::Commas, row_bytes), options),
            InputFormat::Tsv => rows(Table::new(Dialect::Tabs, row_bytes), options),
            InputFormat::Text | InputFormat::Markdown | InputFormat::Html | InputFormat::Code => {
                return Err(CorpusError::NotRecords { name: stream.name(), format });
            }
        };
        Ok(Self { stream, records, state: RecordsState::Reading })
    }
}

fn rows<S: RowSource + Send + 'static>(rows: S, options: &ReadOptions) -> Box<dyn RecordFormat + Send> {
    Box::new(TextRows::new(rows, options.fields.clone(), OtherFields::Whole, options.limits))
}

impl Iterator for PlacedRecords {
    type Item = Result<PlacedRecord, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == RecordsState::Over {
            return None;
        }
        let start = self.stream.offset();
        let next = self.records.next_record(&mut self.stream).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.state = RecordsState::Over;
        }
        let bytes = self.stream.offset() - start;
        next.map(|record| record.map(|(line, content)| PlacedRecord { line, bytes, content }))
    }
}

impl fmt::Debug for PlacedRecords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PlacedRecords").field("stream", &self.stream).finish_non_exhaustive()
    }
}

impl RecordFormat for TrimmedLines {
    fn next_record(&mut self, stream: &mut TextStream) -> Result<Option<NumberedContent>, CorpusError> {
        let Some(TrimmedLine { number, extent, content }) = self.next_line(stream)? else { return Ok(None) };
        let content = match content {
            // The user gets the text back, so it must be whole.
            _ if extent == Completeness::Cut => Err(RowProblem::TooLong),
            LineContent::NotText => Err(RowProblem::Malformed),
            LineContent::Blank => Err(RowProblem::NoText),
            LineContent::Text { text, .. } => Ok(TextRecord { text, fields: None }),
        };
        Ok(Some((number, content)))
    }
}

impl<S: RowSource> RecordFormat for TextRows<S> {
    fn next_record(&mut self, stream: &mut TextStream) -> Result<Option<NumberedContent>, CorpusError> {
        let Some(row) = self.next_row(stream)? else { return Ok(None) };
        let content = row.content.map(|row| TextRecord { text: row.text, fields: Some(row.fields) });
        Ok(Some((row.lines.0, content)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::options::{FieldChoice, ReadLimits};

    fn read(bytes: &[u8], format: InputFormat, text: &[&str]) -> Vec<(u64, Result<String, RowProblem>)> {
        let options = ReadOptions {
            fields: FieldChoice { text: text.iter().map(|&name| name.to_owned()).collect(), id: None },
            limits: ReadLimits { text_bytes: 12, row_bytes: 40, ..ReadLimits::default() },
            ..ReadOptions::default()
        };
        let records = PlacedRecords::new(TextStream::of(bytes), format, &options).unwrap();
        let records: Vec<PlacedRecord> = records.map(Result::unwrap).collect();
        assert_eq!(records.iter().map(|record| record.bytes).sum::<u64>(), bytes.len() as u64);
        let text = |record: TextRecord| match record.fields {
            None => record.text,
            Some(fields) => format!("{} {}", record.text, Value::Object(fields)),
        };
        records.into_iter().map(|record| (record.line, record.content.map(text))).collect()
    }

    #[test]
    fn every_line_has_its_place_whatever_is_wrong_with_it() {
        let lines = read(b" one \r\n\n\0nul\nmuch too long for this\nlast", InputFormat::Lines, &[]);
        let expected = [
            (1, Ok("one".to_owned())),
            (2, Err(RowProblem::NoText)),
            (3, Err(RowProblem::Malformed)),
            (4, Err(RowProblem::TooLong)),
            (5, Ok("last".to_owned())),
        ];
        assert_eq!(lines, expected);
    }

    #[test]
    fn every_line_of_json_has_its_place_and_keeps_its_fields() {
        let lines = b"{\"n\":1}\n\n{\"n\":2,\"body\":\"b\"}\n{\"text\":\"t\"}\n{\"body\":\nnull\n{\"body\":[\"x\",3]}";
        let none = Err(RowProblem::NoText);
        let expected = [
            (1, none.clone()),
            (2, none.clone()),
            (3, Ok("b {\"n\":2,\"body\":\"b\"}".to_owned())),
            (4, none.clone()),
            (5, Err(RowProblem::Malformed)),
            (6, Err(RowProblem::Malformed)),
            (7, Ok("x 3 {\"body\":[\"x\",3]}".to_owned())),
        ];
        assert_eq!(read(lines, InputFormat::Jsonl, &[]), expected);
        assert_eq!(read(b"{\"body\":\"b\"}", InputFormat::Jsonl, &["title"]), [(1, none)]);
    }

    #[test]
    fn rows_of_a_table_are_typed() {
        let rows = read(b"text,price\na,2\n,3\n", InputFormat::Csv, &[]);
        let expected = [(2, Ok("a {\"text\":\"a\",\"price\":2}".to_owned())), (3, Err(RowProblem::NoText))];
        assert_eq!(rows, expected);
    }

    #[test]
    fn of_a_long_text_of_a_row_the_start_is_embedded_and_the_fields_are_whole() {
        let rows = read(b"{\"text\":\"much too long\"}\n", InputFormat::Jsonl, &[]);
        assert_eq!(rows, [(1, Ok("much too lon {\"text\":\"much too long\"}".to_owned()))]);
    }

    #[test]
    fn a_format_of_whole_files_has_no_records() {
        let options = ReadOptions::default();
        let refused = PlacedRecords::new(TextStream::of(b"# A"), InputFormat::Markdown, &options);
        assert!(matches!(refused, Err(CorpusError::NotRecords { format: InputFormat::Markdown, .. })));
    }
}

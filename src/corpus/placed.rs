//! Every line, row or object of a source in its place: one that cannot be used is said to be so, not left out.

use std::fmt;

use serde_json::{Map, Value};

use super::json::{JsonArray, JsonLines};
use super::records::{RowSource, Typing, usual_text_field};
use super::stream::{Extent, TextStream};
use super::table::{Dialect, Table};
use super::values::{infer_type, lookup, text_of};
use super::{CorpusError, InputFormat, ReadOptions, RowProblem};

/// A line, a row or an object of a source.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacedRecord {
    /// The line on which it starts, counted from 1.
    pub line: u64,
    /// Bytes of text that it took, with its line end.
    pub bytes: u64,
    /// What it holds, or why that cannot be used.
    pub content: Result<TextRecord, RowProblem>,
}

/// A text, and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct TextRecord {
    /// Not blank, and without white space at its ends.
    pub text: String,
    /// All fields of a row or object, those of the text included; `None` of a line.
    pub fields: Option<Map<String, Value>>,
}

/// The records of one source, in order, one in memory at a time. A line is given out as soon as its end was read. After
/// an error there are no more.
pub struct PlacedRecords {
    stream: TextStream,
    records: Box<dyn RecordFormat + Send>,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Reading,
    Over,
}

/// A way to cut a stream into records.
trait RecordFormat {
    /// The next record and the line on which it starts; `None` at the end.
    fn next_record(&mut self, stream: &mut TextStream) -> Result<Option<Place>, CorpusError>;
}

type Place = (u64, Result<TextRecord, RowProblem>);

impl PlacedRecords {
    pub(super) fn new(
        stream: TextStream,
        format: InputFormat,
        options: &ReadOptions,
    ) -> Result<Self, CorpusError> {
        let (line_bytes, row_bytes) = (options.limits.line_bytes, options.limits.row_bytes);
        let text = || options.fields.text.clone();
        let records: Box<dyn RecordFormat + Send> = match format {
            InputFormat::Lines => Box::new(Lines { limit: line_bytes, buffer: Vec::new() }),
            InputFormat::Jsonl => Box::new(Rows { rows: JsonLines::every_line(row_bytes), text: text() }),
            InputFormat::Json => Box::new(Rows { rows: JsonArray::new(row_bytes), text: text() }),
            InputFormat::Csv => Box::new(Rows { rows: Table::new(Dialect::Commas, row_bytes), text: text() }),
            InputFormat::Tsv => Box::new(Rows { rows: Table::new(Dialect::Tabs, row_bytes), text: text() }),
            InputFormat::Text | InputFormat::Markdown | InputFormat::Html | InputFormat::Code => {
                return Err(CorpusError::NotRecords { name: stream.name(), format });
            }
        };
        Ok(Self { stream, records, state: State::Reading })
    }
}

impl Iterator for PlacedRecords {
    type Item = Result<PlacedRecord, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Over {
            return None;
        }
        let start = self.stream.offset();
        let next = self.records.next_record(&mut self.stream).transpose();
        if !matches!(next, Some(Ok(_))) {
            self.state = State::Over;
        }
        let bytes = self.stream.offset() - start;
        next.map(|place| place.map(|(line, content)| PlacedRecord { line, bytes, content }))
    }
}

impl fmt::Debug for PlacedRecords {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("PlacedRecords").field("stream", &self.stream).finish_non_exhaustive()
    }
}

/// Every line is a record; line ends and white space around the text are left out.
struct Lines {
    limit: u64,
    buffer: Vec<u8>,
}

impl RecordFormat for Lines {
    fn next_record(&mut self, stream: &mut TextStream) -> Result<Option<Place>, CorpusError> {
        let Some(line) = stream.read_line(&mut self.buffer, self.limit)? else { return Ok(None) };
        let (decoded, _) = stream.decode(&self.buffer);
        let text = decoded.trim();
        let content = if line.extent == Extent::Cut {
            Err(RowProblem::TooLong)
        } else if text.contains('\0') {
            Err(RowProblem::Malformed)
        } else if text.is_empty() {
            Err(RowProblem::NoText)
        } else {
            Ok(TextRecord { text: text.to_owned(), fields: None })
        };
        Ok(Some((line.number, content)))
    }
}

/// Every row is a record.
struct Rows<S> {
    rows: S,
    /// The fields that are the text; with none, the usual one of the first row that has such.
    text: Vec<String>,
}

impl<S: RowSource> RecordFormat for Rows<S> {
    fn next_record(&mut self, stream: &mut TextStream) -> Result<Option<Place>, CorpusError> {
        let Some(row) = self.rows.next_row(stream)? else { return Ok(None) };
        let content = row.fields.and_then(|fields| self.record(fields));
        Ok(Some((row.lines.0, content)))
    }
}

impl<S: RowSource> Rows<S> {
    fn record(&mut self, mut fields: Map<String, Value>) -> Result<TextRecord, RowProblem> {
        if self.text.is_empty() {
            self.text.extend(usual_text_field(&fields.keys().collect::<Vec<_>>()).cloned());
        }
        let values = self.text.iter().filter_map(|name| lookup(&fields, name));
        let texts: Vec<String> = values.filter_map(text_of).collect();
        if texts.is_empty() {
            return Err(RowProblem::NoText);
        }
        if S::TYPING == Typing::Inferred {
            fields.values_mut().for_each(infer_type);
        }
        Ok(TextRecord { text: texts.join(" "), fields: Some(fields) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{FieldChoice, ReadLimits};

    fn read(bytes: &[u8], format: InputFormat, text: &[&str]) -> Vec<(u64, Result<String, RowProblem>)> {
        let options = ReadOptions {
            fields: FieldChoice { text: text.iter().map(|&name| name.to_owned()).collect(), id: None },
            limits: ReadLimits { line_bytes: 12, row_bytes: 40, ..ReadLimits::default() },
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
    fn a_format_of_whole_files_has_no_records() {
        let options = ReadOptions::default();
        let refused = PlacedRecords::new(TextStream::of(b"# A"), InputFormat::Markdown, &options);
        assert!(matches!(refused, Err(CorpusError::NotRecords { format: InputFormat::Markdown, .. })));
    }
}

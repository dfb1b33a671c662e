//! Rows of JSON: an object per line, or the elements of one array.
//!
//! An array is divided into elements by its brackets, strings and commas alone, so that one element is in memory at a
//! time, and a malformed one does not affect the others as long as its brackets balance.

use serde_json::{Map, Value};

use super::budget::FieldLimits;
use super::error::CorpusError;
use super::json_fields::parse_object;
use super::rows::{Row, RowSource};
use super::statistics::RowProblem;
use super::stream::{Completeness, TextStream};

/// A longer first line does not tell the format.
const LINE_DETECTION_BYTES: usize = 1 << 20;

/// The most white space before the first element of a `.json` file that is read as rows.
const DETECTION_BYTES: usize = 1 << 20;

/// A JSON object per line.
#[derive(Debug)]
pub(super) struct JsonLines {
    limit: u64,
    blank_lines: BlankLines,
    buffer: Vec<u8>,
}

/// The treatment of lines with only white space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlankLines {
    Skipped,
    /// They are rows without a text.
    Rows,
}

impl JsonLines {
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, blank_lines: BlankLines::Skipped, buffer: Vec::new() }
    }

    /// Every line is a row; a blank line is a row without a text.
    pub(super) const fn every_line(limit: u64) -> Self {
        Self { limit, blank_lines: BlankLines::Rows, buffer: Vec::new() }
    }
}

impl RowSource for JsonLines {
    fn next_row(
        &mut self,
        stream: &mut TextStream,
        limits: FieldLimits<'_>,
    ) -> Result<Option<Row>, CorpusError> {
        while let Some(line) = stream.read_line(&mut self.buffer, self.limit)? {
            let lines = (line.number, line.number);
            if line.extent == Completeness::Cut {
                return Ok(Some(Row::faulty(lines, RowProblem::TooLong)));
            }
            match (self.buffer.trim_ascii().is_empty(), self.blank_lines) {
                (false, _) => return Ok(Some(object_row(&self.buffer, lines, stream, limits))),
                (true, BlankLines::Rows) => return Ok(Some(Row::faulty(lines, RowProblem::NoText))),
                (true, BlankLines::Skipped) => {}
            }
        }
        Ok(None)
    }
}

/// The elements of one array.
#[derive(Debug)]
pub(super) struct JsonArray {
    limit: u64,
    buffer: Vec<u8>,
    progress: ArrayProgress,
}

/// Where in the array the stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ArrayProgress {
    Before,
    Inside,
    After,
}

impl JsonArray {
    pub(super) const fn new(limit: u64) -> Self {
        Self { limit, buffer: Vec::new(), progress: ArrayProgress::Before }
    }

    /// Reads up to the comma or bracket that ends the element.
    fn read_element(&mut self, stream: &mut TextStream) -> Result<Completeness, CorpusError> {
        self.buffer.clear();
        let mut scanner = Scanner::default();
        let mut extent = Completeness::Whole;
        loop {
            let block = stream.peek()?;
            if block.is_empty() {
                return Err(fault(stream, "the array is not closed"));
            }
            let end = block.iter().position(|&byte| scanner.ends_before(byte));
            let part = &block[..end.unwrap_or(block.len())];
            if (self.buffer.len() + part.len()) as u64 > self.limit {
                extent = Completeness::Cut;
                self.buffer.clear();
            } else if extent == Completeness::Whole {
                self.buffer.extend_from_slice(part);
            }
            if let Some(end) = end {
                if block[end] == b']' {
                    self.progress = ArrayProgress::After;
                }
                stream.consume(end + 1);
                return Ok(extent);
            }
            let length = block.len();
            stream.consume(length);
        }
    }
}

impl RowSource for JsonArray {
    fn next_row(
        &mut self,
        stream: &mut TextStream,
        limits: FieldLimits<'_>,
    ) -> Result<Option<Row>, CorpusError> {
        if self.progress == ArrayProgress::Before {
            if skip_space(stream)? != Some(b'[') {
                return Err(fault(stream, "it does not start with ["));
            }
            stream.consume(1);
            self.progress = ArrayProgress::Inside;
        }
        while self.progress == ArrayProgress::Inside {
            skip_space(stream)?;
            let first = stream.line();
            let extent = self.read_element(stream)?;
            let last = first + memchr::memchr_iter(b'\n', self.buffer.trim_ascii_end()).count() as u64;
            if extent == Completeness::Cut {
                return Ok(Some(Row::faulty((first, first), RowProblem::TooLong)));
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Ok(Some(object_row(&self.buffer, (first, last), stream, limits)));
            }
        }
        match skip_space(stream)? {
            None => Ok(None),
            Some(_) => Err(fault(stream, "text follows the end of the array")),
        }
    }
}

/// Finds the end of an element without parsing it.
#[derive(Debug, Default)]
struct Scanner {
    depth: u64,
    string: StringState,
}

#[derive(Debug, Default)]
enum StringState {
    #[default]
    Outside,
    Inside,
    Escaped,
}

impl Scanner {
    /// Takes the next byte; true if the element ends before it.
    fn ends_before(&mut self, byte: u8) -> bool {
        match (&self.string, byte) {
            (StringState::Outside, b',' | b']') if self.depth == 0 => return true,
            (StringState::Outside, b'{' | b'[') => self.depth += 1,
            (StringState::Outside, b'}' | b']') => self.depth = self.depth.saturating_sub(1),
            (StringState::Outside, b'"') | (StringState::Escaped, _) => self.string = StringState::Inside,
            (StringState::Inside, b'"') => self.string = StringState::Outside,
            (StringState::Inside, b'\\') => self.string = StringState::Escaped,
            (StringState::Outside | StringState::Inside, _) => {}
        }
        false
    }
}

/// Whether the text starts as an array of objects. Reads ahead as far as the decision needs, within
/// [`DETECTION_BYTES`].
pub(super) fn starts_as_array_of_objects(stream: &mut TextStream) -> Result<bool, CorpusError> {
    loop {
        let shown = stream.peek()?;
        let mut marks = shown.iter().filter(|byte| !byte.is_ascii_whitespace());
        match (marks.next(), marks.next()) {
            (Some(b'['), Some(first)) => return Ok(*first == b'{'),
            (Some(b'['), None) | (None, _) if shown.len() < DETECTION_BYTES => {
                if stream.peek_further()? == 0 {
                    return Ok(false);
                }
            }
            _ => return Ok(false),
        }
    }
}

/// Whether the first line that is not blank is an object with the field `text`. No more than [`LINE_DETECTION_BYTES`] are read
/// ahead.
pub(super) fn starts_as_line_with_text(stream: &mut TextStream) -> Result<bool, CorpusError> {
    loop {
        let shown = stream.peek()?;
        let start = shown.trim_ascii_start();
        let line = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_undecided = start.is_empty() || (start[0] == b'{' && line.len() == start.len());
        if is_undecided && shown.len() < LINE_DETECTION_BYTES && stream.peek_further()? > 0 {
            continue;
        }
        let shown = stream.peek()?.trim_ascii_start();
        let line = shown.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let object = serde_json::from_slice::<Map<String, Value>>(line);
        return Ok(object.is_ok_and(|fields| fields.contains_key("text")));
    }
}

fn object_row(bytes: &[u8], lines: (u64, u64), stream: &TextStream, limits: FieldLimits<'_>) -> Row {
    let (text, replacement) = stream.decode(bytes);
    match parse_object(&text, limits) {
        Ok((fields, extent)) => Row { lines, replacement, extent, fields: Ok(fields) },
        Err(_) => Row::faulty(lines, RowProblem::Malformed),
    }
}

/// Moves to the next byte that is not white space, and returns it.
fn skip_space(stream: &mut TextStream) -> Result<Option<u8>, CorpusError> {
    loop {
        let block = stream.peek()?;
        let space = block.len() - block.trim_ascii_start().len();
        let next = block.get(space).copied();
        let at_end = block.is_empty();
        stream.consume(space);
        if next.is_some() || at_end {
            return Ok(next);
        }
    }
}

fn fault(stream: &TextStream, problem: &'static str) -> CorpusError {
    CorpusError::NotJsonArray { name: stream.name(), line: stream.line(), problem }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn rows(source: &mut impl RowSource, bytes: &[u8]) -> Result<Vec<Row>, CorpusError> {
        let mut stream = TextStream::of(bytes);
        let mut rows = Vec::new();
        while let Some(row) = source.next_row(&mut stream, FieldLimits::NONE)? {
            rows.push(row);
        }
        Ok(rows)
    }

    fn summary(rows: &[Row]) -> Vec<((u64, u64), Result<String, RowProblem>)> {
        rows.iter()
            .map(|row| (row.lines, row.fields.clone().map(|fields| Value::Object(fields).to_string())))
            .collect()
    }

    #[test]
    fn every_line_of_json_stands_alone() {
        let bytes = b"{\"a\":1}\r\n\n[1]\n{\"a\":\n{\"a\":{\"b\":[2,null]}}";
        let rows = rows(&mut JsonLines::new(1 << 20), bytes).unwrap();
        assert_eq!(
            summary(&rows),
            [
                ((1, 1), Ok("{\"a\":1}".to_owned())),
                ((3, 3), Err(RowProblem::Malformed)),
                ((4, 4), Err(RowProblem::Malformed)),
                ((5, 5), Ok("{\"a\":{\"b\":[2,null]}}".to_owned())),
            ]
        );
    }

    #[test]
    fn an_array_is_divided_at_its_own_commas_only() {
        let bytes = b" [\n {\"a\": \"x,]}\\\"\",\n \"b\": [1, {}]},\n{\"a\" 1},\n\n{\"a\":2}\n]\n";
        let rows = rows(&mut JsonArray::new(1 << 20), bytes).unwrap();
        assert_eq!(
            summary(&rows),
            [
                ((2, 3), Ok("{\"a\":\"x,]}\\\"\",\"b\":[1,{}]}".to_owned())),
                ((4, 4), Err(RowProblem::Malformed)),
                ((6, 6), Ok("{\"a\":2}".to_owned())),
            ]
        );
    }

    #[test]
    fn text_that_is_not_an_array_is_an_error_that_names_the_line() {
        for (bytes, wrong) in [
            (&b"\n{}"[..], "it does not start with ["),
            (b"[{}\n", "the array is not closed"),
            (b"[]\nx", "text follows the end of the array"),
        ] {
            let error = rows(&mut JsonArray::new(1 << 20), bytes).unwrap_err();
            assert!(
                matches!(error, CorpusError::NotJsonArray { line: 2, problem, .. } if problem == wrong),
                "{error}"
            );
        }
        assert!(rows(&mut JsonArray::new(1 << 20), b"[ ]").unwrap().is_empty());
    }

    #[test]
    fn a_row_beyond_the_limit_costs_no_other() {
        let too_long = ((1, 1), Err(RowProblem::TooLong));
        let lines = rows(&mut JsonLines::new(9), b"{\"a\":\"long\"}\n{\"a\":2}\n").unwrap();
        assert_eq!(summary(&lines), [too_long.clone(), ((2, 2), Ok("{\"a\":2}".to_owned()))]);
        let array = rows(&mut JsonArray::new(9), b"[{\"a\":\"long\"},\n{\"a\":2}]").unwrap();
        assert_eq!(summary(&array), [too_long, ((2, 2), Ok("{\"a\":2}".to_owned()))]);
    }
}

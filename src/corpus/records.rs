//! From rows of named fields to documents.

use std::collections::HashSet;

use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use super::reader::DocumentFormat;
use super::stream::{Replacement, TextStream};
use super::values::{id_of, infer_type, lookup, text_of};
use super::{CorpusError, Document, Passage, ReadStatistics, RowProblem};

/// Where the text is if the user names no field: the first of these that the first record has.
const USUAL_TEXT_FIELDS: [&str; 9] =
    ["text", "content", "contents", "body", "passage", "sentence", "abstract", "summary", "description"];

/// The usual name of a text field that is among `names`.
pub(super) fn usual_text_field<'a>(names: &[&'a String]) -> Option<&'a String> {
    USUAL_TEXT_FIELDS
        .iter()
        .find_map(|usual| names.iter().copied().find(|name| name.eq_ignore_ascii_case(usual)))
}

/// Which fields of a record are its text and its id. A name that is no field itself is a path through objects, its
/// steps joined by dots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldChoice {
    /// The fields whose texts, joined by a space, are the text: `title` and `text` are then BEIR's own. With none,
    /// `text` or another usual name.
    pub text: Vec<String>,
    /// The field that holds the user's own id; with none, the line is the id.
    pub id: Option<String>,
}

/// A row, or why it is none.
#[derive(Debug)]
pub(super) struct Row {
    /// First and last line.
    pub(super) lines: (u64, u64),
    pub(super) replacement: Replacement,
    pub(super) fields: Result<Map<String, Value>, RowProblem>,
}

impl Row {
    pub(super) const fn faulty(lines: (u64, u64), problem: RowProblem) -> Self {
        Self { lines, replacement: Replacement::None, fields: Err(problem) }
    }
}

/// Whether values have types of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Typing {
    /// As in JSON.
    Stated,
    /// All are strings, as in a table: what looks like a number or a boolean is one.
    Inferred,
}

/// A source of rows.
pub(super) trait RowSource {
    const TYPING: Typing = Typing::Stated;

    /// The next row; `None` at the end.
    fn next_row(&mut self, stream: &mut TextStream) -> Result<Option<Row>, CorpusError>;
}

/// Makes every row with a text, and a new id where ids are asked for, a document.
#[derive(Debug)]
pub(super) struct RecordReader<S> {
    rows: S,
    fields: FieldChoice,
    /// Of the first record.
    field_names: Vec<String>,
    found: Found,
    /// The first half of the SHA-256 of every id: 16 bytes an id whatever its length.
    ids: HashSet<[u8; 16]>,
    /// The line of the last document without an id of the user's own, and how many start on it.
    last_key: (u64, u64),
}

/// What any row had so far; a source in which none has it was read with the wrong options.
#[derive(Debug, Default)]
struct Found {
    record: bool,
    text: bool,
    id: bool,
}

impl<S: RowSource> RecordReader<S> {
    pub(super) fn new(rows: S, fields: FieldChoice) -> Self {
        Self {
            rows,
            fields,
            field_names: Vec::new(),
            found: Found::default(),
            ids: HashSet::new(),
            last_key: (0, 0),
        }
    }

    fn document(&mut self, row: Row) -> Result<Document, RowProblem> {
        let (first, last) = row.lines;
        let mut fields = row.fields?;
        let text = self.text(&fields).ok_or(RowProblem::NoText)?;
        let key = match &self.fields.id {
            None => self.line_key(first),
            Some(field) => {
                let id = lookup(&fields, field).and_then(id_of);
                self.found.id |= id.is_some();
                self.new_id(id.ok_or(RowProblem::NoId)?)?
            }
        };
        fields.retain(|name, _| !self.fields.text.contains(name) && self.fields.id.as_ref() != Some(name));
        if S::TYPING == Typing::Inferred {
            fields.values_mut().for_each(infer_type);
        }
        Ok(Document {
            key,
            line: Some(first),
            metadata: (!fields.is_empty()).then_some(fields),
            passages: vec![Passage { text, lines: Some((first, last)), bytes: None }],
        })
    }

    /// The line, with `#n` for the n-th document that starts there: an array of JSON may be one line.
    fn line_key(&mut self, line: u64) -> String {
        let (last_line, count) = self.last_key;
        let count = if line == last_line { count + 1 } else { 1 };
        self.last_key = (line, count);
        if count == 1 { line.to_string() } else { format!("{line}#{count}") }
    }

    fn text(&mut self, fields: &Map<String, Value>) -> Option<String> {
        let values: Vec<&Value> = self.fields.text.iter().filter_map(|name| lookup(fields, name)).collect();
        self.found.text |= !values.is_empty();
        let texts: Vec<String> = values.into_iter().filter_map(text_of).collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    fn new_id(&mut self, id: String) -> Result<String, RowProblem> {
        let digest: [u8; 32] = Sha256::digest(&id).into();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        if self.ids.insert(half) { Ok(id) } else { Err(RowProblem::DuplicateId) }
    }

    /// Settles on a text field, if the user named none, by the first record.
    fn meet_first_record(&mut self, fields: &Map<String, Value>, name: String) -> Result<(), CorpusError> {
        self.found.record = true;
        self.field_names = fields.keys().cloned().collect();
        if self.fields.text.is_empty() {
            match usual_text_field(&self.field_names.iter().collect::<Vec<_>>()) {
                Some(field) => self.fields.text.push(field.clone()),
                None => return Err(CorpusError::NoTextField { name, fields: self.field_names.clone() }),
            }
        }
        Ok(())
    }

    /// At the end: whether any row had what was asked for.
    fn check(&self, stream: &TextStream, statistics: &ReadStatistics) -> Result<(), CorpusError> {
        let (name, fields) = (stream.name(), self.field_names.clone());
        let malformed = statistics.skipped_rows(RowProblem::Malformed);
        match (&self.found, &self.fields.id) {
            (Found { record: false, .. }, _) if malformed.count > 0 => {
                Err(CorpusError::NoRecord { name, line: malformed.first_line })
            }
            (Found { record: true, text: false, .. }, _) => Err(CorpusError::NoTextField { name, fields }),
            (Found { text: true, id: false, .. }, Some(field))
                if statistics.skipped_rows(RowProblem::NoId).count > 0 =>
            {
                Err(CorpusError::NoIdField { name, field: field.clone(), fields })
            }
            _ => Ok(()),
        }
    }
}

impl<S: RowSource> DocumentFormat for RecordReader<S> {
    fn next_document(
        &mut self,
        stream: &mut TextStream,
        statistics: &mut ReadStatistics,
    ) -> Result<Option<Document>, CorpusError> {
        while let Some(row) = self.rows.next_row(stream)? {
            if let (Ok(fields), false) = (&row.fields, self.found.record) {
                self.meet_first_record(fields, stream.name())?;
            }
            let line = row.lines.0;
            statistics.replaced_lines += u64::from(row.replacement == Replacement::Some);
            match self.document(row) {
                Ok(document) => return Ok(Some(document)),
                Err(problem) => statistics.skip_row(problem, line),
            }
        }
        self.check(stream, statistics)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::json::JsonLines;
    use super::*;

    fn choice(text: &[&str], id: Option<&str>) -> FieldChoice {
        FieldChoice { text: text.iter().map(|&field| field.to_owned()).collect(), id: id.map(str::to_owned) }
    }

    fn read(lines: &str, fields: FieldChoice) -> Result<(Vec<Document>, ReadStatistics), CorpusError> {
        let (mut stream, mut statistics) = (TextStream::of(lines.as_bytes()), ReadStatistics::default());
        let mut reader = RecordReader::new(JsonLines::new(1 << 20), fields);
        let mut documents = Vec::new();
        while let Some(document) = reader.next_document(&mut stream, &mut statistics)? {
            documents.push(document);
        }
        Ok((documents, statistics))
    }

    fn summary(documents: &[Document]) -> Vec<(&str, &str)> {
        documents.iter().map(|document| (document.key.as_str(), document.passages[0].text.as_str())).collect()
    }

    #[test]
    fn fields_become_text_id_and_metadata() {
        let lines = r#"{"_id": "31", "title": " On cells ", "text": "They divide.", "year": 2020, "more": {"a": [1]}}"#;
        let (documents, _) = read(lines, choice(&["title", "text"], Some("_id"))).unwrap();
        assert_eq!(summary(&documents), [("31", "On cells They divide.")]);
        assert_eq!(documents[0].line, Some(1));
        let metadata = documents[0].metadata.clone().map(Value::Object);
        assert_eq!(metadata, Some(json!({"year": 2020, "more": {"a": [1]}})));
    }

    #[test]
    fn objects_that_share_a_line_have_keys_of_their_own() {
        let mut stream = TextStream::of(b"[{\"text\": \"a\"}, {\"text\": \"b\"},\n {\"text\": \"c\"}]");
        let mut reader =
            RecordReader::new(super::super::json::JsonArray::new(1 << 20), FieldChoice::default());
        let mut keys = Vec::new();
        while let Some(document) = reader.next_document(&mut stream, &mut ReadStatistics::default()).unwrap()
        {
            keys.push(document.key);
        }
        assert_eq!(keys, ["1", "1#2", "2"]);
    }

    #[test]
    fn a_name_that_is_no_field_is_a_path() {
        let lines = r#"{"a.b": "own", "a": {"b": "nested", "c": ["x", 2, null, {"d": 3}]}}"#;
        assert_eq!(summary(&read(lines, choice(&["a.b"], None)).unwrap().0), [("1", "own")]);
        assert_eq!(summary(&read(lines, choice(&["a.c"], None)).unwrap().0), [("1", "x 2")]);
    }

    #[test]
    fn the_text_has_a_usual_name_if_the_user_gives_none() {
        let lines = "{\"body\": \"b\", \"Text\": \"t\"}\n{\"body\": \"only\"}";
        let (documents, statistics) = read(lines, FieldChoice::default()).unwrap();
        assert_eq!(summary(&documents), [("1", "t")]);
        assert_eq!(statistics.skipped_rows(RowProblem::NoText).count, 1);
        let error = read("{\"x\": \"b\", \"y\": 1}", FieldChoice::default()).unwrap_err();
        assert!(error.to_string().ends_with("it has: x, y"), "{error}");
    }

    #[test]
    fn rows_without_text_or_id_and_with_a_known_id_cost_no_other() {
        let lines = [
            r#"{"id": 1, "text": "first"}"#,
            r#"{"id": 2, "text": " "}"#,
            r#"{"id": null, "text": "no id"}"#,
            r#"{"id": "1", "text": "again"}"#,
            r#"{"id": 3}"#,
            "not json",
            r#"{"id": 4, "text": "last"}"#,
        ];
        let (documents, statistics) = read(&lines.join("\n"), choice(&[], Some("id"))).unwrap();
        assert_eq!(summary(&documents), [("1", "first"), ("4", "last")]);
        let tallies = RowProblem::ALL.map(|problem| {
            let tally = statistics.skipped_rows(problem);
            (tally.count, tally.first_line)
        });
        assert_eq!(tallies, [(2, 2), (1, 3), (1, 4), (1, 6), (0, 0)]);
    }

    #[test]
    fn options_that_fit_no_row_are_errors_that_list_the_fields() {
        let error = read("{\"a\": \"x\"}\n", choice(&["b"], None)).unwrap_err();
        assert!(matches!(&error, CorpusError::NoTextField { fields, .. } if *fields == ["a"]), "{error}");
        let error = read("{\"a\": \"x\"}\n", choice(&["a"], Some("b"))).unwrap_err();
        assert!(matches!(&error, CorpusError::NoIdField { field, .. } if field == "b"), "{error}");
        let error = read("\nplain\n", FieldChoice::default()).unwrap_err();
        assert!(matches!(error, CorpusError::NoRecord { line: 2, .. }), "{error}");
        assert!(read("", FieldChoice::default()).unwrap().0.is_empty());
    }
}

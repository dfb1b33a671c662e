//! From rows of named fields to documents.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::document::{Document, Passage};
use super::document_format::DocumentFormat;
use super::error::CorpusError;
use super::options::{FieldChoice, ReadLimits};
use super::rows::RowSource;
use super::statistics::{ReadStatistics, RowProblem};
use super::stream::{Completeness, Replacement, TextStream};
use super::table::MAXIMUM_FIELDS;
use super::text_rows::{OtherFields, RowContent, SeenFields, TextRow, TextRows};

/// Turns every row with a text, and with a new id if ids are required, into a document.
#[derive(Debug)]
pub(super) struct RecordReader<S> {
    rows: TextRows<S>,
    /// The first half of the SHA-256 of every id: 16 bytes for an id of any length.
    ids: HashSet<[u8; 16]>,
    /// The line of the last document without the user's own id, and the number of documents that start on it.
    last_key: (u64, u64),
}

impl<S: RowSource> RecordReader<S> {
    pub(super) fn new(rows: S, fields: FieldChoice, limits: ReadLimits) -> Self {
        let rows = TextRows::new(rows, fields, OtherFields::Limited, limits);
        Self { rows, ids: HashSet::new(), last_key: (0, 0) }
    }

    fn document(&mut self, row: TextRow) -> Result<Document, RowProblem> {
        let (first, last) = row.lines;
        let RowContent { text, id, mut fields } = row.content?;
        let FieldChoice { text: text_fields, id: id_field } = self.rows.choice();
        // Fields that the user did not name as the text stay in the metadata for filters.
        let is_joined = self.rows.joined_fields().is_some();
        fields
            .retain(|name, _| (is_joined || !text_fields.contains(name)) && id_field.as_ref() != Some(name));
        let key =
            if id_field.is_some() { self.new_id(id.ok_or(RowProblem::NoId)?)? } else { self.line_key(first) };
        Ok(Document {
            key,
            line: Some(first),
            metadata: (!fields.is_empty()).then_some(fields),
            passages: vec![Passage { text, context: None, lines: Some((first, last)), bytes: None }],
        })
    }

    /// The line, with `#n` for the n-th document that starts there: an array of JSON may be one line.
    fn line_key(&mut self, line: u64) -> String {
        let (last_line, count) = self.last_key;
        let count = if line == last_line { count + 1 } else { 1 };
        self.last_key = (line, count);
        if count == 1 { line.to_string() } else { format!("{line}#{count}") }
    }

    fn new_id(&mut self, id: String) -> Result<String, RowProblem> {
        let digest: [u8; 32] = Sha256::digest(&id).into();
        let mut half = [0; 16];
        half.copy_from_slice(&digest[..16]);
        if self.ids.insert(half) { Ok(id) } else { Err(RowProblem::DuplicateId) }
    }

    /// Checks at the end that some row had the requested fields.
    fn check(&self, name: String, statistics: &ReadStatistics) -> Result<(), CorpusError> {
        let SeenFields { first_record, text, id } = self.rows.seen();
        let Some(fields) = first_record.clone() else { return self.check_rows(name, statistics) };
        match &self.rows.choice().id {
            _ if !text => Err(CorpusError::NoTextField { name, fields }),
            Some(field) if !id && statistics.skipped_rows(RowProblem::NoId).count > 0 => {
                Err(CorpusError::NoIdField { name, field: field.clone(), fields })
            }
            _ => Ok(()),
        }
    }

    /// Why there is no record, if there are rows.
    fn check_rows(&self, name: String, statistics: &ReadStatistics) -> Result<(), CorpusError> {
        let first_line = |problem| {
            let tally = statistics.skipped_rows(problem);
            (tally.count > 0).then_some(tally.first_line)
        };
        if let Some(line) = first_line(RowProblem::Malformed) {
            Err(CorpusError::NoRecord { name, line })
        } else if let Some(line) = first_line(RowProblem::TooLong) {
            Err(CorpusError::RowTooLong { name, line, limit: self.rows.limits().row_bytes })
        } else if let Some(line) = first_line(RowProblem::TooManyFields) {
            Err(CorpusError::TooManyFields { name, line, limit: MAXIMUM_FIELDS })
        } else {
            Ok(())
        }
    }
}

impl<S: RowSource> DocumentFormat for RecordReader<S> {
    fn joined_fields(&self) -> Option<&[String]> {
        self.rows.joined_fields()
    }

    fn next_document(
        &mut self,
        stream: &mut TextStream,
        statistics: &mut ReadStatistics,
    ) -> Result<Option<Document>, CorpusError> {
        while let Some(row) = self.rows.next_row(stream)? {
            let line = row.lines.0;
            statistics.replaced_lines += u64::from(row.replacement == Replacement::Some);
            let is_cut = row.extent == Completeness::Cut;
            match self.document(row) {
                Ok(document) => {
                    statistics.cut_lines += u64::from(is_cut);
                    return Ok(Some(document));
                }
                Err(problem) => statistics.skip_row(problem, line),
            }
        }
        self.check(stream.name(), statistics)?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::corpus::json::{JsonArray, JsonLines};

    fn choice(text: &[&str], id: Option<&str>) -> FieldChoice {
        FieldChoice { text: text.iter().map(|&field| field.to_owned()).collect(), id: id.map(str::to_owned) }
    }

    fn read(lines: &str, fields: FieldChoice) -> Result<(Vec<Document>, ReadStatistics), CorpusError> {
        let (mut stream, mut statistics) = (TextStream::of(lines.as_bytes()), ReadStatistics::default());
        let mut reader = RecordReader::new(JsonLines::new(1 << 20), fields, ReadLimits::default());
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
        let rows = JsonArray::new(1 << 20);
        let mut reader = RecordReader::new(rows, FieldChoice::default(), ReadLimits::default());
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
    fn the_text_has_the_usual_name_of_the_first_record_that_has_one() {
        let lines = "{\"n\": 1}\n{\"body\": \"b\", \"Text\": \"t\"}\n{\"body\": \"only\"}";
        let (documents, statistics) = read(lines, FieldChoice::default()).unwrap();
        assert_eq!(summary(&documents), [("2", "t")]);
        assert_eq!(statistics.skipped_rows(RowProblem::NoText).count, 2);
        let error = read("{\"x\": \"b1\", \"y\": 1}", FieldChoice::default()).unwrap_err();
        assert!(error.to_string().ends_with("it has: x, y"), "{error}");
    }

    #[test]
    fn without_a_field_called_text_all_fields_of_words_are_joined_and_stay_metadata() {
        let lines = "{\"id\": \"p1\", \"name\": \"Ann Lee\", \"age\": 3, \"note\": \"Likes tea\"}\n{\"id\": \"p2\", \"name\": \"Bo\"}";
        let (documents, _) = read(lines, FieldChoice::default()).unwrap();
        assert_eq!(summary(&documents), [("1", "Ann Lee\nLikes tea"), ("2", "Bo")]);
        let metadata = documents[1].metadata.clone().map(Value::Object);
        assert_eq!(metadata, Some(json!({"id": "p2", "name": "Bo"})));
        assert_eq!(summary(&read(lines, choice(&["note"], None)).unwrap().0), [("1", "Likes tea")]);
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
        assert_eq!(tallies, [(2, 2), (1, 3), (1, 4), (1, 6), (0, 0), (0, 0)]);
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

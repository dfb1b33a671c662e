//! The documents file that accompanies a matrix: line i of the file belongs to row i of the matrix.
//!
//! | file | a line is |
//! | --- | --- |
//! | `.txt` | a text; a blank line is an empty text |
//! | `.jsonl` | an object with the string `text`, an optional `id` (a string or a whole number), and the user's own fields, which become metadata |
//! | `.jsonl` from an export | an object with `text`, `metadata` and, in `embed`, the [`ExportedPlace`] |

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The field that holds the [`ExportedPlace`] in a line of an export.
pub(super) const PLACE_FIELD: &str = "embed";

/// Why a file of documents cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentsError {
    /// There is no such file.
    #[error("no file {}", path.display())]
    NotFound {
        /// The file.
        path: PathBuf,
    },
    /// A folder, a pipe or a device; the file is read twice, so it must be regular.
    #[error("{} is not a regular file", path.display())]
    NotRegular {
        /// The path.
        path: PathBuf,
    },
    /// The name ends in neither `.txt` nor `.jsonl`.
    #[error("{} is neither a .txt nor a .jsonl file", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        source: io::Error,
    },
    /// A line is not UTF-8.
    #[error("line {line} of {} is not UTF-8", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
    },
    /// A line is not a JSON object, or its place is not in the form that an export writes.
    #[error("line {line} of {} is not a JSON object of a document", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// Where and why parsing failed.
        source: serde_json::Error,
    },
    /// A required field is missing or of another type.
    #[error("line {line} of {} has no field \"{field}\" that is {expected}", path.display())]
    Field {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// The field.
        field: &'static str,
        /// The expected type.
        expected: &'static str,
    },
}

/// The place of an exported passage, which an import restores. Lines are counted from 1, bytes from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedPlace<'a> {
    /// The source, as a path from the working directory; `-` is standard input.
    pub source: Cow<'a, str>,
    /// The key of the document within the source.
    pub document: Cow<'a, str>,
    /// The line on which the document begins.
    pub document_line: Option<u64>,
    /// The position of the passage among those of the document, from 0.
    pub ordinal: u32,
    /// The first line of the passage.
    pub line: Option<u64>,
    /// The last line of the passage.
    pub end_line: Option<u64>,
    /// The first byte of the passage.
    pub start_byte: Option<u64>,
    /// The byte after the last.
    pub end_byte: Option<u64>,
    /// The title and the headings that were embedded before the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Cow<'a, str>>,
}

impl ExportedPlace<'_> {
    /// Whether its numbers fit the catalog.
    fn is_storable(&self) -> bool {
        let Self { document_line, line, end_line, start_byte, end_byte, .. } = self;
        let numbers = [document_line, line, end_line, start_byte, end_byte];
        numbers.into_iter().flatten().all(|number| i64::try_from(*number).is_ok())
    }
}

/// The document of a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowDocument {
    /// The text; empty if the row has none.
    pub text: String,
    /// The document's own fields.
    pub metadata: Option<Map<String, Value>>,
    /// The name of the document.
    pub name: DocumentName,
}

/// The name of the document of a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum DocumentName {
    /// The number of the row, counted from 1.
    #[default]
    Row,
    /// The user's own id.
    Id(String),
    /// Its place in the index that it was exported from.
    Exported(ExportedPlace<'static>),
}

/// How the lines of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineFormat {
    Text,
    Json,
}

/// Reads the documents of a file, one for each line.
#[derive(Debug)]
pub struct DocumentsReader<R> {
    lines: R,
    format: LineFormat,
    path: PathBuf,
    line: u64,
    buffer: Vec<u8>,
}

impl DocumentsReader<BufReader<File>> {
    /// Opens the file at `path`.
    ///
    /// # Errors
    ///
    /// [`DocumentsError::NotFound`], [`DocumentsError::NotRegular`], [`DocumentsError::UnknownFormat`] and
    /// [`DocumentsError::Read`].
    pub fn open(path: &Path) -> Result<Self, DocumentsError> {
        let failed = |source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => DocumentsError::NotFound { path: path.to_owned() },
            _ => DocumentsError::Read { path: path.to_owned(), source },
        };
        // Checked before opening: opening a pipe would block until it has a writer.
        if !fs::metadata(path).map_err(failed)?.is_file() {
            return Err(DocumentsError::NotRegular { path: path.to_owned() });
        }
        let format = match path.extension().and_then(|extension| extension.to_str()) {
            Some("txt") => LineFormat::Text,
            Some("jsonl" | "ndjson") => LineFormat::Json,
            _ => return Err(DocumentsError::UnknownFormat { path: path.to_owned() }),
        };
        let lines = BufReader::new(File::open(path).map_err(failed)?);
        Ok(Self { lines, format, path: path.to_owned(), line: 0, buffer: Vec::new() })
    }
}

impl<R: BufRead> DocumentsReader<R> {
    fn next_document(&mut self) -> Result<Option<RowDocument>, DocumentsError> {
        self.buffer.clear();
        let read = self.lines.read_until(b'\n', &mut self.buffer);
        if read.map_err(|source| DocumentsError::Read { path: self.path.clone(), source })? == 0 {
            return Ok(None);
        }
        self.line += 1;
        let marked = self.line == 1 && self.buffer.starts_with(BYTE_ORDER_MARK);
        let bytes = &self.buffer[if marked { BYTE_ORDER_MARK.len() } else { 0 }..];
        let line = std::str::from_utf8(bytes)
            .map_err(|_| DocumentsError::NotUtf8 { path: self.path.clone(), line: self.line })?;
        match self.format {
            LineFormat::Text => {
                Ok(Some(RowDocument { text: line.trim().to_owned(), ..RowDocument::default() }))
            }
            LineFormat::Json => self.parse(line).map(Some),
        }
    }

    fn parse(&self, line: &str) -> Result<RowDocument, DocumentsError> {
        let invalid = |source| DocumentsError::Json { path: self.path.clone(), line: self.line, source };
        let mut fields: Map<String, Value> = serde_json::from_str(line).map_err(invalid)?;
        let Some(Value::String(text)) = fields.shift_remove("text") else {
            return Err(self.field("text", "a string"));
        };
        if let Some(place @ Value::Object(_)) = fields.get(PLACE_FIELD) {
            let place = ExportedPlace::deserialize(place).map_err(invalid)?;
            if !place.is_storable() {
                return Err(self.field(PLACE_FIELD, "a place whose numbers are below 2^63"));
            }
            let metadata = match fields.shift_remove("metadata") {
                None | Some(Value::Null) => None,
                Some(Value::Object(fields)) => Some(fields),
                Some(_) => return Err(self.field("metadata", "an object")),
            };
            return Ok(RowDocument { text, metadata, name: DocumentName::Exported(place) });
        }
        let name = match fields.shift_remove("id") {
            None => DocumentName::Row,
            Some(Value::String(id)) => DocumentName::Id(id),
            Some(Value::Number(id)) if !id.is_f64() => DocumentName::Id(id.to_string()),
            Some(_) => return Err(self.field("id", "a string or a whole number")),
        };
        let metadata = (!fields.is_empty()).then_some(fields);
        Ok(RowDocument { text, metadata, name })
    }

    fn field(&self, field: &'static str, expected: &'static str) -> DocumentsError {
        DocumentsError::Field { path: self.path.clone(), line: self.line, field, expected }
    }
}

impl<R: BufRead> Iterator for DocumentsReader<R> {
    type Item = Result<RowDocument, DocumentsError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_document().transpose()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(format: LineFormat, bytes: &[u8]) -> Result<Vec<RowDocument>, DocumentsError> {
        let path = PathBuf::from("d.jsonl");
        DocumentsReader { lines: bytes, format, path, line: 0, buffer: Vec::new() }.collect()
    }

    fn read_json(line: &Value) -> Result<RowDocument, DocumentsError> {
        read(LineFormat::Json, line.to_string().as_bytes()).map(|mut read| read.remove(0))
    }

    #[test]
    fn every_line_of_a_text_file_is_a_row_even_a_blank_one() {
        let read = read(LineFormat::Text, b"\xef\xbb\xbffirst\r\n\n last ").unwrap();
        let texts: Vec<&str> = read.iter().map(|document| document.text.as_str()).collect();
        assert_eq!(texts, ["first", "", "last"]);
        assert!(
            read.iter().all(|document| document.name == DocumentName::Row && document.metadata.is_none())
        );
    }

    #[test]
    fn fields_of_the_users_own_become_metadata_in_their_order() {
        let read =
            read_json(&json!({"z": 1, "text": " as it is ", "id": 7, "metadata": "m", "embed": [2.5]}))
                .unwrap();
        assert_eq!(read.text, " as it is ");
        assert_eq!(read.name, DocumentName::Id("7".to_owned()));
        assert_eq!(
            Value::Object(read.metadata.unwrap()).to_string(),
            r#"{"z":1,"metadata":"m","embed":[2.5]}"#
        );
        let bare = read_json(&json!({"text": "t"})).unwrap();
        assert_eq!((bare.name, bare.metadata), (DocumentName::Row, None));
    }

    #[test]
    fn a_place_is_read_back_as_it_was_written() {
        let place = ExportedPlace {
            source: "a.txt".into(),
            document: "3".into(),
            document_line: Some(3),
            ordinal: 1,
            line: Some(4),
            end_line: None,
            start_byte: Some(0),
            end_byte: Some(9),
            context: Some("Title".into()),
        };
        let line = json!({"id": "a.txt:3#2", "text": "t", "metadata": {"id": 1}, PLACE_FIELD: place});
        let read = read_json(&line).unwrap();
        assert_eq!(read.name, DocumentName::Exported(place));
        assert_eq!(read.metadata, json!({"id": 1}).as_object().cloned());
    }

    #[test]
    fn a_bad_line_is_named() {
        let message = |bytes: &[u8]| read(LineFormat::Json, bytes).expect_err("the file is bad").to_string();
        let good = b"{\"text\": \"t\"}\n".as_slice();
        let with = |line: &[u8]| message(&[good, line].concat());
        assert_eq!(with(b"\n{}"), "line 2 of d.jsonl is not a JSON object of a document");
        assert_eq!(with(b"[1]"), "line 2 of d.jsonl is not a JSON object of a document");
        assert_eq!(with(b"{\"text\": 3}"), "line 2 of d.jsonl has no field \"text\" that is a string");
        assert_eq!(
            with(b"{\"text\": \"t\", \"id\": 1.5}"),
            "line 2 of d.jsonl has no field \"id\" that is a string or a whole number"
        );
        assert_eq!(with(b"{\"text\": \"caf\xe9\"}"), "line 2 of d.jsonl is not UTF-8");
        assert!(with(b"{\"text\": \"t\", \"embed\": {}}").starts_with("line 2 of d.jsonl is not"));
        let place = json!({"source": "a", "document": "1", "ordinal": 0});
        let line = json!({"text": "t", "embed": place, "metadata": 3}).to_string();
        assert_eq!(with(line.as_bytes()), "line 2 of d.jsonl has no field \"metadata\" that is an object");
    }
}

//! A passage with its place in the corpus: what every search returns and every result prints.

use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Map, Value};

use super::document::Passage;

/// A passage and its place, as shown to the user.
///
/// As JSON it has the fields `id`, `source`, `line`, `end_line`, `start_byte`, `end_byte`, `document` (the document's
/// id), `text` and `metadata`, in that order; a field without a value is null. Fields are only ever added.
#[derive(Debug, Clone, PartialEq)]
pub struct LocatedPassage {
    /// Its source, as shown to the user.
    pub source: String,
    /// The key of its document within the source: a line number, or the user's own id.
    pub document: String,
    /// Its own key within the source ([`Document::passage_key`](super::Document::passage_key)).
    pub key: String,
    /// Its text, and its place in the source.
    pub passage: Passage,
    /// The document's own fields.
    pub metadata: Option<Map<String, Value>>,
}

impl LocatedPassage {
    /// `source:key`, which names the passage.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}:{}", self.source, self.key)
    }

    /// `source:key` of its document.
    #[must_use]
    pub fn document_id(&self) -> String {
        format!("{}:{}", self.source, self.document)
    }

    /// `source:line`, which editors open; the id if the source has no lines.
    #[must_use]
    pub fn place(&self) -> String {
        match self.passage.lines {
            Some((line, _)) => format!("{}:{line}", self.source),
            None => self.id(),
        }
    }
}

impl Serialize for LocatedPassage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (line, end_line) = self.passage.lines.unzip();
        let (start_byte, end_byte) = self.passage.bytes.unzip();
        let mut record = serializer.serialize_struct("LocatedPassage", 9)?;
        record.serialize_field("id", &self.id())?;
        record.serialize_field("source", &self.source)?;
        record.serialize_field("line", &line)?;
        record.serialize_field("end_line", &end_line)?;
        record.serialize_field("start_byte", &start_byte)?;
        record.serialize_field("end_byte", &end_byte)?;
        record.serialize_field("document", &self.document_id())?;
        record.serialize_field("text", &self.passage.text)?;
        record.serialize_field("metadata", &self.metadata)?;
        record.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn located(lines: Option<(u64, u64)>) -> LocatedPassage {
        LocatedPassage {
            source: "notes/a.md".to_owned(),
            document: "intro".to_owned(),
            key: "7#2".to_owned(),
            passage: Passage {
                text: "a \"text\"".to_owned(),
                context: None,
                lines,
                bytes: lines.map(|_| (20, 28)),
            },
            metadata: json!({"z": 1, "a": null}).as_object().cloned(),
        }
    }

    #[test]
    fn the_fields_of_a_record_have_a_fixed_order() {
        assert_eq!(
            serde_json::to_string(&located(Some((7, 8)))).expect("a record is plain data"),
            r#"{"id":"notes/a.md:7#2","source":"notes/a.md","line":7,"end_line":8,"start_byte":20,"end_byte":28,"document":"notes/a.md:intro","text":"a \"text\"","metadata":{"z":1,"a":null}}"#
        );
    }

    #[test]
    fn a_missing_value_is_null() {
        let bare = LocatedPassage { metadata: None, ..located(None) };
        let record = serde_json::to_value(&bare).expect("a record is plain data");
        for field in ["line", "end_line", "start_byte", "end_byte", "metadata"] {
            assert!(record.get(field).is_some_and(serde_json::Value::is_null), "{field}");
        }
    }

    #[test]
    fn a_place_is_a_line_where_there_is_one() {
        assert_eq!(located(Some((7, 8))).place(), "notes/a.md:7");
        assert_eq!(located(None).place(), "notes/a.md:7#2");
    }
}

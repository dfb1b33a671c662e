//! A text as JSON results carry it.

use embed::search::LocatedPassage;
use serde::Serialize;

/// A text and where it stands, with the fields that the README documents; fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct TextRecord {
    pub(crate) id: String,
    pub(crate) source: String,
    pub(crate) line: Option<u64>,
    pub(crate) end_line: Option<u64>,
    pub(crate) start_byte: Option<u64>,
    pub(crate) end_byte: Option<u64>,
    pub(crate) document: String,
    pub(crate) text: String,
    pub(crate) metadata: Option<serde_json::Map<String, serde_json::Value>>,
}

impl TextRecord {
    /// `source:line`, which editors open; the id where lines mean nothing.
    pub(crate) fn place(&self) -> String {
        match self.line {
            Some(line) => format!("{}:{line}", self.source),
            None => self.id.clone(),
        }
    }
}

impl From<LocatedPassage> for TextRecord {
    fn from(located: LocatedPassage) -> Self {
        let LocatedPassage { source, document, key, passage, metadata } = located;
        Self {
            id: format!("{source}:{key}"),
            document: format!("{source}:{document}"),
            source,
            line: passage.lines.map(|(line, _)| line),
            end_line: passage.lines.map(|(_, end_line)| end_line),
            start_byte: passage.bytes.map(|(start, _)| start),
            end_byte: passage.bytes.map(|(_, end)| end),
            text: passage.text,
            metadata,
        }
    }
}

//! The text and the id of every row. Documents and placed records are both made from these.
//!
//! The rules are those of the [module of sources](super#rows).

use std::collections::VecDeque;

use serde_json::{Map, Value};

use super::budget::FieldLimits;
use super::error::CorpusError;
use super::offsets::boundary_before;
use super::options::{FieldChoice, ReadLimits};
use super::rows::{Row, RowSource, Typing};
use super::statistics::RowProblem;
use super::stream::{Completeness, Replacement, TextStream};
use super::values::{id_of, infer_type, lookup, text_of};
use super::word_fields::word_fields;

/// The field of the text if the user names none: the first of these that a record has.
const USUAL_TEXT_FIELDS: [&str; 9] =
    ["text", "content", "contents", "body", "passage", "sentence", "abstract", "summary", "description"];

/// How much of a row's fields is kept besides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherFields {
    /// All, since the user gets them back unchanged.
    Whole,
    /// As much as the limits allow.
    Limited,
}

/// The sample of rows that shows which fields hold words if none is named as text, and its most bytes.
const SAMPLE_ROWS: usize = 64;
const SAMPLE_BYTES: u64 = 1 << 20;

/// Finds the text and the id of every row.
#[derive(Debug)]
pub(super) struct TextRows<S> {
    rows: S,
    /// The choice has no text field until a row has a usual one.
    choice: FieldChoice,
    /// The fields that may be text or id.
    important: Vec<String>,
    other_fields: OtherFields,
    limits: ReadLimits,
    seen: SeenFields,
    /// Rows that were read as a sample.
    ahead: VecDeque<Row>,
    joining: Joining,
}

/// Whether the text is joined from all fields that hold words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joining {
    Undecided,
    No,
    Yes,
}

/// The fields seen in any row so far. If no row has the requested fields, the options are wrong.
#[derive(Debug, Default)]
pub(super) struct SeenFields {
    /// The names in the first record; `None` before it.
    pub(super) first_record: Option<Vec<String>>,
    pub(super) text: bool,
    pub(super) id: bool,
}

/// A row that was read.
#[derive(Debug)]
pub(super) struct TextRow {
    /// First and last line.
    pub(super) lines: (u64, u64),
    pub(super) replacement: Replacement,
    /// Whether text and fields are whole.
    pub(super) extent: Completeness,
    pub(super) content: Result<RowContent, RowProblem>,
}

/// The content of a usable row.
#[derive(Debug)]
pub(super) struct RowContent {
    /// Not blank, and without surrounding white space.
    pub(super) text: String,
    /// `None` if no id is required, or the row has none.
    pub(super) id: Option<String>,
    /// All fields, those of text and id included, with their types.
    pub(super) fields: Map<String, Value>,
}

impl<S: RowSource> TextRows<S> {
    pub(super) fn new(rows: S, choice: FieldChoice, other_fields: OtherFields, limits: ReadLimits) -> Self {
        // If the user gets rows back one by one, none is read ahead.
        let is_open = choice.text.is_empty() && other_fields == OtherFields::Limited;
        let mut reader = Self {
            rows,
            choice,
            important: Vec::new(),
            other_fields,
            limits,
            seen: SeenFields::default(),
            ahead: VecDeque::new(),
            joining: if is_open { Joining::Undecided } else { Joining::No },
        };
        reader.note_important();
        reader
    }

    /// The fields of the text; none until a row has a usual one.
    pub(super) const fn choice(&self) -> &FieldChoice {
        &self.choice
    }

    /// The fields that are joined because none is named as text.
    pub(super) fn joined_fields(&self) -> Option<&[String]> {
        (self.joining == Joining::Yes).then_some(&self.choice.text)
    }

    pub(super) const fn seen(&self) -> &SeenFields {
        &self.seen
    }

    pub(super) const fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    /// The next row; `None` at the end.
    pub(super) fn next_row(&mut self, stream: &mut TextStream) -> Result<Option<TextRow>, CorpusError> {
        if self.joining == Joining::Undecided {
            self.decide(stream)?;
        }
        let row = match self.ahead.pop_front() {
            Some(row) => row,
            None => match self.read_row(stream)? {
                Some(row) => row,
                None => return Ok(None),
            },
        };
        let Row { lines, replacement, mut extent, fields } = row;
        let content = fields.and_then(|fields| self.content(fields, &mut extent));
        Ok(Some(TextRow { lines, replacement, extent, content }))
    }

    /// Reads rows until one has a field named as text, or there are enough to tell which fields hold words.
    fn decide(&mut self, stream: &mut TextStream) -> Result<(), CorpusError> {
        let start = stream.offset();
        self.joining = Joining::No;
        while self.ahead.len() < SAMPLE_ROWS && stream.offset() - start < SAMPLE_BYTES {
            let Some(row) = self.read_row(stream)? else { break };
            let is_found = row.fields.as_ref().is_ok_and(|fields| usual_text_field(fields).is_some());
            self.ahead.push_back(row);
            if is_found {
                return Ok(());
            }
        }
        let fields = word_fields(self.ahead.iter().filter_map(|row| row.fields.as_ref().ok()));
        let id = self.choice.id.clone();
        self.choice.text = fields.into_iter().filter(|field| Some(field) != id.as_ref()).collect();
        if !self.choice.text.is_empty() {
            self.joining = Joining::Yes;
            self.note_important();
        }
        Ok(())
    }

    fn read_row(&mut self, stream: &mut TextStream) -> Result<Option<Row>, CorpusError> {
        let bytes = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
        let limits = match self.other_fields {
            OtherFields::Whole => FieldLimits::NONE,
            OtherFields::Limited => FieldLimits {
                important: &self.important,
                field_bytes: bytes(self.limits.text_bytes),
                shared_bytes: bytes(self.limits.metadata_bytes),
            },
        };
        self.rows.next_row(stream, limits)
    }

    fn content(
        &mut self,
        mut fields: Map<String, Value>,
        extent: &mut Completeness,
    ) -> Result<RowContent, RowProblem> {
        self.meet(&fields);
        let text = self.text(&fields, extent).ok_or(RowProblem::NoText)?;
        // Before types are inferred: an id is verbatim.
        let id = self.choice.id.as_ref().and_then(|name| lookup(&fields, name)).and_then(id_of);
        self.seen.id |= id.is_some();
        if S::TYPING == Typing::Inferred {
            fields.values_mut().for_each(infer_type);
        }
        Ok(RowContent { text, id, fields })
    }

    /// Records the names in the first record, and chooses a text field if none is chosen yet.
    fn meet(&mut self, fields: &Map<String, Value>) {
        if self.seen.first_record.is_none() {
            self.seen.first_record = Some(fields.keys().cloned().collect());
        }
        if self.choice.text.is_empty()
            && let Some(field) = usual_text_field(fields)
        {
            self.choice.text.push(field.to_owned());
            self.note_important();
        }
    }

    fn note_important(&mut self) {
        self.important = match self.choice.text.as_slice() {
            [] => USUAL_TEXT_FIELDS.map(str::to_owned).to_vec(),
            fields => fields.to_vec(),
        };
        self.important.extend(self.choice.id.clone());
    }

    fn text(&mut self, fields: &Map<String, Value>, extent: &mut Completeness) -> Option<String> {
        let values: Vec<&Value> = self.choice.text.iter().filter_map(|name| lookup(fields, name)).collect();
        self.seen.text |= !values.is_empty();
        let texts: Vec<String> = values.into_iter().filter_map(text_of).collect();
        let mut text = texts.join(if self.joining == Joining::Yes { "\n" } else { " " });
        let limit = usize::try_from(self.limits.text_bytes).unwrap_or(usize::MAX);
        if text.len() > limit {
            text.truncate(boundary_before(&text, limit));
            text.truncate(text.trim_end().len());
            *extent = Completeness::Cut;
        }
        (!text.is_empty()).then_some(text)
    }
}

fn usual_text_field(fields: &Map<String, Value>) -> Option<&str> {
    USUAL_TEXT_FIELDS
        .iter()
        .find_map(|usual| fields.keys().find(|name| name.eq_ignore_ascii_case(usual)))
        .map(String::as_str)
}

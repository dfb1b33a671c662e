//! The text and the id of every row. Documents and placed records are both made of what this module reads.
//!
//! The rules are those of the [module of sources](super#rows).

use serde_json::{Map, Value};

use super::budget::FieldLimits;
use super::error::CorpusError;
use super::offsets::boundary_before;
use super::options::{FieldChoice, ReadLimits};
use super::rows::{Row, RowSource, Typing};
use super::statistics::RowProblem;
use super::stream::{Completeness, Replacement, TextStream};
use super::values::{id_of, infer_type, lookup, text_of};

/// Where the text is if the user names no field: the first of these that a record has.
const USUAL_TEXT_FIELDS: [&str; 9] =
    ["text", "content", "contents", "body", "passage", "sentence", "abstract", "summary", "description"];

/// How much of a row's fields is kept beside its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OtherFields {
    /// All, since the user gets them back as they are.
    Whole,
    /// As much as the limits allow.
    Limited,
}

/// Finds the text and the id of every row.
#[derive(Debug)]
pub(super) struct TextRows<S> {
    rows: S,
    /// The text has no field as long as no row has a usual one.
    choice: FieldChoice,
    /// The fields that may be text or id.
    important: Vec<String>,
    other_fields: OtherFields,
    limits: ReadLimits,
    seen: SeenFields,
}

/// What any row had so far. A source in which none has it was read with the wrong options.
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

/// What a usable row has.
#[derive(Debug)]
pub(super) struct RowContent {
    /// Not blank, and without surrounding white space.
    pub(super) text: String,
    /// `None` where no id is asked for, or the row has none.
    pub(super) id: Option<String>,
    /// All fields, those of text and id included, with their types.
    pub(super) fields: Map<String, Value>,
}

impl<S: RowSource> TextRows<S> {
    pub(super) fn new(rows: S, choice: FieldChoice, other_fields: OtherFields, limits: ReadLimits) -> Self {
        let mut reader =
            Self { rows, choice, important: Vec::new(), other_fields, limits, seen: SeenFields::default() };
        reader.note_important();
        reader
    }

    /// The fields of the text, none as long as no row has a usual one.
    pub(super) const fn choice(&self) -> &FieldChoice {
        &self.choice
    }

    pub(super) const fn seen(&self) -> &SeenFields {
        &self.seen
    }

    pub(super) const fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    /// The next row; `None` at the end.
    pub(super) fn next_row(&mut self, stream: &mut TextStream) -> Result<Option<TextRow>, CorpusError> {
        let bytes = |limit| usize::try_from(limit).unwrap_or(usize::MAX);
        let limits = match self.other_fields {
            OtherFields::Whole => FieldLimits::NONE,
            OtherFields::Limited => FieldLimits {
                important: &self.important,
                field_bytes: bytes(self.limits.text_bytes),
                shared_bytes: bytes(self.limits.metadata_bytes),
            },
        };
        let Some(row) = self.rows.next_row(stream, limits)? else { return Ok(None) };
        let Row { lines, replacement, mut extent, fields } = row;
        let content = fields.and_then(|fields| self.content(fields, &mut extent));
        Ok(Some(TextRow { lines, replacement, extent, content }))
    }

    fn content(
        &mut self,
        mut fields: Map<String, Value>,
        extent: &mut Completeness,
    ) -> Result<RowContent, RowProblem> {
        self.meet(&fields);
        let text = self.text(&fields, extent).ok_or(RowProblem::NoText)?;
        // Before types are inferred: an id is what the source has.
        let id = self.choice.id.as_ref().and_then(|name| lookup(&fields, name)).and_then(id_of);
        self.seen.id |= id.is_some();
        if S::TYPING == Typing::Inferred {
            fields.values_mut().for_each(infer_type);
        }
        Ok(RowContent { text, id, fields })
    }

    /// Notes the names of the first record, and settles on a text field where that is open.
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
        let mut text = texts.join(" ");
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

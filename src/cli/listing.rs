//! Writes results one by one, as lines for people or as JSON for programs.

use std::io::{self, Write};

use embed::engine::{Hit, LocatedPassage};
use serde::Serialize;

use crate::cli::json::{self, JsonList, JsonObject};
use crate::cli::render::{Column, PlainStyle, cut, plain_line, printable};

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ListingForm {
    /// A line per result, for people.
    Plain(PlainStyle),
    /// One JSON document.
    Json,
    /// One JSON object per line.
    Jsonl,
}

/// A result on several lines, for people.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    /// The title above this result and those after it.
    pub(crate) title: Option<&'a str>,
    pub(crate) head: &'a [Column],
    /// The lines, written unchanged.
    pub(crate) lines: &'a [String],
}

/// Writes results.
pub(crate) struct Listing<'a> {
    writer: ListingWriter<'a>,
    records: usize,
}

enum ListingWriter<'a> {
    Plain(&'a mut dyn Write, PlainStyle),
    Json(JsonList<'a>),
    Jsonl(&'a mut dyn Write),
}

impl<'a> Listing<'a> {
    /// Begins a listing; `head` writes the fields of the JSON document that come before its results.
    pub(crate) fn begin(
        output: &'a mut dyn Write,
        form: ListingForm,
        head: impl FnOnce(&mut JsonObject<'a>) -> io::Result<()>,
    ) -> io::Result<Self> {
        let writer = match form {
            ListingForm::Plain(style) => ListingWriter::Plain(output, style),
            ListingForm::Jsonl => ListingWriter::Jsonl(output),
            ListingForm::Json => {
                let mut document = JsonObject::begin(output)?;
                head(&mut document)?;
                ListingWriter::Json(document.list("results")?)
            }
        };
        Ok(Self { writer, records: 0 })
    }

    /// Writes `record`, or for people the line of `columns`.
    pub(crate) fn add(&mut self, record: &impl Serialize, columns: &[Column]) -> io::Result<()> {
        self.records += 1;
        match &mut self.writer {
            ListingWriter::Plain(output, style) => writeln!(output, "{}", plain_line("", columns, *style)),
            ListingWriter::Json(list) => list.item(record),
            ListingWriter::Jsonl(output) => json::write_line(*output, record),
        }
    }

    /// Writes `record`, or for people `block`, with a blank line between blocks.
    pub(crate) fn add_block(&mut self, record: &impl Serialize, block: &Block<'_>) -> io::Result<()> {
        let ListingWriter::Plain(output, style) = &mut self.writer else { return self.add(record, &[]) };
        if self.records > 0 {
            writeln!(output)?;
        }
        self.records += 1;
        if let Some(title) = block.title {
            writeln!(output, "{}", plain_line("", &[Column::Title(title.to_owned())], *style))?;
        }
        writeln!(output, "{}", plain_line("", block.head, *style))?;
        block.lines.iter().try_for_each(|line| writeln!(output, "{line}"))
    }

    /// Writes `record`, or for people its unchanged `text` on one line.
    pub(crate) fn add_text(&mut self, record: &impl Serialize, text: &str) -> io::Result<()> {
        let ListingWriter::Plain(output, style) = &mut self.writer else { return self.add(record, &[]) };
        self.records += 1;
        let line = text.replace(['\r', '\n'], " ");
        // Control characters in a text could steer a terminal; only a terminal has a width.
        writeln!(output, "{}", if style.width.is_some() { printable(&line) } else { line })
    }

    /// For people, writes the line of `columns` indented below the last record.
    pub(crate) fn add_below(&mut self, columns: &[Column]) -> io::Result<()> {
        let ListingWriter::Plain(output, style) = &mut self.writer else { return Ok(()) };
        writeln!(output, "{}", plain_line("    ", columns, *style))
    }

    /// For people, writes `line`, cut to the width, below the last record.
    pub(crate) fn add_line_below(&mut self, line: &str) -> io::Result<()> {
        let ListingWriter::Plain(output, style) = &mut self.writer else { return Ok(()) };
        let mut left = style.width.unwrap_or(usize::MAX);
        writeln!(output, "{}", cut(line, &mut left))
    }

    /// Ends the listing and returns the number of its records.
    pub(crate) fn end(self) -> io::Result<usize> {
        match self.writer {
            ListingWriter::Json(list) => list.end()?,
            ListingWriter::Plain(output, _) | ListingWriter::Jsonl(output) => output.flush()?,
        }
        Ok(self.records)
    }
}

/// Score, place and text.
pub(crate) fn hit_columns(hit: &Hit) -> [Column; 3] {
    let [place, text] = passage_columns(&hit.passage);
    [Column::score(hit.score), place, text]
}

/// Place and text.
pub(crate) fn passage_columns(passage: &LocatedPassage) -> [Column; 2] {
    [Column::Place(passage.place()), Column::Text(passage.passage.text.clone())]
}

//! Records one after another, as lines for people or as JSON for programs, written as they come.

use std::fmt::Write as _;
use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use clap::Args;
use serde::Serialize;

use super::args::GlobalArguments;
use super::render::{Color, cut, one_line, printable};
use super::resolve::{self, Environment};

/// How records are written.
#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// Write one JSON document
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// Write a JSON object a line
    #[arg(long)]
    jsonl: bool,
}

/// A column of a plain line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Column {
    Score(String),
    Place(String),
    Text(String),
}

impl Column {
    pub(crate) fn score(score: f32) -> Self {
        Self::Score(format!("{score:.3}"))
    }
}

/// A listing on its way out.
pub(crate) struct Listing<'a> {
    output: &'a mut dyn Write,
    form: Form,
    records: usize,
}

enum Form {
    Plain { width: Option<usize>, color: Color },
    Json,
    Jsonl,
}

impl<'a> Listing<'a> {
    /// Begins a listing; `head`, an object, is the JSON document but for its results.
    pub(crate) fn begin(
        output: &'a mut dyn Write,
        (arguments, global): (&OutputArguments, &GlobalArguments),
        head: &impl Serialize,
    ) -> anyhow::Result<Self> {
        let form = match (arguments.json, arguments.jsonl) {
            (true, _) => Form::Json,
            (_, true) => Form::Jsonl,
            (false, false) => Form::Plain {
                width: resolve::terminal_width(),
                color: Environment::read()?.color(global.color),
            },
        };
        if matches!(form, Form::Json) {
            let object = serde_json::to_string(head)?;
            let fields = object.strip_suffix('}').expect("a head is an object");
            write!(output, "{fields},\"results\":[")?;
        }
        Ok(Self { output, form, records: 0 })
    }

    /// Writes `record`, or for people the line of `columns` and then, set in, those of `below`.
    pub(crate) fn add(
        &mut self,
        record: &impl Serialize,
        columns: &[Column],
        below: &[Vec<Column>],
    ) -> io::Result<()> {
        match self.form {
            Form::Plain { width, color } => {
                writeln!(self.output, "{}", plain_line("", columns, width, color))?;
                for columns in below {
                    writeln!(self.output, "{}", plain_line("    ", columns, width, color))?;
                }
            }
            Form::Json => {
                if self.records > 0 {
                    write!(self.output, ",")?;
                }
                serde_json::to_writer(&mut self.output, record)?;
            }
            Form::Jsonl => {
                serde_json::to_writer(&mut self.output, record)?;
                writeln!(self.output)?;
            }
        }
        self.records += 1;
        Ok(())
    }

    /// Writes `record`, or for people its `text` as it is, but on one line.
    pub(crate) fn add_text(&mut self, record: &impl Serialize, text: &str) -> io::Result<()> {
        let Form::Plain { width, .. } = self.form else { return self.add(record, &[], &[]) };
        self.records += 1;
        let line = text.replace(['\r', '\n'], " ");
        // A terminal has a width, and could be steered by what a text holds.
        writeln!(self.output, "{}", if width.is_some() { printable(&line) } else { line })
    }

    /// Ends the listing and returns the number of its records.
    pub(crate) fn end(self) -> io::Result<usize> {
        if matches!(self.form, Form::Json) {
            writeln!(self.output, "]}}")?;
        }
        self.output.flush()?;
        Ok(self.records)
    }
}

fn plain_line(indent: &str, columns: &[Column], width: Option<usize>, color: Color) -> String {
    let mut left = width.unwrap_or(usize::MAX);
    let mut line = cut(indent, &mut left).to_owned();
    for (index, column) in columns.iter().enumerate() {
        let (style, text) = match column {
            Column::Score(text) => (AnsiColor::Green.on_default(), text),
            Column::Place(text) => (AnsiColor::Magenta.on_default(), text),
            Column::Text(text) => (Style::new(), text),
        };
        let style = if color == Color::On { style } else { Style::new() };
        if index > 0 {
            line += cut(" | ", &mut left);
        }
        let text = one_line(text);
        write!(line, "{style}{}{style:#}", cut(&text, &mut left)).expect("writing to a string does not fail");
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_line_is_cut_to_the_width_with_what_it_is_set_in_by() {
        let columns =
            [Column::score(0.5), Column::Place("a.txt:1".to_owned()), Column::Text("two\nlines".to_owned())];
        assert_eq!(plain_line("", &columns, None, Color::Off), "0.500 | a.txt:1 | two lines");
        assert_eq!(plain_line("  ", &columns, Some(22), Color::Off), "  0.500 | a.txt:1 | tw");
        let colored = plain_line("", &columns[..1], None, Color::On);
        assert_eq!(colored, "\u{1b}[32m0.500\u{1b}[0m");
    }
}

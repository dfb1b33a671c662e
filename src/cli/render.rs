//! Search results as text for people and as JSON for programs.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use unicode_width::UnicodeWidthChar;

use super::context::{ContextLine, lines_around};
use super::text_record::TextRecord;

/// One result, with the fields that the README documents; fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Record {
    /// The text; null for a vector.
    pub(crate) query: Option<String>,
    /// The line of the text, or the row of the vector, in the file of queries, from 1; null for an argument.
    pub(crate) query_line: Option<u64>,
    pub(crate) rank: usize,
    pub(crate) score: f32,
    #[serde(flatten)]
    pub(crate) passage: TextRecord,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line a result, for people.
    Plain(PlainStyle),
    /// One JSON document.
    Json,
    /// A JSON object a line.
    Jsonl,
}

/// How a plain line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlainStyle {
    /// Columns to cut lines to; `None` leaves them whole.
    pub(crate) width: Option<usize>,
    pub(crate) color: Color,
    pub(crate) queries: QueryColumn,
    /// Lines of the source to show on either side of a result; `None` shows the text alone.
    pub(crate) context: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    On,
    Off,
}

/// Whether a plain line begins with its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QueryColumn {
    Shown,
    Hidden,
}

#[derive(Serialize)]
struct JsonDocument<'a> {
    model: &'a str,
    results: &'a [Record],
}

/// Writes `records` of the model `model`.
///
/// # Errors
///
/// What `output` gives.
pub(crate) fn write_records(
    output: &mut dyn Write,
    format: Format,
    model: &str,
    records: &[Record],
) -> io::Result<()> {
    match format {
        Format::Plain(style) => {
            for record in records {
                writeln!(output, "{}", plain_line(record, style))?;
                if let Some(around) = style.context {
                    write_context(output, record, around, style.width)?;
                }
            }
        }
        Format::Json => {
            serde_json::to_writer(&mut *output, &JsonDocument { model, results: records })?;
            writeln!(output)?;
        }
        Format::Jsonl => {
            for record in records {
                serde_json::to_writer(&mut *output, record)?;
                writeln!(output)?;
            }
        }
    }
    output.flush()
}

fn plain_line(record: &Record, style: PlainStyle) -> String {
    let (score_style, place_style) = match style.color {
        Color::On => (AnsiColor::Green.on_default(), AnsiColor::Magenta.on_default()),
        Color::Off => (Style::new(), Style::new()),
    };
    let mut columns = Vec::new();
    if style.queries == QueryColumn::Shown {
        columns.push((Style::new(), query_column(record)));
    }
    columns.push((score_style, format!("{:.3}", record.score)));
    columns.push((place_style, one_line(&record.passage.place())));
    columns.push((Style::new(), one_line(&record.passage.text)));
    let mut left = style.width.unwrap_or(usize::MAX);
    let mut line = String::new();
    for (index, (paint, column)) in columns.into_iter().enumerate() {
        if index > 0 {
            line.push_str(cut(" | ", &mut left));
        }
        let shown = cut(&column, &mut left);
        write!(line, "{paint}{shown}{paint:#}").expect("writing to a string does not fail");
    }
    line
}

/// The text of the query; the number of its row where it is a vector.
fn query_column(record: &Record) -> String {
    match (&record.query, record.query_line) {
        (Some(text), _) => one_line(text),
        (None, row) => row.map(|row| row.to_string()).unwrap_or_default(),
    }
}

/// Writes the lines of `record` (`12:`) and `around` more on either side (`11-`).
fn write_context(
    output: &mut dyn Write,
    record: &Record,
    around: u64,
    width: Option<usize>,
) -> io::Result<()> {
    let TextRecord { source, line: Some(line), end_line: Some(end_line), .. } = &record.passage else {
        return Ok(());
    };
    let hit = *line..=*end_line;
    // Standard input is spent, and a file of the index may be gone: the text above is then all there is to show.
    let Ok(lines) = lines_around(Path::new(source), &hit, around) else {
        return Ok(());
    };
    for ContextLine { number, text } in lines {
        let mark = if hit.contains(&number) { ':' } else { '-' };
        let spaced = text.trim_end().replace('\t', " ");
        let shown: String = spaced.chars().filter(|character| !is_steering(*character)).collect();
        let whole = format!("{number:>8}{mark} {shown}");
        let mut left = width.unwrap_or(usize::MAX);
        writeln!(output, "{}", cut(whole.trim_end(), &mut left))?;
    }
    Ok(())
}

/// Folds white space and line ends to single spaces and leaves out control characters, which could steer a terminal.
pub(crate) fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().filter(|character| !is_steering(*character)));
    }
    line
}

/// The text as one line that cannot steer a terminal; a file name may hold anything.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|character| if is_steering(character) { '\u{fffd}' } else { character }).collect()
}

/// Control characters, and the marks that reverse the direction of what follows.
fn is_steering(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The start of `text` that fits in `left` columns, which are then fewer.
pub(crate) fn cut<'a>(text: &'a str, left: &mut usize) -> &'a str {
    for (index, character) in text.char_indices() {
        let width = character.width().unwrap_or(0);
        if width > *left {
            *left = 0;
            return &text[..index];
        }
        *left -= width;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(text: &str) -> Record {
        Record {
            query: Some("q".to_owned()),
            query_line: None,
            rank: 1,
            score: 0.812_345_6,
            passage: TextRecord {
                id: "docs.txt:1".to_owned(),
                source: "docs.txt".to_owned(),
                line: Some(1),
                end_line: Some(1),
                start_byte: Some(0),
                end_byte: Some(4),
                document: "docs.txt:1".to_owned(),
                text: text.to_owned(),
                metadata: None,
            },
        }
    }

    const BARE: PlainStyle =
        PlainStyle { width: None, color: Color::Off, queries: QueryColumn::Hidden, context: None };

    #[test]
    fn a_plain_line_folds_line_ends_and_leaves_control_characters_out() {
        let line = plain_line(&record("two\r\nlines\tand \u{1b}[31mred\u{7} \u{202e}txt"), BARE);
        assert_eq!(line, "0.812 | docs.txt:1 | two lines and [31mred txt");
    }

    #[test]
    fn a_plain_line_is_cut_to_the_columns_that_its_characters_take() {
        let narrow = PlainStyle { width: Some(25), ..BARE };
        assert_eq!(plain_line(&record("日本語の文章"), narrow), "0.812 | docs.txt:1 | 日本");
        assert_eq!(plain_line(&record("short"), PlainStyle { width: Some(10), ..BARE }), "0.812 | do");
    }

    #[test]
    fn what_is_printed_of_a_name_stays_on_its_line() {
        assert_eq!(printable("a\nb \u{1b}[31m  c"), "a\u{fffd}b \u{fffd}[31m  c");
    }

    #[test]
    fn a_plain_line_begins_with_its_query_where_there_are_many() {
        let line = plain_line(&record("text"), PlainStyle { queries: QueryColumn::Shown, ..BARE });
        assert_eq!(line, "q | 0.812 | docs.txt:1 | text");
    }

    #[test]
    fn a_score_is_written_with_the_fewest_digits_that_read_back() {
        let json = serde_json::to_value(record("text")).expect("a record is plain data");
        assert_eq!(serde_json::to_string(&record("text")).unwrap().matches("0.8123456").count(), 1);
        assert!(json["query_line"].is_null());
    }
}

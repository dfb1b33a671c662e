//! Text for people: columns, colors, and lines that fit a terminal and cannot steer it.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

/// A column of a plain line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Column {
    Score(String),
    Place(String),
    Text(String),
    Title(String),
}

impl Column {
    pub(crate) fn score(score: f32) -> Self {
        Self::Score(format!("{score:.3}"))
    }
}

/// The style of a plain line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PlainStyle {
    /// Terminal columns to cut lines to; `None` leaves them whole.
    pub(crate) width: Option<usize>,
    pub(crate) color: Color,
}

impl PlainStyle {
    /// Whole lines without color, for any standard output.
    pub(crate) const WHOLE: Self = Self { width: None, color: Color::Off };
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Color {
    On,
    Off,
}

/// The line of `columns`, after `indent`.
pub(crate) fn plain_line(indent: &str, columns: &[Column], style: PlainStyle) -> String {
    let mut left = style.width.unwrap_or(usize::MAX);
    let mut line = cut(indent, &mut left).to_owned();
    for (index, column) in columns.iter().enumerate() {
        let (paint, text) = match column {
            Column::Score(text) => (AnsiColor::Green.on_default(), text),
            Column::Place(text) => (AnsiColor::Magenta.on_default(), text),
            Column::Text(text) => (Style::new(), text),
            Column::Title(text) => (Style::new().bold(), text),
        };
        let paint = if style.color == Color::On { paint } else { Style::new() };
        if index > 0 {
            line += cut(" | ", &mut left);
        }
        let text = one_line(text);
        write!(line, "{paint}{}{paint:#}", cut(&text, &mut left)).expect("writing to a string does not fail");
    }
    line
}

/// Folds white space and line ends to single spaces and drops control characters, which could steer a terminal.
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

/// `text` without its control characters, but with its white space.
pub(crate) fn without_controls(text: &str) -> String {
    text.replace('\t', " ").chars().filter(|character| !is_steering(*character)).collect()
}

/// `text` as one line that cannot steer a terminal; file names may contain anything.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|character| if is_steering(character) { '\u{fffd}' } else { character }).collect()
}

/// Whether `character` is a control character, or a mark that reverses the direction of text.
fn is_steering(character: char) -> bool {
    character.is_control() || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The start of `text` that fits in `left` terminal columns; subtracts its width from `left`.
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

/// `1 line`, `2 lines`.
pub(crate) fn counted(count: u64, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, width: Option<usize>) -> String {
        let columns = [
            Column::score(0.812_345_6),
            Column::Place("docs.txt:1".to_owned()),
            Column::Text(text.to_owned()),
        ];
        plain_line("", &columns, PlainStyle { width, color: Color::Off })
    }

    #[test]
    fn a_plain_line_folds_line_ends_and_drops_control_characters() {
        let shown = line("two\r\nlines\tand \u{1b}[31mred\u{7} \u{202e}txt", None);
        assert_eq!(shown, "0.812 | docs.txt:1 | two lines and [31mred txt");
    }

    #[test]
    fn a_plain_line_is_cut_to_the_terminal_columns_of_its_characters() {
        assert_eq!(line("日本語の文章", Some(25)), "0.812 | docs.txt:1 | 日本");
        assert_eq!(line("short", Some(10)), "0.812 | do");
    }

    #[test]
    fn the_indent_of_a_plain_line_counts_and_color_does_not() {
        let columns =
            [Column::score(0.5), Column::Place("a.txt:1".to_owned()), Column::Text("two\nlines".to_owned())];
        let narrow = PlainStyle { width: Some(22), color: Color::Off };
        assert_eq!(plain_line("  ", &columns, narrow), "  0.500 | a.txt:1 | tw");
        let colored = plain_line("", &columns[..1], PlainStyle { width: Some(5), color: Color::On });
        assert_eq!(colored, "\u{1b}[32m0.500\u{1b}[0m");
    }

    #[test]
    fn a_printed_name_stays_on_its_line() {
        assert_eq!(printable("a\nb \u{1b}[31m  c"), "a\u{fffd}b \u{fffd}[31m  c");
    }
}

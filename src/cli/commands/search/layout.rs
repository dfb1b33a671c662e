//! A hit on a terminal: a line with score and place, and below it the most relevant lines.

use std::fmt::Write as _;
use std::path::Path;

use anstyle::Style;
use embed::engine::{InputFormat, LocatedPassage, Origin};

use crate::cli::excerpt::{Room, TextKind, excerpt};
use crate::cli::query_words::QueryWords;
use crate::cli::render::{Color, PlainStyle, cut};

/// The indentation of lines below a hit.
const INDENT: &str = "  ";

/// The most lines below a hit.
const LINES: usize = 3;

/// The most columns of a line of prose; longer lines are hard to read.
const WIDEST_PROSE: usize = 100;

/// The layout of hits on a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct HitLayout {
    width: usize,
    color: Color,
}

impl HitLayout {
    /// `None` if lines have no width: programs get one line for every hit.
    pub(super) fn of(style: PlainStyle) -> Option<Self> {
        style.width.map(|width| Self { width, color: style.color })
    }

    /// The start of `line` that fits.
    pub(super) fn fit(self, line: &str) -> String {
        let mut left = self.width;
        cut(line, &mut left).to_owned()
    }

    /// The lines below a hit, with the words of the query highlighted.
    pub(super) fn lines(self, located: &LocatedPassage, words: &QueryWords) -> Vec<String> {
        let kind = kind_of(&located.source);
        let width = self.width.saturating_sub(INDENT.len());
        let width = if kind == TextKind::Prose { width.min(WIDEST_PROSE) } else { width };
        let lines = excerpt(&located.passage.text, kind, words, Room { width, lines: LINES });
        lines.iter().map(|line| format!("{INDENT}{}", highlighted(line, words, self.color))).collect()
    }
}

/// The kind of text of a source, by its name: nothing else is stored.
fn kind_of(source: &str) -> TextKind {
    match InputFormat::detect(Path::new(source), Origin::Walked) {
        InputFormat::Code => TextKind::Code,
        _ => TextKind::Prose,
    }
}

/// `line` with the words of the query in bold, if there is color.
fn highlighted(line: &str, words: &QueryWords, color: Color) -> String {
    let bold = Style::new().bold();
    let mut painted = String::with_capacity(line.len());
    let mut end = 0;
    for word in if color == Color::On { words.matches_in(line) } else { Vec::new() } {
        painted.push_str(&line[end..word.start]);
        write!(painted, "{bold}{}{bold:#}", &line[word.clone()]).expect("writing to a string does not fail");
        end = word.end;
    }
    painted.push_str(&line[end..]);
    painted
}

#[cfg(test)]
mod tests {
    use embed::engine::Passage;

    use super::*;

    fn lines(source: &str, text: &str, color: Color) -> Vec<String> {
        let passage = Passage { text: text.to_owned(), context: None, lines: Some((1, 1)), bytes: None };
        let located = LocatedPassage {
            source: source.to_owned(),
            document: "1".to_owned(),
            key: "1".to_owned(),
            passage,
            metadata: None,
        };
        let layout = HitLayout::of(PlainStyle { width: Some(22), color }).expect("there is a width");
        layout.lines(&located, &QueryWords::of("cats"))
    }

    #[test]
    fn lines_are_indented_and_words_of_the_query_highlighted() {
        let text = "A cat sat\ndown, two cats ran off.";
        assert_eq!(lines("a.txt", text, Color::Off), ["  A cat sat down, two", "  cats ran off."]);
        assert_eq!(
            lines("a.txt", text, Color::On),
            ["  A \u{1b}[1mcat\u{1b}[0m sat down, two", "  \u{1b}[1mcats\u{1b}[0m ran off."]
        );
    }

    #[test]
    fn lines_of_code_stay_lines() {
        assert_eq!(
            lines("a.rs", "let cat = 1;\n    purr();", Color::Off),
            ["  let cat = 1;", "      purr();"]
        );
    }
}

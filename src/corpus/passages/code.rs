//! Where code can be cut, and the definitions that enclose a cut.
//!
//! The rules do not depend on the language: a less indented line encloses the lines after it, and a definition is a
//! line with a usual keyword, or one that ends like the head of a function.

use super::context::context_of;
use super::packing::{Piece, pack};
use super::prose::line_ends;
use super::settings::PassageSettings;
use super::words::{Break, Meter};
use crate::corpus::offsets::boundary_before;
use crate::words::is_defining_word;

/// The most definitions in a context, the innermost ones.
const MAXIMUM_DEFINITIONS: usize = 2;

/// Longer definitions are cut in a context.
const MAXIMUM_DEFINITION_BYTES: usize = 160;

/// Keywords of control flow, whose lines look like function heads.
const CONTROL: &[&str] = &[
    "case", "catch", "do", "else", "elif", "except", "finally", "for", "foreach", "if", "loop", "match",
    "return", "switch", "try", "until", "when", "while", "with",
];

/// The passages of code, in order.
pub(super) fn split(
    text: &str,
    title: Option<&str>,
    settings: PassageSettings,
    meter: &Meter<'_>,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let words = meter.words(0..text.len(), Break::Section, |end, start| gap(text, end, start));
    let mut lines = EnclosingLines::new(text);
    pack(
        words,
        settings,
        |start| {
            lines.advance(start);
            let parts: Vec<&str> = title.into_iter().chain(lines.definitions()).collect();
            context_of(&parts, None, settings, meter)
        },
        &mut pieces,
    );
    pieces
}

fn gap(text: &str, end: usize, start: usize) -> Break {
    let space = &text[end..start];
    match line_ends(space) {
        0 => Break::Word,
        1 => Break::Line,
        _ if space.ends_with('\n') && !text[start..].starts_with(['}', ')', ']']) => Break::Section,
        _ => Break::Block,
    }
}

/// The lines that enclose a place by their indentation, while the place moves on.
struct EnclosingLines<'a> {
    text: &'a str,
    place: usize,
    /// Indentation and text, each indented more than the one before it.
    open: Vec<(usize, &'a str)>,
}

impl<'a> EnclosingLines<'a> {
    const fn new(text: &'a str) -> Self {
        Self { text, place: 0, open: Vec::new() }
    }

    /// Moves to the line of `place`. A passage starts no earlier than the previous one.
    fn advance(&mut self, place: usize) {
        let line_start = self.text[..place].rfind('\n').map_or(0, |end| end + 1);
        while self.place < line_start {
            let rest = &self.text[self.place..];
            let line = rest.find('\n').map_or(rest, |end| &rest[..end]);
            self.place += line.len() + 1;
            self.take(line);
        }
        let rest = &self.text[line_start.min(self.text.len())..];
        let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
        if !continues_head(line) {
            self.close(indentation(line));
        }
    }

    fn take(&mut self, line: &'a str) {
        if line.trim().is_empty() || continues_head(line) {
            return;
        }
        let indentation = indentation(line);
        self.close(indentation);
        self.open.push((indentation, line.trim()));
    }

    fn close(&mut self, indentation: usize) {
        while self.open.last().is_some_and(|&(open, _)| open >= indentation) {
            self.open.pop();
        }
    }

    /// The innermost definitions, outermost first.
    fn definitions(&self) -> Vec<&'a str> {
        let lines = self.open.iter().rev().map(|&(_, line)| line);
        let mut found: Vec<&str> =
            lines.filter(|line| is_definition(line)).take(MAXIMUM_DEFINITIONS).map(head).collect();
        found.reverse();
        found
    }
}

fn indentation(line: &str) -> usize {
    let space = &line[..line.len() - line.trim_start().len()];
    space.chars().map(|letter| if letter == '\t' { 8 } else { 1 }).sum()
}

/// Whether a line only ends the head of the block that encloses what follows.
fn continues_head(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with([')', ']', '{']) || line.starts_with("where")
}

fn is_definition(line: &str) -> bool {
    if line.starts_with("//") || line.starts_with(['#', '*', ';', '"', '-', '@', '<']) {
        return false;
    }
    let line = &line[..boundary_before(line, 4 * MAXIMUM_DEFINITION_BYTES)];
    let mut words = line.split(|letter: char| !(letter.is_alphanumeric() || letter == '_'));
    if words.clone().find(|word| !word.is_empty()).is_some_and(|word| CONTROL.contains(&word)) {
        return false;
    }
    let head = line.split(['(', '{', '=']).next().unwrap_or(line);
    let has_keyword = words.any(|word| is_defining_word(word) && head.contains(word));
    let is_c_function =
        line.ends_with('{') && line.contains('(') && line.matches('(').count() == line.matches(')').count();
    has_keyword || is_c_function
}

/// A definition without the opening of its body.
fn head(line: &str) -> &str {
    let line = &line[..boundary_before(line, MAXIMUM_DEFINITION_BYTES)];
    line.trim_end_matches(['{', ':', ' '])
}

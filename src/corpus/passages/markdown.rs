//! The blocks of Markdown, read line by line.
//!
//! By the rules of `CommonMark`, with tables, as far as cuts between passages need them: headings, fences, tables, list
//! items. Blocks nested in quotes and lists are text. Labels are those of `MyST` and of HTML.

use std::ops::Range;

use super::block::{Block, BlockKind, plain_title};

/// The blocks of a range of the text, in order; only white space is between them.
pub(super) fn blocks(text: &str, range: Range<usize>) -> Vec<Block> {
    let mut parser = Parser { text, blocks: Vec::new(), open: Open::None };
    let mut start = range.start;
    while start < range.end {
        let end = memchr::memchr(b'\n', &text.as_bytes()[start..range.end])
            .map_or(range.end, |length| start + length);
        parser.take_line(start..end);
        start = end + 1;
    }
    parser.close();
    parser.blocks
}

/// Whether a line starts an item of a list.
pub(super) fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    let marked = |rest: &str| rest.is_empty() || rest.starts_with([' ', '\t', '\r', '\n']);
    match line.as_bytes() {
        [b'-' | b'*' | b'+', ..] => marked(&line[1..]),
        [b'0'..=b'9', ..] => {
            let digits = line.bytes().take(10).take_while(u8::is_ascii_digit).count();
            digits < 10 && line[digits..].starts_with(['.', ')']) && marked(&line[digits + 1..])
        }
        _ => false,
    }
}

struct Parser<'a> {
    text: &'a str,
    blocks: Vec<Block>,
    open: Open,
}

/// A block that the next line may belong to.
enum Open {
    None,
    Text { range: Range<usize>, last_line: usize, shape: TextShape },
    Fence { range: Range<usize>, mark: u8, length: usize },
    Table { range: Range<usize>, rows: usize },
}

/// The possible kinds of an open text block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextShape {
    /// The text of a heading that the next line underlines.
    Paragraph,
    /// The start of an HTML heading of this level.
    HtmlHeading(u8),
    /// Lists, quotes, rows.
    Other,
}

impl Parser<'_> {
    fn take_line(&mut self, place: Range<usize>) {
        let line = &self.text[place.clone()];
        match &mut self.open {
            Open::Fence { range, mark, length } => {
                range.end = place.end;
                if closes_fence(line, *mark, *length) {
                    self.close();
                }
                return;
            }
            Open::Table { range, .. } if line.contains('|') => {
                range.end = place.end;
                return;
            }
            Open::Table { .. } => self.close(),
            Open::None | Open::Text { .. } => {}
        }
        if line.trim().is_empty() {
            self.close();
        } else if let Some((mark, length)) = opens_fence(line) {
            self.close();
            self.open = Open::Fence { range: place, mark, length };
        } else if let Some((level, title)) = atx_heading(line) {
            self.close();
            self.push(place, BlockKind::Heading { level, title: plain_title(title) });
        } else if !self.ends_text(line, &place) {
            self.add_text(line, place);
        }
    }

    /// Whether the line makes the open text a heading or the header of a table.
    fn ends_text(&mut self, line: &str, place: &Range<usize>) -> bool {
        let Open::Text { range, last_line, shape } = &self.open else { return false };
        let (start, last_line) = (range.start, *last_line);
        if let Some(level) = setext_level(line).filter(|_| *shape == TextShape::Paragraph) {
            let title = plain_title(&self.text[range.clone()]);
            self.open = Open::None;
            self.push(start..place.end, BlockKind::Heading { level, title });
            return true;
        }
        if is_delimiter_row(line) && self.text[last_line..place.start].contains('|') {
            if start < last_line {
                self.push(start..last_line, BlockKind::Text);
            }
            self.open = Open::Table { range: last_line..place.end, rows: place.end };
            return true;
        }
        false
    }

    fn add_text(&mut self, line: &str, place: Range<usize>) {
        match &mut self.open {
            Open::Text { range, last_line, .. } => {
                *last_line = place.start;
                range.end = place.end;
            }
            _ if is_label(line) => return self.push(place, BlockKind::Label),
            _ => {
                let shape = text_shape(line);
                self.open = Open::Text { range: place.clone(), last_line: place.start, shape };
            }
        }
        let Open::Text { range, shape: TextShape::HtmlHeading(level), .. } = &self.open else { return };
        if contains_ignoring_case(line, "</h") {
            let (range, level) = (range.clone(), *level);
            let title = plain_title(&self.text[range.clone()]);
            self.open = Open::None;
            self.push(range, BlockKind::Heading { level, title });
        }
    }

    fn close(&mut self) {
        match std::mem::replace(&mut self.open, Open::None) {
            Open::None => {}
            Open::Text { range, .. } => self.push(range, BlockKind::Text),
            Open::Fence { range, .. } => self.push(range, BlockKind::Fence),
            Open::Table { range, rows } => self.push(range, BlockKind::Table { rows }),
        }
    }

    /// Adds a block without surrounding white space.
    fn push(&mut self, range: Range<usize>, kind: BlockKind) {
        let text = &self.text[range.clone()];
        let start = range.start + text.len() - text.trim_start().len();
        let end = range.start + text.trim_end().len();
        if start < end {
            self.blocks.push(Block { range: start..end, kind });
        }
    }
}

/// The mark of a fence and the number of marks. Fences in lists are indented.
fn opens_fence(line: &str) -> Option<(u8, usize)> {
    let line = line.trim_start();
    let mark = *line.as_bytes().first().filter(|&&mark| mark == b'`' || mark == b'~')?;
    let length = line.bytes().take_while(|&byte| byte == mark).count();
    let is_code_span = mark == b'`' && line[length..].contains('`');
    (length >= 3 && !is_code_span).then_some((mark, length))
}

fn closes_fence(line: &str, mark: u8, length: usize) -> bool {
    let line = line.trim();
    line.len() >= length && line.bytes().all(|byte| byte == mark)
}

/// Level and text of a heading that starts with `#`.
fn atx_heading(line: &str) -> Option<(u8, &str)> {
    let text = line.trim_start_matches(' ');
    let level = text.bytes().take_while(|&byte| byte == b'#').count();
    let title = &text[level..];
    let is_heading = line.len() - text.len() <= 3
        && (1..=6).contains(&level)
        && (title.trim().is_empty() || title.starts_with([' ', '\t']));
    is_heading.then(|| (level as u8, title.trim().trim_end_matches('#')))
}

fn setext_level(line: &str) -> Option<u8> {
    let line = line.trim_end();
    let underline = line.trim_start_matches(' ');
    let is_of = |mark: u8| !underline.is_empty() && underline.bytes().all(|byte| byte == mark);
    match () {
        () if line.len() - underline.len() > 3 => None,
        () if is_of(b'=') => Some(1),
        () if is_of(b'-') => Some(2),
        () => None,
    }
}

fn is_delimiter_row(line: &str) -> bool {
    line.contains('|') && line.contains('-') && line.trim().bytes().all(|byte| b"|-: \t".contains(&byte))
}

fn text_shape(line: &str) -> TextShape {
    let start = line.trim_start();
    match start.as_bytes() {
        [b'<', b'h' | b'H', level @ b'1'..=b'6', b' ' | b'>', ..] => TextShape::HtmlHeading(level - b'0'),
        [b'>' | b'|' | b'<', ..] => TextShape::Other,
        _ if starts_item(line) || line.len() - start.len() > 3 => TextShape::Other,
        _ => TextShape::Paragraph,
    }
}

/// Whether a line is only a link target, a rule or a comment.
fn is_label(line: &str) -> bool {
    let line = line.trim();
    let target = line.strip_prefix('(').and_then(|rest| rest.strip_suffix(")="));
    let anchor = |start: &str, end: &str| line.starts_with(start) && line.ends_with(end);
    let is_rule = |mark: u8| {
        line.bytes().filter(|&byte| byte == mark).count() >= 3
            && line.bytes().all(|byte| byte == mark || byte == b' ')
    };
    target.is_some_and(|target| !target.contains(['(', ')']))
        || anchor("[](){#", "}")
        || (anchor("<a ", "></a>") && line.matches('>').count() == 2)
        || (anchor("<!--", "-->") && line.find("-->") == Some(line.len() - 3))
        || [b'-', b'*', b'_'].into_iter().any(is_rule)
}

fn contains_ignoring_case(line: &str, lower: &str) -> bool {
    line.as_bytes().windows(lower.len()).any(|window| window.eq_ignore_ascii_case(lower.as_bytes()))
}

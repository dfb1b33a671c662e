//! The text of a page as a reader sees it, and where each stretch of it stands in the page.

use std::cell::Cell;
use std::convert::Infallible;
use std::ops::Range;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Readable, Reader, Span, StringReader, Tokenizer};

use super::offsets::OffsetMap;
use super::passages::{Block, BlockKind, plain_title};

/// Elements whose content is not shown.
const HIDDEN: &[&[u8]] = &[b"iframe", b"noembed", b"noscript", b"script", b"style", b"template"];

/// Elements that stand apart from the text around them.
const BLOCKS: &[&[u8]] = &[
    b"address",
    b"article",
    b"aside",
    b"blockquote",
    b"body",
    b"caption",
    b"dd",
    b"details",
    b"dialog",
    b"div",
    b"dl",
    b"dt",
    b"fieldset",
    b"figcaption",
    b"figure",
    b"footer",
    b"form",
    b"h1",
    b"h2",
    b"h3",
    b"h4",
    b"h5",
    b"h6",
    b"head",
    b"header",
    b"hr",
    b"html",
    b"legend",
    b"li",
    b"main",
    b"nav",
    b"ol",
    b"option",
    b"p",
    b"pre",
    b"section",
    b"select",
    b"summary",
    b"table",
    b"tbody",
    b"textarea",
    b"tfoot",
    b"thead",
    b"title",
    b"tr",
    b"ul",
];

/// The most attributes of a tag. The tokenizer calls itself for each, so their number is bounded by the stack.
pub(super) const MAXIMUM_ATTRIBUTES: usize = 1024;

/// A tag has more than [`MAXIMUM_ATTRIBUTES`] attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag has too many attributes")]
pub(super) struct TooManyAttributes;

/// The text of a page.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// Blocks are separated by a blank line; within one, white space is one space, except in `pre`.
    pub(super) text: String,
    /// From the text to the page.
    pub(super) places: OffsetMap,
    /// What the text consists of, without the title unless that is all there is.
    pub(super) blocks: Vec<Block>,
    /// The text of the element `title`.
    pub(super) title: Option<String>,
}

/// Drops tags, comments, scripts and styles, and decodes entities.
pub(super) fn extract(page: &str) -> Result<Page, TooManyAttributes> {
    let mut extractor = Extractor::new(page);
    let attributes = Cell::new(0);
    let mut emitter =
        CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| -> Option<Infallible> {
            attributes.set(match event {
                CallbackEvent::AttributeName { .. } => attributes.get() + 1,
                CallbackEvent::AttributeValue { .. } | CallbackEvent::Error(_) => attributes.get(),
                _ => 0,
            });
            extractor.take(&event, span);
            None
        });
    // Without this the content of a script would be read as markup.
    emitter.naively_switch_states(true);
    let reader = BoundedReader { page: page.to_reader(), attributes: &attributes };
    Tokenizer::new_with_emitter(reader, emitter).finish()?;
    Ok(extractor.finish())
}

/// Reads a page, and fails within a tag of too many attributes: an error of the reader is the only way out of the calls
/// of the tokenizer.
struct BoundedReader<'a> {
    page: StringReader<'a>,
    /// Of the tag that is read.
    attributes: &'a Cell<usize>,
}

impl BoundedReader<'_> {
    const fn check(&self) -> Result<(), TooManyAttributes> {
        if self.attributes.get() > MAXIMUM_ATTRIBUTES { Err(TooManyAttributes) } else { Ok(()) }
    }
}

impl Reader for BoundedReader<'_> {
    type Error = TooManyAttributes;

    fn read_byte(&mut self) -> Result<Option<u8>, TooManyAttributes> {
        self.check()?;
        let Ok(byte) = self.page.read_byte();
        Ok(byte)
    }

    fn try_read_string(&mut self, text: &[u8], case_sensitive: bool) -> Result<bool, TooManyAttributes> {
        let Ok(is_next) = self.page.try_read_string(text, case_sensitive);
        Ok(is_next)
    }

    fn read_until<'b>(
        &'b mut self,
        needle: &[u8],
        room: &'b mut [u8; 4],
    ) -> Result<Option<&'b [u8]>, TooManyAttributes> {
        self.check()?;
        let Ok(bytes) = self.page.read_until(needle, room);
        Ok(bytes)
    }
}

/// What separates two stretches of text; the widest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Separator {
    None,
    Space,
    Line,
    Block,
}

#[derive(Debug)]
struct Extractor<'a> {
    page: &'a str,
    result: Page,
    pending: Separator,
    /// The hidden element that the text is in, and how many of its kind are open.
    hidden: Option<(Vec<u8>, usize)>,
    preformatted: usize,
    /// What the text is a part of.
    part: Part,
    /// The stretches of the result, each of one part.
    stretches: Vec<(Range<usize>, Part)>,
}

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Title,
    Heading(u8),
    Text,
    Preformatted,
}

impl<'a> Extractor<'a> {
    fn new(page: &'a str) -> Self {
        Self {
            page,
            result: Page::default(),
            pending: Separator::None,
            hidden: None,
            preformatted: 0,
            part: Part::Text,
            stretches: Vec::new(),
        }
    }

    fn take(&mut self, event: &CallbackEvent<'_>, span: Span<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => self.open(name),
            CallbackEvent::EndTag { name } => self.close(name),
            CallbackEvent::String { value } if self.hidden.is_none() => {
                self.add_text(&String::from_utf8_lossy(value), span);
            }
            _ => {}
        }
    }

    fn open(&mut self, name: &[u8]) {
        match &mut self.hidden {
            Some((hidden, depth)) => *depth += usize::from(hidden == name),
            None if HIDDEN.contains(&name) => self.hidden = Some((name.to_vec(), 1)),
            None => {
                self.preformatted += usize::from(name == b"pre");
                self.part = part_of(name).unwrap_or(self.part);
                self.separate(name);
            }
        }
    }

    fn close(&mut self, name: &[u8]) {
        match &mut self.hidden {
            Some((hidden, depth)) if hidden == name => {
                *depth -= 1;
                if *depth == 0 {
                    self.hidden = None;
                }
            }
            Some(_) => {}
            None => {
                self.preformatted -= usize::from(name == b"pre" && self.preformatted > 0);
                if part_of(name).is_some() {
                    self.part = Part::Text;
                }
                self.separate(name);
            }
        }
    }

    fn separate(&mut self, name: &[u8]) {
        let separator = match name {
            b"br" => Separator::Line,
            b"td" | b"th" => Separator::Space,
            block if BLOCKS.contains(&block) => Separator::Block,
            _ => return,
        };
        self.pending = self.pending.max(separator);
    }

    /// Adds the text of one stretch of the page, line by line, so that places stay true to the line at least.
    fn add_text(&mut self, text: &str, span: Span<usize>) {
        let origin = self.page.get(span.start..span.end).unwrap_or_default();
        if text.matches('\n').count() != origin.matches('\n').count() {
            // An entity may stand for a line end.
            return self.add_line(text, origin, span.start);
        }
        let mut start = span.start;
        for (index, (line, origin)) in text.split('\n').zip(origin.split('\n')).enumerate() {
            if index > 0 {
                let end_of_line = if self.preformatted > 0 { Separator::Line } else { Separator::Space };
                self.pending = self.pending.max(end_of_line);
            }
            self.add_line(line, origin, start);
            start += origin.len() + 1;
        }
    }

    /// Adds `line`, which `origin` at byte `start` of the page stands for.
    fn add_line(&mut self, line: &str, origin: &str, start: usize) {
        if line.starts_with(char::is_whitespace) {
            self.pending = self.pending.max(Separator::Space);
        }
        let shown = if self.preformatted > 0 { line.trim_end().to_owned() } else { collapse(line) };
        if shown.trim().is_empty() {
            return;
        }
        let starts_block = self.pending == Separator::Block;
        self.add_separator();
        let leading = origin.len() - origin.trim_start().len();
        let origin = if self.preformatted > 0 { origin.trim_end() } else { origin.trim() };
        let origin_start = if self.preformatted > 0 { start } else { start + leading };
        let text_start = self.result.text.len();
        self.result.text.push_str(&shown);
        self.result
            .places
            .push((text_start, self.result.text.len()), (origin_start, origin_start + origin.len()));
        self.extend_stretch(text_start..self.result.text.len(), starts_block);
        if line.ends_with(char::is_whitespace) {
            self.pending = Separator::Space;
        }
    }

    fn extend_stretch(&mut self, range: Range<usize>, starts_block: bool) {
        let part = if self.preformatted > 0 { Part::Preformatted } else { self.part };
        match self.stretches.last_mut() {
            Some((last, last_part)) if *last_part == part && !starts_block => last.end = range.end,
            _ => self.stretches.push((range, part)),
        }
    }

    fn finish(self) -> Page {
        let Self { mut result, mut stretches, .. } = self;
        let text = &result.text;
        let title: Vec<&str> = stretches
            .iter()
            .filter(|(_, part)| *part == Part::Title)
            .map(|(range, _)| &text[range.clone()])
            .collect();
        result.title = Some(plain_title(&title.join(" "))).filter(|title| !title.is_empty());
        if stretches.iter().any(|(_, part)| *part != Part::Title) {
            stretches.retain(|(_, part)| *part != Part::Title);
        }
        result.blocks = stretches.into_iter().map(|(range, part)| block(text, range, part)).collect();
        result
    }

    fn add_separator(&mut self) {
        let separator = match self.pending {
            _ if self.result.text.is_empty() => "",
            Separator::None => "",
            Separator::Space => " ",
            Separator::Line => "\n",
            Separator::Block => "\n\n",
        };
        self.result.text.push_str(separator);
        self.pending = Separator::None;
    }
}

fn part_of(element: &[u8]) -> Option<Part> {
    match element {
        b"title" => Some(Part::Title),
        [b'h', level @ b'1'..=b'6'] => Some(Part::Heading(level - b'0')),
        _ => None,
    }
}

/// A heading that is never closed would make a heading of the rest of the page.
const MAXIMUM_HEADING_BYTES: usize = 1024;

fn block(text: &str, range: Range<usize>, part: Part) -> Block {
    let kind = match part {
        Part::Heading(level) if range.len() <= MAXIMUM_HEADING_BYTES => {
            // Generators of documentation add signs that link to the heading itself.
            let title = plain_title(text[range.clone()].trim_end_matches(['¶', '#', '§', '🔗', ' ']));
            BlockKind::Heading { level, title }
        }
        Part::Preformatted => BlockKind::Fence,
        Part::Title | Part::Heading(_) | Part::Text => BlockKind::Text,
    };
    Block { range, kind }
}

/// White space between words becomes one space, and surrounding white space is left out. A no-break space is text.
fn collapse(line: &str) -> String {
    let mut collapsed = String::with_capacity(line.len());
    for word in line.split_ascii_whitespace() {
        if !collapsed.is_empty() {
            collapsed.push(' ');
        }
        collapsed.push_str(word);
    }
    collapsed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(page: &str) -> String {
        extract(page).expect("its tags are small").text
    }

    #[test]
    fn tags_go_and_blocks_stay_apart() {
        for (page, text) in [
            ("<p>one</p><p>two</p>", "one\n\ntwo"),
            ("a<b>b</b>c <i> d</i>", "abc d"),
            ("<p>x<br>y", "x\ny"),
            ("<table><tr><td>1<td>2<tr><td>3</table>", "1 2\n\n3"),
            ("<ul><li>a<li>b</ul>", "a\n\nb"),
            ("<pre>fn a() {\n    b()\n}</pre>", "fn a() {\n    b()\n}"),
            ("plain & simple < text", "plain & simple < text"),
        ] {
            assert_eq!(text_of(page), text, "{page}");
        }
    }

    #[test]
    fn what_is_not_shown_is_dropped() {
        for page in [
            "<script>if (a < b) { '</p>' }</script>x",
            "<style>p > b {}</style>x",
            "<!-- <p>y</p> -->x",
            "<noscript><p>y</p></noscript>x",
            "<template><template></template><p>y</p></template>x",
            "<!doctype html><meta name=y content=y>x<img alt=y>",
        ] {
            assert_eq!(text_of(page), "x", "{page}");
        }
    }

    #[test]
    fn entities_are_decoded_once() {
        assert_eq!(
            text_of("&lt;b&gt; &amp;amp; &eacute;&#233;&#xe9; &copy 1 &unknown;"),
            "<b> &amp; ééé © 1 &unknown;"
        );
        assert_eq!(text_of("<title>A &amp; B</title>"), "A & B");
    }

    #[test]
    fn places_survive_line_ends_and_entities() {
        let page = "<p>one\r\n  two &amp; three\r\n</p>\r\n<p>four</p>";
        let Page { text, places, .. } = extract(page).expect("its tags are small");
        assert_eq!(text, "one two & three\n\nfour");
        let origin = |wanted: &str| {
            let start = text.find(wanted).expect("the text has it");
            let (start, end) = places.origin(start, start + wanted.len());
            &page[start..end]
        };
        assert_eq!(origin("one"), "one");
        assert_eq!(origin("three"), "two &amp; three");
        assert_eq!(origin("four"), "four");
    }

    /// As much stack as the thread of a pool has.
    fn on_a_small_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
        let thread =
            std::thread::Builder::new().stack_size(1 << 20).spawn(work).expect("there is room for a thread");
        thread.join().expect("the work does not panic")
    }

    #[test]
    fn a_tag_of_many_attributes_is_read_or_refused_on_a_small_stack() {
        for (start, attribute, end) in [
            ("<p", " a=\"b\"", ">x"),
            ("<p", " a = \"b\"", ">x"),
            ("<p", " a=\"\"", ">x"),
            ("<p ", "a=\"b\"", ">x"),
            ("<p", " a='b'", ">x"),
            ("<p", " a=b", ">x"),
            ("<p", " a", ">x"),
            ("</p", " a=\"b\"", ">x"),
            ("<p", " a=\"b\"", ""),
        ] {
            let page = |count: usize| format!("y{start}{}{end}", attribute.repeat(count));
            let (few, many) = (page(MAXIMUM_ATTRIBUTES), page(200_000));
            let shown = if end.is_empty() { "y" } else { "y\n\nx" };
            assert_eq!(on_a_small_stack(move || text_of(&few)), shown, "{start}{attribute}");
            let refused = on_a_small_stack(move || extract(&many).is_err());
            assert!(refused || !attribute.ends_with('"'), "{start}{attribute}");
        }
    }

    #[test]
    fn attributes_are_counted_by_the_tag() {
        let page = "<p a=\"b\" c=\"d\">x</p e=\"f\">".repeat(MAXIMUM_ATTRIBUTES);
        assert!(text_of(&page).starts_with("x\n\nx"));
    }

    #[test]
    fn elements_nested_without_end_are_read_on_a_small_stack() {
        let page = format!("{}x{}", "<div><template>".repeat(100_000), "</template></div>".repeat(100_000));
        assert_eq!(on_a_small_stack(move || text_of(&page)), "");
        let page = format!("{}x", "<b><div>".repeat(200_000));
        assert_eq!(on_a_small_stack(move || text_of(&page)), "x");
    }

    proptest! {
        #[test]
        fn any_text_is_a_page(page in "(<|>|/|p|pre|script|&amp;|&#10;|\n|\r|é| |!--|\\PC){0,60}") {
            let Page { text, places, .. } = extract(&page).expect("its tags are small");
            for (start, letter) in text.char_indices() {
                let (from, to) = places.origin(start, start + letter.len_utf8());
                prop_assert!(page.get(from..to).is_some());
            }
        }
    }
}

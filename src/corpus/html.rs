//! The text of a page as a reader sees it, and where each stretch of it stands in the page.

use std::cell::Cell;
use std::convert::Infallible;
use std::ops::Range;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Readable, Reader, Span, StringReader, Tokenizer};

use super::navigation::{self, LinkUse, StretchRole};
use super::offsets::OffsetMap;
use super::options::PageExtent;
use super::passages::{Block, BlockKind, plain_title};

/// Elements whose content is not shown, or is no text.
const HIDDEN: &[&[u8]] = &[b"iframe", b"noembed", b"noscript", b"script", b"style", b"svg", b"template"];

/// Elements that pages have beside what they are about.
const FURNITURE: &[&[u8]] = &[b"button", b"footer", b"nav", b"select", b"textarea"];

/// Elements that end where the next of their kind starts.
const IMPLICITLY_CLOSED: &[&[u8]] = &[b"dd", b"dt", b"li", b"option", b"p", b"td", b"th", b"tr"];

/// Elements without content.
const VOID: &[&[u8]] = &[
    b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"wbr",
];

/// Less text in the main element of a page is a stub of what a script would show.
const MAIN_BYTES: usize = 200;

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

/// Drops tags, comments, scripts and styles, and decodes entities. If all of a page is beside what it could be about, it
/// is read whole.
pub(super) fn extract(page: &str, extent: PageExtent) -> Result<Page, TooManyAttributes> {
    let extracted = extract_once(page, extent)?;
    if extracted.blocks.is_empty() && extent == PageExtent::Main {
        return extract_once(page, PageExtent::Whole);
    }
    Ok(extracted)
}

fn extract_once(page: &str, extent: PageExtent) -> Result<Page, TooManyAttributes> {
    let mut extractor = Extractor::new(page, extent);
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
    stretches: Vec<Stretch>,
    extent: PageExtent,
    /// The start tag that is being read.
    tag: StartTag,
    /// Open elements `main` and `article`: whether it is `main`, and where its text starts.
    open_mains: Vec<(bool, usize)>,
    mains: Vec<(bool, Range<usize>)>,
    /// Open elements `header`: where its stretches start, and the bytes outside links before it.
    headers: Vec<(usize, usize)>,
    /// The number of the link that the text is in.
    link: Option<usize>,
    links: usize,
    /// Bytes of text outside links.
    plain_bytes: usize,
}

/// A start tag, as far as it tells what is shown.
#[derive(Debug, Default)]
struct StartTag {
    name: Vec<u8>,
    attribute: Vec<u8>,
    is_hidden: bool,
    is_link: bool,
    /// The text that stands for an image, and where it is in the page.
    alternative: Option<(String, Range<usize>)>,
}

/// A stretch of the result, of one part.
#[derive(Debug, Clone)]
struct Stretch {
    range: Range<usize>,
    part: Part,
    links: LinkUse,
    is_in_main: bool,
}

impl Stretch {
    fn role(&self, text: &str) -> StretchRole {
        match self.part {
            Part::Heading(_) => StretchRole::Heading,
            Part::Text if !self.is_in_main && self.links.is_navigation() => StretchRole::Navigation,
            _ if text[self.range.clone()].ends_with(':') => StretchRole::Introduction,
            _ => StretchRole::Text,
        }
    }
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
    fn new(page: &'a str, extent: PageExtent) -> Self {
        Self {
            page,
            result: Page::default(),
            pending: Separator::None,
            hidden: None,
            preformatted: 0,
            part: Part::Text,
            stretches: Vec::new(),
            extent,
            tag: StartTag::default(),
            open_mains: Vec::new(),
            mains: Vec::new(),
            headers: Vec::new(),
            link: None,
            links: 0,
            plain_bytes: 0,
        }
    }

    fn take(&mut self, event: &CallbackEvent<'_>, span: Span<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = StartTag { name: name.to_vec(), ..StartTag::default() };
            }
            CallbackEvent::AttributeName { name } => {
                self.tag.attribute = name.to_vec();
                self.tag.is_hidden |= *name == b"hidden".as_slice();
                self.tag.is_link |= *name == b"href".as_slice();
            }
            CallbackEvent::AttributeValue { value } => self.take_attribute(value, span),
            CallbackEvent::CloseStartTag { .. } => {
                let tag = std::mem::take(&mut self.tag);
                self.open(&tag.name, tag.is_hidden);
                if tag.name == b"a" {
                    // A place that links lead to is none.
                    self.links += usize::from(tag.is_link);
                    self.link = tag.is_link.then_some(self.links);
                }
                if let (b"img", None, Some((text, place))) =
                    (tag.name.as_slice(), &self.hidden, tag.alternative)
                {
                    self.pending = self.pending.max(Separator::Space);
                    let origin = self.page.get(place.clone()).unwrap_or_default();
                    self.add_line(&text, origin, place.start);
                    self.pending = self.pending.max(Separator::Space);
                }
            }
            CallbackEvent::EndTag { name } => self.close(name),
            CallbackEvent::String { value } if self.hidden.is_none() => {
                self.add_text(&String::from_utf8_lossy(value), span);
            }
            _ => {}
        }
    }

    fn take_attribute(&mut self, value: &[u8], span: Span<usize>) {
        let is_hidden = match self.tag.attribute.as_slice() {
            b"aria-hidden" => value.eq_ignore_ascii_case(b"true"),
            b"style" => {
                let style: String = String::from_utf8_lossy(value).split_whitespace().collect();
                style.to_ascii_lowercase().contains("display:none")
            }
            b"alt" => {
                let text = collapse(&String::from_utf8_lossy(value));
                self.tag.alternative = Some((text, span.start..span.end));
                false
            }
            _ => false,
        };
        self.tag.is_hidden |= is_hidden;
    }

    /// Whether the content of an element is left out.
    fn leaves_out(&self, name: &[u8], is_hidden: bool) -> bool {
        let is_beside = || {
            is_hidden
                || FURNITURE.contains(&name)
                // Within what a page is about, it is a remark.
                || (name == b"aside" && self.open_mains.is_empty())
        };
        HIDDEN.contains(&name)
            || (self.extent == PageExtent::Main
                && is_beside()
                && !VOID.contains(&name)
                && name != b"body"
                && name != b"html")
    }

    fn open(&mut self, name: &[u8], is_hidden: bool) {
        if self.hidden.as_ref().is_some_and(|(hidden, _)| hidden == name && IMPLICITLY_CLOSED.contains(&name))
        {
            self.hidden = None;
        }
        let leaves_out = self.leaves_out(name, is_hidden);
        match &mut self.hidden {
            Some((hidden, depth)) => *depth += usize::from(hidden == name),
            None if leaves_out => {
                self.hidden = Some((name.to_vec(), 1));
                self.separate(name);
            }
            None => {
                self.open_part(name);
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
                self.close_part(name);
                self.preformatted -= usize::from(name == b"pre" && self.preformatted > 0);
                if part_of(name).is_some() {
                    self.part = Part::Text;
                }
                self.separate(name);
            }
        }
    }

    fn open_part(&mut self, name: &[u8]) {
        match name {
            b"main" | b"article" => self.open_mains.push((name == b"main", self.result.text.len())),
            b"header" => self.headers.push((self.stretches.len(), self.plain_bytes)),
            _ => {}
        }
    }

    fn close_part(&mut self, name: &[u8]) {
        match name {
            b"main" | b"article" => {
                if let Some((is_main, start)) = self.open_mains.pop() {
                    self.mains.push((is_main, start..self.result.text.len()));
                }
            }
            b"header" => match self.headers.pop() {
                // It only leads elsewhere.
                Some((stretches, plain_bytes))
                    if plain_bytes == self.plain_bytes && self.extent == PageExtent::Main =>
                {
                    self.stretches.truncate(stretches);
                }
                _ => {}
            },
            b"a" => self.link = None,
            _ => {}
        }
    }

    /// Where the text is that the page is about: its only `main` or, without one, its only `article`.
    fn main(&self) -> Option<Range<usize>> {
        let only = |is_main: bool| {
            let mut found = self.mains.iter().filter(|(main, _)| *main == is_main).map(|(_, range)| range);
            found.next().filter(|range| found.next().is_none() && range.len() >= MAIN_BYTES).cloned()
        };
        if self.extent == PageExtent::Whole { None } else { only(true).or_else(|| only(false)) }
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
        if self.link.is_none() {
            self.plain_bytes += shown.len();
        }
        self.extend_stretch(text_start..self.result.text.len(), starts_block);
        if line.ends_with(char::is_whitespace) {
            self.pending = Separator::Space;
        }
    }

    fn extend_stretch(&mut self, range: Range<usize>, starts_block: bool) {
        let part = if self.preformatted > 0 { Part::Preformatted } else { self.part };
        let text = &self.result.text[range.clone()];
        match self.stretches.last_mut() {
            Some(last) if last.part == part && !starts_block => {
                last.range.end = range.end;
                last.links.add(text, self.link);
            }
            _ => {
                let mut links = LinkUse::default();
                links.add(text, self.link);
                self.stretches.push(Stretch { range, part, links, is_in_main: !self.open_mains.is_empty() });
            }
        }
    }

    fn finish(mut self) -> Page {
        // What is open at the end of the page ends there.
        while let Some((is_main, start)) = self.open_mains.pop() {
            self.mains.push((is_main, start..self.result.text.len()));
        }
        let main = self.main();
        let Self { mut result, mut stretches, extent, .. } = self;
        let text = &result.text;
        let title: Vec<&str> = stretches
            .iter()
            .filter(|stretch| stretch.part == Part::Title)
            .map(|stretch| &text[stretch.range.clone()])
            .collect();
        result.title = Some(plain_title(&title.join(" "))).filter(|title| !title.is_empty());
        if stretches.iter().any(|stretch| stretch.part != Part::Title) {
            stretches.retain(|stretch| stretch.part != Part::Title);
        }
        match main {
            Some(main) => {
                stretches.retain(|Stretch { range, .. }| main.start <= range.start && range.end <= main.end);
            }
            None if extent == PageExtent::Main => drop_edges(text, &mut stretches),
            None => {}
        }
        result.blocks =
            stretches.into_iter().map(|Stretch { range, part, .. }| block(text, range, part)).collect();
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

/// Leaves out links to other pages before and after the text of a page.
fn drop_edges(text: &str, stretches: &mut Vec<Stretch>) {
    let roles: Vec<StretchRole> = stretches.iter().map(|stretch| stretch.role(text)).collect();
    let mut dropped = navigation::edges(&roles).into_iter();
    stretches.retain(|_| !dropped.next().unwrap_or_default());
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

    /// The texts of the blocks.
    fn shown(page: &str, extent: PageExtent) -> String {
        let Page { text, blocks, .. } = extract(page, extent).expect("its tags are small");
        let shown: Vec<&str> = blocks.into_iter().map(|block| &text[block.range]).collect();
        shown.join("\n\n")
    }

    fn text_of(page: &str) -> String {
        shown(page, PageExtent::Main)
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
            "<!doctype html><meta name=y content=y>x<img alt=''>",
            "<svg><text>y</text></svg>x",
        ] {
            assert_eq!(text_of(page), "x", "{page}");
        }
    }

    #[test]
    fn what_is_beside_the_main_content_is_left_out_unless_the_whole_page_is_read() {
        for (page, main, whole) in [
            ("<nav>n</nav><p>x</p><footer>f</footer>", "x", "n\n\nx\n\nf"),
            ("<header><a href=h>Home</a> <a href=d>Docs</a></header>x", "x", "Home Docs\n\nx"),
            ("<header><h1>Title</h1><a href=h>Home</a></header>x", "Title\n\nx", "Title\n\nHome\n\nx"),
            (
                "<p hidden>a<p>b<p style='Display : none'>c</p><i aria-hidden=true>d</i>e",
                "b\n\ne",
                "a\n\nb\n\nc\n\nde",
            ),
            ("<button>b</button>x<select><option>o</select>", "x", "bx\n\no"),
            ("<img alt='A cat'>x", "A cat x", "A cat x"),
            ("<nav>only</nav>", "only", "only"),
            ("<aside>a</aside><article>x<aside>b</aside></article>", "x\n\nb", "a\n\nx\n\nb"),
        ] {
            assert_eq!(shown(page, PageExtent::Main), main, "{page}");
            assert_eq!(shown(page, PageExtent::Whole), whole, "{page}");
        }
    }

    #[test]
    fn the_only_main_element_with_enough_text_is_the_page() {
        let text = "word ".repeat(50);
        let page = format!("<div>skip</div><main><h2 id=a>Head ¶</h2>{text}</main><div>skip</div>");
        assert_eq!(text_of(&page), format!("Head ¶\n\n{}", text.trim()));
        let page = extract(&page, PageExtent::Main).expect("its tags are small");
        assert!(matches!(&page.blocks[0].kind, BlockKind::Heading { level: 2, title } if title == "Head"));
        let two = format!("a<article>{text}</article><article>{text}</article>");
        assert!(text_of(&two).starts_with("a\n\nword"));
        assert!(text_of(&format!("a<main>{text}")).starts_with("word"));
        assert_eq!(text_of("<div>kept</div><main>Loading</main>"), "kept\n\nLoading");
    }

    #[test]
    fn links_to_other_pages_at_the_edges_are_left_out() {
        let generated = "This page is part of the PCRE2 HTML documentation. It was generated automatically from the \
                         original man page.";
        let back = "<p>\nReturn to the <a href=\"index.html\">PCRE2 index page</a>.\n</p>";
        let page = format!(
            "<body bgcolor=\"#FFFFFF\">\n<h1>pcre2jit man page</h1>\n{back}\n<p>\n{generated}\n<br>\n\
             <ul>\n<li><a name=\"TOC1\" href=\"#SEC1\">JIT SUPPORT</a>\n</ul>\n\
             <h2><a name=\"SEC1\" href=\"#TOC1\">JIT SUPPORT</a></h2>\n<p>\nIt compiles, as \
             <a href=\"pcre2api.html\"><b>pcre2api</b></a> says.\n</p>\n{back}\n</body>"
        );
        let start = "pcre2jit man page";
        let text = format!("{generated}\n\nJIT SUPPORT\n\nJIT SUPPORT\n\nIt compiles, as pcre2api says.");
        assert_eq!(text_of(&page), format!("{start}\n\n{text}"));
        let whole = "Return to the PCRE2 index page.";
        assert_eq!(shown(&page, PageExtent::Whole), format!("{start}\n\n{whole}\n\n{text}\n\n{whole}"));
    }

    #[test]
    fn links_that_a_page_is_about_are_kept() {
        let list = "<ul><li><a href=a>One</a><li><a href=b>Two</a></ul>";
        for (page, text) in [
            (format!("<p>Text.</p>{list}"), "Text."),
            (format!("{list}<p>Text.</p>"), "Text."),
            (format!("<p>Text.</p><article>{list}</article>"), "Text.\n\nOne\n\nTwo"),
            (format!("<p>Text.</p><h2>More</h2>{list}"), "Text.\n\nMore\n\nOne\n\nTwo"),
            (format!("<p>The parts:</p>{list}"), "The parts:\n\nOne\n\nTwo"),
            (format!("<h1>Index</h1>{list}"), "Index\n\nOne\n\nTwo"),
            (format!("<a name=top><p>Text.</p>{list}"), "Text."),
            (list.to_owned(), "One\n\nTwo"),
        ] {
            assert_eq!(text_of(&page), text, "{page}");
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
        let Page { text, places, .. } = extract(page, PageExtent::Main).expect("its tags are small");
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
            let refused = on_a_small_stack(move || extract(&many, PageExtent::Main).is_err());
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
            let Page { text, places, .. } = extract(&page, PageExtent::Main).expect("its tags are small");
            for (start, letter) in text.char_indices() {
                let (from, to) = places.origin(start, start + letter.len_utf8());
                prop_assert!(page.get(from..to).is_some());
            }
        }
    }
}

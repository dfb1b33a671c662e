//! From the tags and texts of a page to its visible text.

use std::ops::Range;

use html5gum::Span;
use html5gum::emitters::callback::CallbackEvent;

use super::elements::{BLOCKS, FURNITURE, HIDDEN, part_of};
use super::navigation::LinkUse;
use super::open_elements::{OpenElements, Visibility};
use super::page::Page;
use super::start_tag::{StartTag, collapse};
use super::stretches::{Part, Stretch, block, drop_edges};
use crate::corpus::options::PageExtent;
use crate::corpus::passages::plain_title;

/// A shorter main element is probably a placeholder filled by a script.
const MAIN_BYTES: usize = 200;

/// The separator between two stretches of text; the widest wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Separator {
    None,
    Space,
    Line,
    Block,
}

/// An element that holds what a page is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MainElement {
    Main,
    Article,
}

impl MainElement {
    fn of(name: &[u8]) -> Option<Self> {
        match name {
            b"main" => Some(Self::Main),
            b"article" => Some(Self::Article),
            _ => None,
        }
    }
}

/// The state of extraction from a page.
#[derive(Debug)]
pub(super) struct Extractor<'a> {
    page: &'a str,
    result: Page,
    pending: Separator,
    elements: OpenElements,
    preformatted: usize,
    /// The part that the text belongs to.
    part: Part,
    stretches: Vec<Stretch>,
    extent: PageExtent,
    /// The start tag that is being read.
    tag: StartTag,
    /// Open elements `main` and `article`, and where their texts start.
    open_mains: Vec<(MainElement, usize)>,
    mains: Vec<(MainElement, Range<usize>)>,
    /// Open elements `header`: where its stretches start, and the bytes outside links before it.
    headers: Vec<(usize, usize)>,
    /// The number of the link that the text is in.
    link: Option<usize>,
    links: usize,
    /// Bytes of text outside links.
    plain_bytes: usize,
}

impl<'a> Extractor<'a> {
    pub(super) fn new(page: &'a str, extent: PageExtent) -> Self {
        Self {
            page,
            result: Page::default(),
            pending: Separator::None,
            elements: OpenElements::default(),
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

    pub(super) fn take(&mut self, event: &CallbackEvent<'_>, span: Span<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = StartTag::new(name);
            }
            CallbackEvent::AttributeName { name } => {
                self.tag.take_name(name);
            }
            CallbackEvent::AttributeValue { value } => self.tag.take_value(value, span),
            CallbackEvent::CloseStartTag { self_closing } => {
                let tag = std::mem::take(&mut self.tag);
                // Of the elements that are left out, only this one can end in its start tag.
                if !(*self_closing && tag.name == b"svg") {
                    self.open(tag);
                }
            }
            CallbackEvent::EndTag { name } => self.close(name),
            CallbackEvent::String { value } if self.elements.visibility() == Visibility::Shown => {
                self.add_text(&String::from_utf8_lossy(value), span);
            }
            _ => {}
        }
    }

    /// Whether the content of an element is shown.
    fn visibility_of(&self, tag: &StartTag) -> Visibility {
        let name = tag.name.as_slice();
        let is_beside = || {
            tag.visibility == Visibility::Hidden
                || FURNITURE.contains(&name)
                // Within the main content, an aside belongs to the content.
                || (name == b"aside" && self.open_mains.is_empty())
        };
        let is_left_out = HIDDEN.contains(&name)
            || (self.extent == PageExtent::Main && is_beside() && name != b"body" && name != b"html");
        if is_left_out { Visibility::Hidden } else { Visibility::Shown }
    }

    fn open(&mut self, tag: StartTag) {
        let name = tag.name.as_slice();
        self.elements.end_before(name);
        if self.elements.visibility() == Visibility::Hidden {
            return self.elements.open(tag.name, Visibility::Hidden);
        }
        let visibility = self.visibility_of(&tag);
        self.separate(name);
        if visibility == Visibility::Shown {
            self.open_part(name);
            self.preformatted += usize::from(name == b"pre");
            self.part = part_of(name).unwrap_or(self.part);
            if name == b"a" {
                // A place that links lead to is none.
                self.links += usize::from(tag.is_link);
                self.link = tag.is_link.then_some(self.links);
            }
            if let (b"img", Some((text, place))) = (name, &tag.alternative) {
                self.pending = self.pending.max(Separator::Space);
                let origin = self.page.get(place.clone()).unwrap_or_default();
                self.add_line(text, origin, place.start);
                self.pending = self.pending.max(Separator::Space);
            }
        }
        self.elements.open(tag.name, visibility);
    }

    fn close(&mut self, name: &[u8]) {
        if self.elements.close(name) == Visibility::Shown {
            self.close_part(name);
            self.preformatted -= usize::from(name == b"pre" && self.preformatted > 0);
            if part_of(name).is_some() {
                self.part = Part::Text;
            }
            self.separate(name);
        }
    }

    fn open_part(&mut self, name: &[u8]) {
        let main = MainElement::of(name);
        self.open_mains.extend(main.map(|main| (main, self.result.text.len())));
        if name == b"header" {
            self.headers.push((self.stretches.len(), self.plain_bytes));
        }
    }

    fn close_part(&mut self, name: &[u8]) {
        match name {
            b"main" | b"article" => {
                if let Some((main, start)) = self.open_mains.pop() {
                    self.mains.push((main, start..self.result.text.len()));
                }
            }
            b"header" => match self.headers.pop() {
                // The header contains only links.
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

    /// The range of the main text: the only `main` or, without one, the only `article`.
    fn main(&self) -> Option<Range<usize>> {
        let only = |kind: MainElement| {
            let mut found = self.mains.iter().filter(|(main, _)| *main == kind).map(|(_, range)| range);
            found.next().filter(|range| found.next().is_none() && range.len() >= MAIN_BYTES).cloned()
        };
        match self.extent {
            PageExtent::Whole => None,
            PageExtent::Main => only(MainElement::Main).or_else(|| only(MainElement::Article)),
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

    /// Adds the text of one stretch of the page, line by line, so that places are exact at least to the line.
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
        let separator = self.add_separator();
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
        self.extend_stretch(text_start..self.result.text.len(), separator);
        if line.ends_with(char::is_whitespace) {
            self.pending = Separator::Space;
        }
    }

    /// Adds the text of `range`, which `separator` precedes, to the last stretch or as a new one.
    fn extend_stretch(&mut self, range: Range<usize>, separator: Separator) {
        let part = if self.preformatted > 0 { Part::Preformatted } else { self.part };
        let text = &self.result.text[range.clone()];
        match self.stretches.last_mut() {
            Some(last) if last.part == part && separator != Separator::Block => {
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

    pub(super) fn finish(mut self) -> Page {
        // Elements that are open at the end of the page end there.
        while let Some((main, start)) = self.open_mains.pop() {
            self.mains.push((main, start..self.result.text.len()));
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

    /// Adds what separates the next text from the last, and returns it.
    fn add_separator(&mut self) -> Separator {
        let separator = std::mem::replace(&mut self.pending, Separator::None);
        self.result.text.push_str(match separator {
            _ if self.result.text.is_empty() => "",
            Separator::None => "",
            Separator::Space => " ",
            Separator::Line => "\n",
            Separator::Block => "\n\n",
        });
        separator
    }
}

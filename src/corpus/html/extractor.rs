//! From the tags and texts of a page to its visible text.

use std::ops::Range;

use html5gum::Span;
use html5gum::emitters::callback::CallbackEvent;

use super::elements::{BLOCKS, FURNITURE, HIDDEN, IMPLICITLY_CLOSED, VOID, part_of};
use super::navigation::LinkUse;
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

/// The state of extraction from a page.
#[derive(Debug)]
pub(super) struct Extractor<'a> {
    page: &'a str,
    result: Page,
    pending: Separator,
    /// The hidden element around the text, and the number of open elements of its kind.
    hidden: Option<(Vec<u8>, usize)>,
    preformatted: usize,
    /// The part that the text belongs to.
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

impl<'a> Extractor<'a> {
    pub(super) fn new(page: &'a str, extent: PageExtent) -> Self {
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

    pub(super) fn take(&mut self, event: &CallbackEvent<'_>, span: Span<usize>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = StartTag::new(name);
            }
            CallbackEvent::AttributeName { name } => {
                self.tag.take_name(name);
            }
            CallbackEvent::AttributeValue { value } => self.tag.take_value(value, span),
            CallbackEvent::CloseStartTag { .. } => {
                let tag = std::mem::take(&mut self.tag);
                self.open(&tag.name, tag.is_hidden);
                if tag.name == b"a" {
                    // An anchor without `href` is not a link.
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

    /// Whether the content of an element is left out.
    fn leaves_out(&self, name: &[u8], is_hidden: bool) -> bool {
        let is_beside = || {
            is_hidden
                || FURNITURE.contains(&name)
                // Within the main content, an aside belongs to the content.
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

    pub(super) fn finish(mut self) -> Page {
        // Elements that are open at the end of the page end there.
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

//! From blocks to passages, each with the headings above it.

use std::ops::Range;

use super::block::{Block, BlockKind};
use super::context::{context_of, sentence_line, table_header};
use super::markdown::starts_item;
use super::packing::{Context, Piece, pack};
use super::prose;
use super::sections::{Section, groups, sections};
use super::settings::PassageSettings;
use super::words::{Break, Meter, Word};

/// The most blocks between a code block and the sentence that introduces it.
const MAXIMUM_INTRODUCED: usize = 4;

/// A text with headings.
pub(super) struct Outline<'a> {
    text: &'a str,
    blocks: &'a [Block],
    title: Option<&'a str>,
    sections: Vec<Section>,
    settings: PassageSettings,
    meter: &'a Meter<'a>,
}

impl<'a> Outline<'a> {
    pub(super) fn new(
        text: &'a str,
        blocks: &'a [Block],
        title: Option<&'a str>,
        settings: PassageSettings,
        meter: &'a Meter<'a>,
    ) -> Self {
        let sections = sections(blocks, meter);
        Self { text, blocks, title, sections, settings, meter }
    }

    /// The passages, in order.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for group in groups(&self.sections, self.settings.small_section_tokens()) {
            let blocks = self.sections[group.start].blocks.start..self.sections[group.end - 1].blocks.end;
            let words = blocks.clone().flat_map(|index| self.words(index, blocks.start));
            pack(words, self.settings, |start| self.context(start), &mut pieces);
        }
        pieces
    }

    /// A piece of the text; `None` if it does not fit.
    pub(super) fn piece(&self, range: Range<usize>) -> Option<Piece> {
        let context = self.context(range.start);
        (context.tokens + self.tokens(&range) <= self.settings.tokens)
            .then_some(Piece { range, context: context.text })
    }

    /// A code block that follows others, with the sentence that introduces them in its context; `None` if there is none or
    /// no room for it.
    pub(super) fn introduced(&self, range: &Range<usize>) -> Option<Piece> {
        let first = self.blocks_of(range).start;
        let is_between = |block: &&Block| matches!(block.kind, BlockKind::Fence | BlockKind::Label);
        let others =
            self.blocks[..first].iter().rev().take(MAXIMUM_INTRODUCED).take_while(is_between).count();
        let index =
            (first - others).checked_sub(1).filter(|_| self.blocks[first].range.start == range.start)?;
        let block = Some(&self.blocks[index]).filter(|block| block.kind == BlockKind::Text)?;
        let starts = self.words(index, index).filter(|word| word.before >= Break::Sentence);
        let sentence = sentence_line(&self.text[starts.last()?.start..block.range.end])?;
        let context = self.context_with(range.start, Some(sentence.clone()));
        let text = context.text.filter(|text| text.ends_with(&sentence))?;
        let fits = context.tokens + self.tokens(range) <= self.settings.tokens;
        fits.then(|| Piece { range: range.clone(), context: Some(text) })
    }

    /// Whether a range has no text beside a code block, or beside headings.
    pub(super) fn is_lone(&self, range: &Range<usize>) -> bool {
        let (mut fences, mut headings) = (0, 0);
        for block in &self.blocks[self.blocks_of(range)] {
            match block.kind {
                BlockKind::Text | BlockKind::Table { .. } => return false,
                BlockKind::Fence => fences += 1,
                BlockKind::Heading { .. } => headings += 1,
                BlockKind::Label => {}
            }
        }
        fences == 0 || (fences == 1 && headings == 0)
    }

    /// The blocks of which a range has a part.
    pub(super) fn blocks_of(&self, range: &Range<usize>) -> Range<usize> {
        let first = self.blocks.partition_point(|block| block.range.end <= range.start);
        first..self.blocks.partition_point(|block| block.range.start < range.end).max(first)
    }

    pub(super) fn block(&self, index: usize) -> &Block {
        &self.blocks[index]
    }

    pub(super) fn tokens(&self, range: &Range<usize>) -> usize {
        self.meter.tokens(range.clone())
    }

    /// Where the first word from `start` on starts, before `end`.
    pub(super) fn next_word(&self, start: usize, end: usize) -> Option<usize> {
        self.text[start..end].find(|letter: char| !letter.is_whitespace()).map(|place| start + place)
    }

    /// The most tokens of a passage.
    pub(super) const fn limit(&self) -> usize {
        self.settings.tokens
    }

    /// The most tokens that a passage repeats.
    pub(super) const fn overlap(&self) -> usize {
        self.settings.overlap
    }

    /// The words of a block, in a group that starts with the block `group_start`.
    pub(super) fn words(&self, index: usize, group_start: usize) -> impl Iterator<Item = Word> {
        let Block { range, kind } = &self.blocks[index];
        let first = if index == group_start { Break::Section } else { self.break_before(index) };
        let fits_whole =
            matches!(kind, BlockKind::Fence | BlockKind::Table { .. }) && self.fits_whole(index, 0);
        let text = &self.text[range.clone()];
        let first_line = range.start + text.find('\n').unwrap_or(text.len());
        let last_line = range.start + text.rfind('\n').unwrap_or(0);
        self.meter.words(range.clone(), first, move |end, start| {
            let line_ends = prose::line_ends(&self.text[end..start]);
            match kind {
                BlockKind::Heading { .. } | BlockKind::Label => Break::Bond,
                BlockKind::Table { rows } if end <= *rows => Break::Bond,
                BlockKind::Fence if end <= first_line && start > first_line => Break::Bond,
                BlockKind::Fence if end <= last_line && start > last_line => Break::Bond,
                BlockKind::Fence | BlockKind::Table { .. } => match line_ends {
                    0 if fits_whole => Break::Part,
                    _ if fits_whole => Break::WholeLine,
                    0 => Break::Word,
                    1 => Break::Line,
                    _ => Break::Sentence,
                },
                BlockKind::Text if line_ends > 0 && starts_item(&self.text[start..]) => Break::Item,
                BlockKind::Text => prose::gap(self.text, end, start),
            }
        })
    }

    fn break_before(&self, index: usize) -> Break {
        let (before, block) = (&self.blocks[index - 1], &self.blocks[index]);
        match (&before.kind, &block.kind) {
            (BlockKind::Heading { .. } | BlockKind::Label, _) => Break::Bond,
            (_, BlockKind::Heading { .. } | BlockKind::Label) => {
                let place = self.section_of(block.range.start);
                let section = &self.sections[place];
                // What is bare goes with the next section, and at the end of a text with the one before it.
                let is_bonded = if section.blocks.start == index {
                    section.is_bare || self.sections[place.saturating_sub(1)].is_bare
                } else {
                    section.blocks.end == index + 1
                };
                match (is_bonded, section.blocks.start == index) {
                    (true, _) => Break::Bond,
                    (false, true) => Break::Section,
                    (false, false) => Break::Block,
                }
            }
            (_, BlockKind::Fence | BlockKind::Table { .. }) => {
                if self.fits_whole(index, 0) && !self.fits_whole(index, self.last_sentence_tokens(index - 1))
                {
                    Break::Block
                } else {
                    Break::Introduction
                }
            }
            // A code block that is too long to stay with the text before it stays with the text after it.
            (BlockKind::Fence, BlockKind::Text) if self.starts_passage(index - 1) => Break::Introduction,
            (_, BlockKind::Text) => Break::Block,
        }
    }

    /// Whether a code block follows no text that it could stay with.
    fn starts_passage(&self, index: usize) -> bool {
        self.section_start(index) || self.break_before(index) == Break::Block
    }

    fn section_start(&self, index: usize) -> bool {
        self.sections[self.section_of(self.blocks[index].range.start)].blocks.start == index
    }

    /// Whether a block and `more` tokens fit a passage.
    fn fits_whole(&self, index: usize, more: usize) -> bool {
        let range = self.blocks[index].range.clone();
        let context = self.context(range.start).tokens;
        self.meter.tokens(range) + context + more <= self.settings.tokens
    }

    fn last_sentence_tokens(&self, index: usize) -> usize {
        let mut tokens = 0;
        for word in self.words_without_context(index) {
            tokens = if word.before >= Break::Sentence { word.tokens } else { tokens + word.tokens };
        }
        tokens
    }

    fn words_without_context(&self, index: usize) -> impl Iterator<Item = Word> {
        let gap = |end, start| prose::gap(self.text, end, start);
        self.meter.words(self.blocks[index].range.clone(), Break::Block, gap)
    }

    /// The last section that starts at or before a byte of the text.
    pub(super) fn section_of(&self, byte: usize) -> usize {
        let starts_by = |section: &Section| self.blocks[section.blocks.start].range.start <= byte;
        self.sections.partition_point(starts_by).saturating_sub(1)
    }

    fn context(&self, start: usize) -> Context {
        self.context_with(start, self.table_header(start))
    }

    /// The headings above a byte of the text, and a line of its own.
    fn context_with(&self, start: usize, last_line: Option<String>) -> Context {
        let section = self.section_of(start);
        let own = self.sections[section].heading.filter(|&heading| start <= self.blocks[heading].range.start);
        let mut above = if own.is_some() { self.sections[section].parent } else { Some(section) };
        let mut headings = Vec::new();
        while let Some(index) = above {
            headings.extend(self.heading_title(self.sections[index].heading));
            above = self.sections[index].parent;
        }
        headings.reverse();
        let first = headings.first().copied().or_else(|| self.heading_title(own));
        // Before headings a title finds less (the decisions of the crate say how much).
        let title = self.title.filter(|_| first.is_none());
        let parts: Vec<&str> = title.into_iter().chain(headings).collect();
        context_of(&parts, last_line, self.settings, self.meter)
    }

    fn heading_title(&self, heading: Option<usize>) -> Option<&str> {
        match &self.blocks[heading?].kind {
            BlockKind::Heading { title, .. } if !title.is_empty() => Some(title),
            _ => None,
        }
    }

    /// The header of the table whose rows a passage starts with.
    fn table_header(&self, start: usize) -> Option<String> {
        let index = self.blocks.partition_point(|block| block.range.start <= start).checked_sub(1)?;
        match &self.blocks[index] {
            Block { range, kind: BlockKind::Table { rows } } if start >= *rows => {
                table_header(&self.text[range.clone()])
            }
            _ => None,
        }
    }
}

//! The sections of a text: a heading and what it heads stay together, and small neighbors are joined.

use std::ops::Range;

use super::block::{Block, BlockKind};
use super::words::Meter;

/// A heading and its blocks, up to the next heading.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) blocks: Range<usize>,
    /// The block that is its heading; `None` before the first heading.
    pub(super) heading: Option<usize>,
    /// 0 before the first heading.
    pub(super) level: u8,
    /// The section whose heading is above this one.
    pub(super) parent: Option<usize>,
    pub(super) tokens: usize,
    /// Whether it has no content besides its heading.
    pub(super) is_bare: bool,
}

/// The sections of a text, in order.
pub(super) fn sections(blocks: &[Block], meter: &Meter<'_>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    // The sections that are open, by level.
    let mut open: Vec<usize> = Vec::new();
    let mut labels = 0;
    for (index, block) in blocks.iter().enumerate() {
        if let BlockKind::Heading { level, .. } = block.kind {
            while open.last().is_some_and(|&section| sections[section].level >= level) {
                open.pop();
            }
            let start = index - labels;
            end_last(&mut sections, start);
            open.push(sections.len());
            let parent = open.len().checked_sub(2).map(|place| open[place]);
            sections.push(Section {
                blocks: start..start,
                heading: Some(index),
                level,
                parent,
                tokens: 0,
                is_bare: true,
            });
        } else if sections.is_empty() && index == 0 {
            sections.push(Section {
                blocks: 0..0,
                heading: None,
                level: 0,
                parent: None,
                tokens: 0,
                is_bare: true,
            });
        }
        labels = if block.kind == BlockKind::Label { labels + 1 } else { 0 };
    }
    end_last(&mut sections, blocks.len());
    for section in &mut sections {
        let own = &blocks[section.blocks.clone()];
        section.tokens = own.iter().map(|block| meter.tokens(block.range.clone())).sum();
        section.is_bare = own.iter().all(|block| match block.kind {
            BlockKind::Heading { .. } | BlockKind::Label => true,
            BlockKind::Fence => section.heading.is_none(),
            BlockKind::Text | BlockKind::Table { .. } => false,
        });
    }
    sections
}

/// The sections that share passages. A section without a text goes with the next, or with the one before the end.
/// Small neighbors are joined, unless that leads up to another parent.
/// `small` is the number of tokens below which a section is small.
pub(super) fn groups(sections: &[Section], small: usize) -> Vec<Range<usize>> {
    let mut groups: Vec<Range<usize>> = Vec::new();
    let (mut tokens, mut is_bare) = (0, false);
    for (index, section) in sections.iter().enumerate() {
        let joins = groups.last().is_some_and(|group| {
            let leads_up = section.level < sections[group.start].level;
            is_bare || (!section.is_bare && tokens < small && section.tokens < small && !leads_up)
        });
        match groups.last_mut() {
            Some(group) if joins => {
                group.end = index + 1;
                (tokens, is_bare) = (tokens + section.tokens, is_bare && section.is_bare);
            }
            _ => {
                groups.push(index..index + 1);
                (tokens, is_bare) = (section.tokens, section.is_bare);
            }
        }
    }
    if is_bare && groups.len() > 1 {
        let last = groups.pop().expect("there are two groups");
        groups.last_mut().expect("there were two groups").end = last.end;
    }
    groups
}

/// Ends the last section before a block, and drops it if it has only labels that the next heading took.
fn end_last(sections: &mut Vec<Section>, end: usize) {
    if let Some(last) = sections.last_mut() {
        last.blocks.end = end;
        if last.blocks.is_empty() {
            sections.pop();
        }
    }
}

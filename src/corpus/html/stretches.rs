//! Stretches of the text of a page, and the blocks that they become.

use std::ops::Range;

use super::navigation::{self, LinkUse, StretchRole};
use crate::corpus::passages::{Block, BlockKind, plain_title};

/// A stretch of the text that belongs to one part.
#[derive(Debug, Clone)]
pub(super) struct Stretch {
    pub(super) range: Range<usize>,
    pub(super) part: Part,
    pub(super) links: LinkUse,
    pub(super) is_in_main: bool,
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

/// The role of a stretch of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Title,
    Heading(u8),
    Text,
    Preformatted,
}

/// Leaves out links to other pages before and after the text of a page.
pub(super) fn drop_edges(text: &str, stretches: &mut Vec<Stretch>) {
    let roles: Vec<StretchRole> = stretches.iter().map(|stretch| stretch.role(text)).collect();
    let mut dropped = navigation::edges(&roles).into_iter();
    stretches.retain(|_| !dropped.next().unwrap_or_default());
}

/// Longer headings are text: an unclosed heading would include the rest of the page.
const MAXIMUM_HEADING_BYTES: usize = 1024;

/// The block of a stretch.
pub(super) fn block(text: &str, range: Range<usize>, part: Part) -> Block {
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

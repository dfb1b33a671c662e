//! The text of a page, with its places and blocks.

use crate::corpus::offsets::OffsetMap;
use crate::corpus::passages::Block;

/// The text of a page.
#[derive(Debug, Default)]
pub(in crate::corpus) struct Page {
    /// Blocks are separated by a blank line; within one, white space is one space, except in `pre`.
    pub(in crate::corpus) text: String,
    /// From the text to the page.
    pub(in crate::corpus) places: OffsetMap,
    /// The blocks of the text, without the title unless there is nothing else.
    pub(in crate::corpus) blocks: Vec<Block>,
    /// The text of the element `title`.
    pub(in crate::corpus) title: Option<String>,
}

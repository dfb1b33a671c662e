//! Divides a text into passages that a model can read.

use std::ops::Range;

use super::block::Block;
use super::code;
use super::context::context_of;
use super::lone::accompany;
use super::markdown;
use super::outline::Outline;
use super::packing::{Piece, pack};
use super::prose;
use super::settings::PassageSettings;
use super::words::{Break, Meter};
use crate::corpus::tokens::TokenCounter;

/// The structure along which a text is cut.
#[derive(Debug, Clone, Copy)]
pub(in crate::corpus) enum Structure<'a> {
    /// Blank lines, sentences, lines, words.
    Prose,
    /// Sections, then blocks, then as [`Structure::Prose`].
    Markdown,
    /// Blank lines, lines, words.
    Code,
    /// As [`Structure::Markdown`], where the blocks are known.
    Blocks(&'a [Block]),
}

/// A text to be cut.
#[derive(Debug, Clone, Copy)]
pub(in crate::corpus) struct CutText<'a> {
    pub(in crate::corpus) text: &'a str,
    /// The start of the passages; earlier text is left out.
    pub(in crate::corpus) start: usize,
    pub(in crate::corpus) structure: Structure<'a>,
    /// The title of the whole text.
    pub(in crate::corpus) title: Option<&'a str>,
}

/// The passages, in order, without surrounding white space.
///
/// They are cut at the best breaks. The time is linear in the length of the text.
pub(in crate::corpus) fn split(
    source: CutText<'_>,
    settings: PassageSettings,
    counter: &dyn TokenCounter,
) -> Vec<Piece> {
    let CutText { text, start, structure, title } = source;
    let meter = Meter::new(text, counter, settings.text_tokens());
    match structure {
        Structure::Prose => split_prose(text, start..text.len(), title, settings, &meter),
        Structure::Code => code::split(text, title, settings, &meter),
        Structure::Markdown => {
            let blocks = markdown::blocks(text, start..text.len());
            split_outline(&Outline::new(text, &blocks, title, settings, &meter))
        }
        Structure::Blocks(blocks) => split_outline(&Outline::new(text, blocks, title, settings, &meter)),
    }
}

fn split_outline(outline: &Outline<'_>) -> Vec<Piece> {
    accompany(outline, outline.pieces())
}

fn split_prose(
    text: &str,
    range: Range<usize>,
    title: Option<&str>,
    settings: PassageSettings,
    meter: &Meter<'_>,
) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let words = meter.words(range, Break::Block, |end, start| prose::gap(text, end, start));
    let context = |_| context_of(title.as_slice(), None, settings, meter);
    pack(words, settings, context, &mut pieces);
    pieces
}

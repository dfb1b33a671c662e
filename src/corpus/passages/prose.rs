//! Where prose can be cut: between paragraphs, sentences, lines and words.

use super::words::Break;
use crate::corpus::sentences::ends_sentence;

/// The break between a word that ends at `end` and the next, which starts at `start`.
pub(super) fn gap(text: &str, end: usize, start: usize) -> Break {
    match line_ends(&text[end..start]) {
        0 | 1 if ends_sentence(text, end, start) => Break::Sentence,
        0 => Break::Word,
        1 => Break::Line,
        _ => Break::Block,
    }
}

/// The number of line ends in white space.
pub(super) fn line_ends(space: &str) -> usize {
    memchr::memchr_iter(b'\n', space.as_bytes()).count()
}

//! Adds a sentence to passages that consist only of a code block or headings.
//!
//! Words are packed from left to right, so a cut is chosen before the rest of the text is known. This module moves cuts
//! by sentences, or repeats a sentence within the overlap. A code block between others gets the sentence that
//! introduces them in its context.

use std::ops::Range;

use super::block::BlockKind;
use super::outline::Outline;
use super::packing::Piece;
use super::words::{Break, Word};

/// The pieces of an outline, with as few lone pieces as the adjacent sentences allow.
pub(super) fn accompany(outline: &Outline<'_>, pieces: Vec<Piece>) -> Vec<Piece> {
    let mut settled: Vec<Piece> = Vec::with_capacity(pieces.len());
    let mut rest = pieces.into_iter().peekable();
    while let Some(mut piece) = rest.next() {
        if outline.is_lone(&piece.range) {
            if let Some(moved) = settled.last().and_then(|before| from_before(outline, before, &piece)) {
                settled.pop();
                settled.extend(moved.other);
                piece = moved.lone;
            } else if let Some(moved) = rest.peek().and_then(|after| from_after(outline, &piece, after)) {
                piece = moved.lone;
                match moved.other {
                    Some(other) => *rest.peek_mut().expect("it was looked at") = other,
                    None => drop(rest.next()),
                }
            } else if let Some(introduced) = outline.introduced(&piece.range) {
                piece = introduced;
            }
        }
        settled.push(piece);
    }
    settled
}

/// A lone piece with a sentence of its neighbor, and the rest of the neighbor.
struct Moved {
    lone: Piece,
    other: Option<Piece>,
}

/// A word of the neighbors of a lone piece.
struct NeighborWord {
    word: Word,
    origin: WordOrigin,
}

/// What a word is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WordOrigin {
    /// Sentences, which may move.
    Text,
    /// Code, a table, a heading.
    Other,
}

/// Preference among cuts: block edges first, then more moved tokens.
type Merit = (Break, usize);

/// Moves the last sentences of `before` to `lone`.
fn from_before(outline: &Outline<'_>, before: &Piece, lone: &Piece) -> Option<Moved> {
    if before.range.end > lone.range.start {
        return None;
    }
    let own_tokens = outline.tokens(&lone.range);
    let words = words(outline, &before.range, lone.range.start);
    let mut best: Option<(Merit, Moved)> = None;
    let mut tokens = 0;
    for index in (0..words.len()).rev() {
        let NeighborWord { word: Word { start, before: gap, tokens: own, .. }, origin } = words[index];
        tokens += own;
        if own_tokens + tokens > outline.limit() {
            break;
        }
        if origin != WordOrigin::Text || gap < Break::Sentence {
            continue;
        }
        let left_end = index.checked_sub(1).map_or(before.range.start, |last| words[last].word.end);
        let left = before.range.start..left_end;
        let Some(left) = left_of(outline, left, &before.range, tokens) else { continue };
        let piece = outline.piece(start..lone.range.end);
        let merit = (gap.min(Break::Block), tokens);
        if let Some(piece) = piece.filter(|_| best.as_ref().is_none_or(|(other, _)| *other < merit)) {
            let other = Piece { range: left, context: before.context.clone() };
            let other = Some(other).filter(|other| !other.range.is_empty());
            best = Some((merit, Moved { lone: piece, other }));
        }
    }
    best.map(|(_, moved)| moved)
}

/// Moves the first sentences of `after` to `lone`.
fn from_after(outline: &Outline<'_>, lone: &Piece, after: &Piece) -> Option<Moved> {
    let own_tokens = outline.tokens(&lone.range);
    let words = words(outline, &(lone.range.end..after.range.end), lone.range.end - 1);
    let mut best: Option<(Merit, Moved)> = None;
    let mut tokens = 0;
    for (index, NeighborWord { word, origin }) in words.iter().enumerate() {
        tokens += word.tokens;
        if own_tokens + tokens > outline.limit() {
            break;
        }
        let next = words.get(index + 1).map(|next| next.word);
        let gap = next.map_or(Break::Section, |next| next.before);
        if *origin != WordOrigin::Text || gap < Break::Sentence {
            continue;
        }
        // After the last word of its section, the piece may continue with the next section.
        let next_start =
            next.map_or_else(|| outline.next_word(word.end, after.range.end), |next| Some(next.start));
        let left = next_start.unwrap_or(after.range.end)..after.range.end;
        let Some(left) = left_of(outline, left, &after.range, tokens) else { continue };
        let piece = outline.piece(lone.range.start..word.end);
        let other = match () {
            () if left.is_empty() => None,
            () if left == after.range => Some(after.clone()),
            () => match outline.piece(left) {
                Some(other) => Some(other),
                None => continue,
            },
        };
        let merit = (gap.min(Break::Block), tokens);
        if let Some(piece) = piece.filter(|_| best.as_ref().is_none_or(|(other, _)| *other < merit)) {
            best = Some((merit, Moved { lone: piece, other }));
        }
    }
    best.map(|(_, moved)| moved)
}

/// The range that a neighbor keeps: `left`, or all of it if `left` would be lone and the moved sentence fits the
/// overlap.
fn left_of(
    outline: &Outline<'_>,
    left: Range<usize>,
    whole: &Range<usize>,
    tokens: usize,
) -> Option<Range<usize>> {
    if left.is_empty() || !outline.is_lone(&left) {
        return Some(left);
    }
    (tokens <= outline.overlap()).then(|| whole.clone())
}

/// The words of a range in the section of a byte. Blocks count as separate sections here.
/// None where no text is, since each part of an endless code block is lone.
fn words(outline: &Outline<'_>, range: &Range<usize>, byte: usize) -> Vec<NeighborWord> {
    let section = outline.section_of(byte);
    let mut words = Vec::new();
    if !outline.blocks_of(range).any(|index| outline.block(index).kind == BlockKind::Text) {
        return words;
    }
    for index in outline.blocks_of(range) {
        let block = outline.block(index);
        if outline.section_of(block.range.start) == section {
            let origin = if block.kind == BlockKind::Text { WordOrigin::Text } else { WordOrigin::Other };
            let own = outline.words(index, index).take_while(|word| word.start < range.end);
            let own = own.filter(|word| word.start >= range.start);
            words.extend(own.map(|word| NeighborWord { word, origin }));
        }
    }
    words
}

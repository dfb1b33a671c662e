//! Fills passages with words up to their size, and cuts at the best breaks.

use std::collections::VecDeque;
use std::ops::Range;

use super::settings::PassageSettings;
use super::words::{Break, Word};

/// A part of a text, and its context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::corpus) struct Piece {
    /// Its bytes, without surrounding white space.
    pub(in crate::corpus) range: Range<usize>,
    /// Title, headings and so on, which are embedded before it.
    pub(in crate::corpus) context: Option<String>,
}

/// The context that is embedded before a text.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub(super) text: Option<String>,
    pub(super) tokens: usize,
}

/// Adds the pieces of `words`. `context` returns the context of a piece that starts at a byte of the text.
///
/// Only the words of one piece are held at a time, and each is visited a bounded number of times.
pub(super) fn pack(
    mut words: impl Iterator<Item = Word>,
    settings: PassageSettings,
    mut context: impl FnMut(usize) -> Context,
    pieces: &mut Vec<Piece>,
) {
    let mut window: VecDeque<Word> = VecDeque::new();
    // The number of words at the start of the window that the previous piece contains, too.
    let mut repeated = 0;
    loop {
        if window.is_empty() {
            window.extend(words.next());
        }
        let Some(first) = window.front() else { return };
        let context = context(first.start);
        let budget = settings.tokens.saturating_sub(context.tokens).max(1);
        let mut total: usize = window.iter().map(|word| word.tokens).sum();
        // A window over its budget has a word after the first, before which it is cut.
        while total <= budget || window.len() < 2 {
            let Some(word) = words.next() else {
                pieces.push(piece(&window, window.len(), context.text));
                return;
            };
            total += word.tokens;
            window.push_back(word);
        }
        let Some(cut) = choose_cut(&window, repeated, budget) else {
            // The next word leaves no room for an overlap.
            window.drain(..repeated);
            repeated = 0;
            continue;
        };
        pieces.push(piece(&window, cut, context.text));
        let next = overlap_start(&window, cut, settings.overlap);
        repeated = cut - next;
        window.drain(..next);
    }
}

fn piece(window: &VecDeque<Word>, length: usize, context: Option<String>) -> Piece {
    Piece { range: window[0].start..window[length - 1].end, context }
}

/// The number of words of the next piece, from a window that exceeds `budget`; `None` if no word beyond the repeated
/// ones fits. The first word counts as fitting.
fn choose_cut(window: &VecDeque<Word>, repeated: usize, budget: usize) -> Option<usize> {
    let mut tokens = 0;
    let (mut quarter, mut half, mut fitting) = (1, 1, 1);
    for (index, word) in window.iter().enumerate() {
        tokens += word.tokens;
        if tokens > budget {
            break;
        }
        fitting = index + 1;
        quarter = if tokens * 4 < budget { index + 2 } else { quarter };
        half = if tokens * 2 < budget { index + 2 } else { half };
    }
    if fitting <= repeated {
        return None;
    }
    let least = repeated + 1;
    let best = |from: usize, worst: Break| {
        let candidates = from.max(least)..=fitting;
        candidates.filter(|&cut| window[cut].before >= worst).max_by_key(|&cut| (window[cut].before, cut))
    };
    // Accept a small piece for a section break, a half-full one for a sentence break.
    best(quarter, Break::Section)
        .or_else(|| best(half, Break::Sentence))
        .or_else(|| best(quarter, Break::Sentence))
        .or_else(|| best(half, Break::Word))
        .or_else(|| best(least, Break::Bond))
}

/// The first word of the next piece: the first within the overlap at which a sentence starts, or any word where the cut
/// itself is within a sentence. A piece that starts a section repeats nothing.
fn overlap_start(window: &VecDeque<Word>, cut: usize, overlap: usize) -> usize {
    let worst = match window[cut].before {
        Break::Section => return cut,
        before if before >= Break::Sentence => Break::Sentence,
        Break::Line | Break::Introduction => Break::Line,
        _ => Break::Word,
    };
    let (mut start, mut tokens) = (cut, 0);
    for index in (1..cut).rev() {
        tokens += window[index].tokens;
        if tokens > overlap || window[index].before == Break::Section {
            break;
        }
        if window[index].before >= worst {
            start = index;
        }
    }
    start
}

//! The words of a text with their tokens, and the break before each.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use crate::corpus::offsets::boundary_before;
use crate::corpus::sentences::is_full_stop;
use crate::corpus::tokens::TokenCounter;

/// A longer word is counted in parts: a tokenizer may take quadratic time on long words.
const MAXIMUM_WORD_BYTES: usize = 128;

/// The kind of gap between two words; the greater, the better a cut there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Break {
    /// Parts that belong together: a heading and its text, the header of a table and its rows.
    Bond,
    /// Parts of a word, or words of a block that fits a passage whole.
    Part,
    /// Lines of a block that fits a passage whole.
    WholeLine,
    /// Words.
    Word,
    /// Lines.
    Line,
    /// A code block or a table and the text that introduces it.
    Introduction,
    /// Sentences.
    Sentence,
    /// Items of a list.
    Item,
    /// Paragraphs.
    Block,
    /// Sections, or items of code that nothing encloses.
    Section,
}

/// A word, or a part of an overlong one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) tokens: usize,
    /// The break before the word.
    pub(super) before: Break,
}

/// Counts the tokens of a text by its words. A language has a limited number of words, so most counts are cached.
pub(super) struct Meter<'a> {
    text: &'a str,
    counter: &'a dyn TokenCounter,
    /// No word has more tokens, unless it is one character.
    longest: usize,
    known: RefCell<HashMap<&'a str, usize>>,
}

impl<'a> Meter<'a> {
    pub(super) fn new(text: &'a str, counter: &'a dyn TokenCounter, longest: usize) -> Self {
        Self { text, counter, longest, known: RefCell::default() }
    }

    /// The words of a range of the text. `first` is the break before the first word. `gap` returns the other breaks
    /// from the end of a word and the start of the next.
    pub(super) fn words(
        &self,
        range: Range<usize>,
        first: Break,
        gap: impl Fn(usize, usize) -> Break,
    ) -> impl Iterator<Item = Word> {
        let mut last_end = None;
        let start_of = |word: &str| word.as_ptr().addr() - self.text.as_ptr().addr();
        self.text[range].split_whitespace().flat_map(move |word| {
            let start = start_of(word);
            let before = last_end.map_or(first, |end| gap(end, start));
            last_end = Some(start + word.len());
            self.parts(word, start, before)
        })
    }

    /// The tokens of a range of the text.
    pub(super) fn tokens(&self, range: Range<usize>) -> usize {
        self.words(range, Break::Word, |_, _| Break::Word).map(|word| word.tokens).sum()
    }

    /// The tokens of another text.
    pub(super) fn count(&self, text: &str) -> usize {
        text.split_whitespace().flat_map(word_parts).map(|part| self.counter.count(part)).sum()
    }

    fn parts(&self, word: &'a str, start: usize, before: Break) -> impl Iterator<Item = Word> {
        let (mut rest, mut start, mut before) = (word, start, before);
        std::iter::from_fn(move || {
            if rest.is_empty() {
                return None;
            }
            let (length, tokens) = self.part(rest);
            let part = Word { start, end: start + length, tokens, before };
            before = if rest[..length].ends_with(is_full_stop) { Break::Sentence } else { Break::Part };
            (rest, start) = (&rest[length..], start + length);
            Some(part)
        })
    }

    /// The length and the tokens of the first part of a word.
    fn part(&self, word: &'a str) -> (usize, usize) {
        let mut length = boundary_before(word, MAXIMUM_WORD_BYTES);
        // Languages without spaces have sentences within a word.
        if let Some((place, stop)) = word[..length].char_indices().find(|&(_, letter)| is_full_stop(letter)) {
            length = place + stop.len_utf8();
        }
        let first = word.chars().next().map_or(0, char::len_utf8);
        loop {
            let tokens = self.tokens_of(&word[..length]);
            if tokens <= self.longest || length <= first {
                return (length, tokens);
            }
            length = boundary_before(word, length / 2).max(first);
        }
    }

    /// At least one, so that the number of words of a passage is bounded for any counter.
    fn tokens_of(&self, word: &'a str) -> usize {
        *self.known.borrow_mut().entry(word).or_insert_with(|| self.counter.count(word).max(1))
    }
}

/// `word` in parts of at most [`MAXIMUM_WORD_BYTES`].
fn word_parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let part;
        (part, rest) = rest.split_at(boundary_before(rest, MAXIMUM_WORD_BYTES));
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use proptest::prelude::*;

    use super::*;

    /// One token for every three bytes of a word.
    fn three_bytes(text: &str) -> usize {
        text.split_whitespace().map(|word| word.len().div_ceil(3)).sum()
    }

    proptest! {
        #[test]
        fn words_cover_a_text_and_count_as_the_counter_does(text in "[a-zé \n]{0,60}") {
            let meter = Meter::new(&text, &three_bytes, 40);
            prop_assert_eq!(meter.tokens(0..text.len()), three_bytes(&text));
            let words: Vec<&str> = meter
                .words(0..text.len(), Break::Block, |_, _| Break::Word)
                .map(|word| &text[word.start..word.end])
                .collect();
            prop_assert_eq!(words, text.split_whitespace().collect::<Vec<_>>());
        }
    }

    #[test]
    fn every_word_is_counted_once() {
        let calls = AtomicUsize::new(0);
        let counter = |text: &str| {
            calls.fetch_add(1, Ordering::Relaxed);
            three_bytes(text)
        };
        let text = "the cat and the dog and the bird ".repeat(100);
        assert_eq!(Meter::new(&text, &counter, 40).tokens(0..text.len()), 100 * 9);
        assert_eq!(calls.into_inner(), 5);
    }

    #[test]
    fn an_endless_word_is_counted_in_parts() {
        let text = "é".repeat(10_000);
        let longest = AtomicUsize::new(0);
        let counter = |text: &str| {
            longest.fetch_max(text.len(), Ordering::Relaxed);
            1
        };
        let meter = Meter::new(&text, &counter, 40);
        assert_eq!(meter.tokens(0..text.len()), 20_000usize.div_ceil(MAXIMUM_WORD_BYTES));
        assert_eq!(meter.count(&text), 20_000usize.div_ceil(MAXIMUM_WORD_BYTES));
        assert_eq!(longest.into_inner(), MAXIMUM_WORD_BYTES);
    }

    #[test]
    fn a_word_of_more_tokens_than_a_passage_is_parted() {
        let bytes = |text: &str| text.len();
        let meter = Meter::new("abcdefghij", &bytes, 4);
        let words: Vec<usize> =
            meter.words(0..10, Break::Block, |_, _| Break::Word).map(|word| word.tokens).collect();
        assert!(words.iter().all(|&tokens| tokens <= 4), "{words:?}");
        assert_eq!(words.iter().sum::<usize>(), 10);
    }

    #[test]
    fn sentences_without_spaces_are_parted() {
        let text = "雨が降る。傘を持つ。";
        let breaks: Vec<Break> = Meter::new(text, &three_bytes, 40)
            .words(0..text.len(), Break::Block, |_, _| Break::Word)
            .map(|word| word.before)
            .collect();
        assert_eq!(breaks, [Break::Block, Break::Sentence]);
    }
}

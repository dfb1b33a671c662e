//! The length of a text in tokens. Every distinct word is counted once.

use std::collections::HashMap;

use text_splitter::ChunkSizer;

use super::offsets::boundary_before;

/// A longer word is counted in parts: a tokenizer may take the square of the length of a word.
const MAXIMUM_WORD_BYTES: usize = 128;

/// Counts the tokens that a model makes of a text, without special tokens.
///
/// Passages are measured as the sum over their words. That is exact for tokenizers that split at white space first, as
/// `WordPiece` and `SentencePiece` with a word mark do, and close for others.
pub trait TokenCounter: Sync {
    /// The number of tokens of `text`.
    fn count(&self, text: &str) -> usize;
}

impl<F: Fn(&str) -> usize + Sync> TokenCounter for F {
    fn count(&self, text: &str) -> usize {
        self(text)
    }
}

/// Counts so far, by word. A language has few words, so most counts are looked up.
#[derive(Default)]
pub(super) struct TokenCounts<'text> {
    counts: HashMap<&'text str, usize>,
}

/// The tokens of any range of one text, found by two binary searches.
pub(super) struct TokenLedger<'a> {
    text: &'a str,
    counter: &'a dyn TokenCounter,
    words: Vec<Word>,
}

/// A word and the tokens up to it.
#[derive(Debug, Clone, Copy)]
struct Word {
    start: usize,
    end: usize,
    tokens_before: usize,
    tokens: usize,
}

impl<'a> TokenLedger<'a> {
    pub(super) fn new(text: &'a str, counter: &'a dyn TokenCounter, known: &mut TokenCounts<'a>) -> Self {
        let mut words = Vec::with_capacity(text.len() / 6);
        let mut tokens_before = 0;
        for (start, word) in words_of(text) {
            let tokens = *known.counts.entry(word).or_insert_with(|| counter.count(word));
            words.push(Word { start, end: start + word.len(), tokens_before, tokens });
            tokens_before += tokens;
        }
        Self { text, counter, words }
    }

    /// Tokens of the bytes `start..end` of the text.
    fn tokens(&self, start: usize, end: usize) -> usize {
        let first = self.words.partition_point(|word| word.end <= start);
        let last = self.words.partition_point(|word| word.start < end);
        let Some((first_word, _)) = self.words[first..last.max(first)].split_first() else { return 0 };
        let last_word = &self.words[last - 1];
        let whole = last_word.tokens_before + last_word.tokens - first_word.tokens_before;
        if first + 1 == last {
            return self.part_tokens(first_word, start, end);
        }
        whole - first_word.tokens - last_word.tokens
            + self.part_tokens(first_word, start, end)
            + self.part_tokens(last_word, start, end)
    }

    /// Tokens of the part of a word that is in `start..end`.
    fn part_tokens(&self, word: &Word, start: usize, end: usize) -> usize {
        if start <= word.start && word.end <= end {
            return word.tokens;
        }
        self.counter.count(&self.text[start.max(word.start)..end.min(word.end)])
    }
}

impl ChunkSizer for TokenLedger<'_> {
    /// `chunk` is a part of the text, found by its address: the splitter does not pass its position.
    fn size(&self, chunk: &str) -> usize {
        let start = chunk.as_ptr().addr().wrapping_sub(self.text.as_ptr().addr());
        if start > self.text.len() || chunk.len() > self.text.len() - start {
            return self.counter.count(chunk);
        }
        self.tokens(start, start + chunk.len())
    }
}

/// The words of a text, and the parts of overlong ones, with their positions.
fn words_of(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let start_of = |word: &str| word.as_ptr().addr() - text.as_ptr().addr();
    text.split_whitespace().flat_map(parts).map(move |word| (start_of(word), word))
}

fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let (part, remainder) = rest.split_at(boundary_before(rest, MAXIMUM_WORD_BYTES));
        rest = remainder;
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
        fn a_ledger_counts_as_the_counter_does(text in "[a-zé \n]{0,60}", cut in any::<(usize, usize)>()) {
            let ledger = TokenLedger::new(&text, &three_bytes, &mut TokenCounts::default());
            let start = boundary_before(&text, cut.0 % (text.len() + 1));
            let end = boundary_before(&text, start + cut.1 % (text.len() - start + 1));
            prop_assert_eq!(ledger.size(&text[start..end.max(start)]), three_bytes(&text[start..end.max(start)]));
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
        let ledger = TokenLedger::new(&text, &counter, &mut TokenCounts::default());
        assert_eq!(ledger.size(text.trim()), 100 * 9);
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
        let ledger = TokenLedger::new(&text, &counter, &mut TokenCounts::default());
        assert_eq!(ledger.size(&text), 20_000usize.div_ceil(MAXIMUM_WORD_BYTES));
        assert_eq!(longest.into_inner(), MAXIMUM_WORD_BYTES);
    }

    #[test]
    fn a_text_from_elsewhere_is_counted_itself() {
        let ledger = TokenLedger::new("one two", &three_bytes, &mut TokenCounts::default());
        assert_eq!(ledger.size(&"three four ".repeat(2)), 8);
    }
}

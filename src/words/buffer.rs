//! Words of texts that wait to be stored.

use std::collections::{BTreeMap, HashMap};

use super::postings::{Posting, push_posting};
use super::text_terms::TextTerms;

/// The terms of waiting texts take this much at most, roughly.
const LARGEST_POSTINGS: usize = 2 << 20;

/// Words of texts that no segment has yet. A text is identified by its number, which rises from text to text.
#[derive(Debug, Default)]
pub struct WordBuffer {
    postings: HashMap<Box<str>, Vec<Posting>>,
    lengths: BTreeMap<u32, u16>,
    posting_count: usize,
}

/// A segment: the postings of consecutive texts.
#[derive(Debug)]
pub struct WordSegment<'a> {
    /// The lowest number of a text in it, which its postings follow.
    pub first: u32,
    /// Each term with its postings ([`push_posting`]), by term.
    pub terms: Vec<(&'a str, Vec<u8>)>,
}

impl WordBuffer {
    /// Adds the text `number`, which is greater than those before it.
    pub fn push(&mut self, number: u32, text: &str) {
        let TextTerms { counts, length } = TextTerms::of(text);
        self.posting_count += counts.len();
        for (term, count) in counts {
            self.postings.entry(term).or_default().push(Posting { text: number, count });
        }
        self.lengths.insert(number, length);
    }

    /// Whether it should be stored before more texts are added.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        self.posting_count >= LARGEST_POSTINGS
    }

    /// Forgets texts from the number `next` on.
    pub fn truncate(&mut self, next: u32) {
        for postings in self.postings.values_mut() {
            postings.retain(|posting| posting.text < next);
        }
        self.postings.retain(|_, postings| !postings.is_empty());
        self.lengths.split_off(&next);
        self.posting_count = self.postings.values().map(Vec::len).sum();
    }

    /// The number of terms of each text.
    #[must_use]
    pub const fn lengths(&self) -> &BTreeMap<u32, u16> {
        &self.lengths
    }

    /// All texts as a segment; `None` without any.
    #[must_use]
    pub fn segment(&self) -> Option<WordSegment<'_>> {
        let (&first, _) = self.lengths.first_key_value()?;
        let mut terms: Vec<(&str, Vec<u8>)> = self
            .postings
            .iter()
            .map(|(term, postings)| (&**term, encode_postings(postings, first)))
            .collect();
        terms.sort_unstable_by_key(|(term, _)| *term);
        Some(WordSegment { first, terms })
    }
}

/// The bytes of postings that follow the text `first`.
#[must_use]
pub fn encode_postings(postings: &[Posting], first: u32) -> Vec<u8> {
    let (mut bytes, mut previous) = (Vec::new(), first);
    for posting in postings {
        push_posting(&mut bytes, *posting, previous);
        previous = posting.text;
    }
    bytes
}

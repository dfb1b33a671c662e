//! The words of texts in memory, for a search without an index.

use std::collections::HashMap;
use std::convert::Infallible;

use super::postings::Posting;
use super::ranking::{WordStatistics, WordStore};
use super::text_terms::TextTerms;

/// The words of texts, which are numbered from 0.
#[derive(Debug, Clone, Default)]
pub struct WordsInMemory {
    postings: HashMap<Box<str>, Vec<Posting>>,
    lengths: Vec<u16>,
    hidden: HiddenTexts,
}

/// Texts that count toward frequencies but are excluded from results.
#[derive(Debug, Clone, Default)]
struct HiddenTexts {
    frequencies: HashMap<Box<str>, u64>,
    texts: u64,
    terms: u64,
}

impl WordsInMemory {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        let number = self.lengths.len() as u32;
        let TextTerms { counts, length } = TextTerms::of(text);
        for (term, count) in counts {
            self.postings.entry(term).or_default().push(Posting { text: number, count });
        }
        self.lengths.push(length);
    }

    /// Counts a text that a filter rules out, so that scores do not depend on the filter, as in an index.
    pub fn push_hidden(&mut self, text: &str) {
        let TextTerms { counts, length } = TextTerms::of(text);
        for (term, _) in counts {
            *self.hidden.frequencies.entry(term).or_default() += 1;
        }
        self.hidden.texts += 1;
        self.hidden.terms += u64::from(length);
    }
}

impl WordStore for WordsInMemory {
    type Error = Infallible;

    fn statistics(&self) -> WordStatistics {
        let HiddenTexts { texts, terms, .. } = self.hidden;
        let found: u64 = self.lengths.iter().map(|&length| u64::from(length)).sum();
        WordStatistics::new(self.lengths.len() as u64 + texts, found + terms, self.lengths.len())
    }

    fn hidden_frequency(&self, term: &str) -> u64 {
        self.hidden.frequencies.get(term).copied().unwrap_or_default()
    }

    fn length(&self, row: u32) -> u16 {
        self.lengths[row as usize]
    }

    fn for_each_posting(&self, term: &str, take: &mut dyn FnMut(Posting)) -> Result<(), Infallible> {
        self.postings.get(term).into_iter().flatten().for_each(|posting| take(*posting));
        Ok(())
    }
}

//! BM25, and how much it adds to a similarity.
//!
//! b = sum over the terms of a query of idf * count / (count + k1 * (1 - b + b * length / average)), with
//! idf = ln(1 + (n - f + 0.5) / (f + 0.5)) for a term that f of n texts have (Robertson and Zaragoza, "The Probabilistic
//! Relevance Framework: BM25 and Beyond", 2009; the idf that Lucene uses, which is never negative).

use std::collections::{HashMap, HashSet};

use super::analysis::definition_of;
use super::postings::Posting;
use super::query::WordQuery;

/// BM25 k1: how quickly the frequency of a term saturates.
const K1: f32 = 1.2;

/// BM25 b: how strongly scores are normalized by length.
const B: f32 = 0.75;

/// The most that BM25 adds to a cosine.
const WEIGHT: f32 = 0.4;

/// BM25 at which half of `WEIGHT` is added, as a multiple of the highest idf (that of a term in one text).
const HALF_AT: f32 = 2.0;

/// The most that a matching rare term adds in addition.
const RARE_WEIGHT: f32 = 0.05;

/// The most that a name of the query adds, such as `parse_file` or `0.19`: a user who types one wants exact matches.
const NAME_WEIGHT: f32 = 0.15;

/// The amount that the definition of a name adds.
const DEFINITION_WEIGHT: f32 = 0.05;

/// A term is rare from this fraction of the highest idf on.
const RARE_FROM: f32 = 0.7;

/// Rarity assumes at least this many texts: a word in one of ten texts is not necessarily rare.
const LEAST_TEXTS: u64 = 1000;

/// The most that words add to a cosine.
pub const MOST_WORDS_ADD: f32 = WEIGHT + RARE_WEIGHT + NAME_WEIGHT + DEFINITION_WEIGHT;

/// Texts and their terms. A text is identified by its row; rows without a live text have no postings.
pub trait WordStore {
    /// Why a store cannot be read.
    type Error;

    /// Counts over the live texts.
    fn statistics(&self) -> WordStatistics;

    /// The number of texts with `term` that count toward frequencies but are excluded from results.
    fn hidden_frequency(&self, _term: &str) -> u64 {
        0
    }

    /// The number of terms of the text of a live row.
    fn length(&self, row: u32) -> u16;

    /// Passes the live rows that have `term` to `take`, in increasing order. The text of each posting is the row.
    ///
    /// # Errors
    ///
    /// An error of the store.
    fn for_each_posting(&self, term: &str, take: &mut dyn FnMut(Posting)) -> Result<(), Self::Error>;
}

/// The statistics of all texts that BM25 uses.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WordStatistics {
    /// The number of live texts.
    count: u64,
    /// The mean number of terms of a live text; at least 1.
    average_length: f32,
    /// All rows, live or not.
    rows: usize,
}

impl WordStatistics {
    /// Statistics of `count` live texts with `terms` terms in total, in a store of `rows` rows.
    #[must_use]
    pub fn new(count: u64, terms: u64, rows: usize) -> Self {
        Self { count, average_length: (terms as f64 / count.max(1) as f64).max(1.0) as f32, rows }
    }

    /// The number of texts that are counted.
    #[must_use]
    pub const fn count(self) -> u64 {
        self.count
    }

    /// The inverse document frequency of a term that `frequency` texts have.
    fn idf(self, frequency: u64) -> f32 {
        let (count, frequency) = (self.count as f64, frequency as f64);
        (1.0 + (count - frequency + 0.5).max(0.0) / (frequency + 0.5)).ln() as f32
    }

    /// The highest idf: that of a term in one text, where at least [`LEAST_TEXTS`] texts are assumed.
    fn greatest_idf(self) -> f32 {
        Self { count: self.count.max(LEAST_TEXTS), ..self }.idf(1)
    }
}

/// What rare terms and names add to a row in addition to BM25.
#[derive(Debug, Clone, Copy, Default)]
struct ExactMatches {
    rare: f32,
    name: f32,
    definition: f32,
}

/// The scores of all texts that have a term of a query.
#[derive(Debug, Clone)]
pub struct WordScores {
    /// BM25 by row; 0 where no term matches.
    bm25: Vec<f32>,
    /// What rare terms and names add to the few rows that have one.
    exact: HashMap<u32, ExactMatches>,
    /// The rows that have a term, in increasing order.
    matched: Vec<u32>,
    greatest_idf: f32,
    /// The number of texts that count toward frequencies.
    texts: u64,
    /// The sum of the idf of all terms of the query; a term in no text counts with the highest idf.
    all_terms: f32,
}

impl WordScores {
    /// Scores the texts of `store` for the terms of `query`.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub fn new<S: WordStore>(store: &S, query: &WordQuery) -> Result<Self, S::Error> {
        let statistics = store.statistics();
        let greatest_idf = statistics.greatest_idf();
        let mut scores = Self {
            bm25: vec![0.0; statistics.rows],
            exact: HashMap::new(),
            matched: Vec::new(),
            greatest_idf,
            texts: statistics.count(),
            all_terms: 0.0,
        };
        let names: HashSet<&str> = query.names.iter().map(String::as_str).collect();
        let mut postings = Vec::new();
        for term in &query.terms {
            postings.clear();
            store.for_each_posting(term, &mut |posting| postings.push(posting))?;
            let frequency = postings.len() as u64 + store.hidden_frequency(term);
            let idf = statistics.idf(frequency);
            scores.all_terms += if frequency == 0 { greatest_idf } else { idf };
            scores.add(&postings, idf, |row| normalized(store.length(row), statistics.average_length));
            let rarity = idf / greatest_idf;
            let rare = RARE_WEIGHT * ((rarity - RARE_FROM) / (1.0 - RARE_FROM)).clamp(0.0, 1.0);
            if rare > 0.0 {
                scores.add_exact(&postings, |matches| &mut matches.rare, rare);
            }
            if names.contains(term.as_str()) {
                scores.add_exact(&postings, |matches| &mut matches.name, NAME_WEIGHT * rarity.min(1.0));
            }
        }
        for name in &query.names {
            postings.clear();
            store.for_each_posting(&definition_of(name), &mut |posting| postings.push(posting))?;
            scores.add_exact(&postings, |matches| &mut matches.definition, DEFINITION_WEIGHT);
        }
        scores.matched.sort_unstable();
        Ok(scores)
    }

    fn add(&mut self, postings: &[Posting], idf: f32, normalized_length: impl Fn(u32) -> f32) {
        for &Posting { text: row, count } in postings {
            let count = count as f32;
            let score = &mut self.bm25[row as usize];
            if *score == 0.0 {
                self.matched.push(row);
            }
            *score += idf * count / (count + normalized_length(row));
        }
    }

    /// Only the largest contribution of each kind counts.
    fn add_exact(&mut self, postings: &[Posting], kind: impl Fn(&mut ExactMatches) -> &mut f32, added: f32) {
        for posting in postings {
            let known = kind(self.exact.entry(posting.text).or_default());
            *known = known.max(added);
        }
    }

    /// The rows that have a term of the query, in increasing order.
    #[must_use]
    pub fn matched(&self) -> &[u32] {
        &self.matched
    }

    /// The number of texts that are counted.
    #[must_use]
    pub const fn texts(&self) -> u64 {
        self.texts
    }

    /// BM25 of a row.
    #[must_use]
    pub fn bm25(&self, row: u32) -> f32 {
        self.bm25[row as usize]
    }

    /// What the words of a row add to its cosine: from 0 to [`MOST_WORDS_ADD`].
    #[must_use]
    pub fn added(&self, row: u32) -> f32 {
        let bm25 = self.bm25(row);
        let exact =
            self.exact.get(&row).map_or(0.0, |matches| matches.rare + matches.name + matches.definition);
        WEIGHT * bm25 / (bm25 + HALF_AT * self.greatest_idf) + exact
    }

    /// The fraction of the query's total idf that a row reaches, from 0 to 1; 0 for a query without words.
    #[must_use]
    pub fn coverage(&self, row: u32) -> f32 {
        if self.all_terms > 0.0 { self.bm25(row) / self.all_terms } else { 0.0 }
    }
}

fn normalized(length: u16, average: f32) -> f32 {
    K1 * (1.0 - B + B * f32::from(length) / average)
}

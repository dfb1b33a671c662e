//! Search by words and by both, compared with a naive implementation that scores every text.

use std::convert::Infallible;

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::ranking::{Limits, PreparedQuery, RankedRow, Ranking, prepare};
use super::{Ranks, SearchQuery};
use crate::scan::{Rows, Scan};
use crate::simd::InstructionSet;
use crate::vectors::{Dimension, UnitVectors};
use crate::words::{MOST_WORDS_ADD, WordQuery, WordsInMemory};

const VOCABULARY: [&str; 12] =
    ["pump", "valve", "refund", "money", "river", "stone", "bread", "yeast", "gull", "kite", "ferry", "tide"];
const WIDTH: usize = 8;

fn text_of(words: &[usize]) -> String {
    words.iter().map(|&word| VOCABULARY[word]).collect::<Vec<_>>().join(" ")
}

#[derive(Debug, Clone)]
struct Corpus {
    texts: Vec<Vec<usize>>,
    vectors: Vec<[f32; WIDTH]>,
}

fn unit_vector() -> impl Strategy<Value = [f32; WIDTH]> {
    prop::array::uniform8(-1.0f32..1.0).prop_filter("it has a direction", |vector| {
        vector.iter().map(|component| component * component).sum::<f32>() > 1e-3
    })
}

fn corpus() -> impl Strategy<Value = Corpus> {
    // Squaring makes some words rare.
    let word = (0.0f64..1.0).prop_map(|place| (place * place * VOCABULARY.len() as f64) as usize);
    let text = prop::collection::vec(word, 0..12);
    prop::collection::vec((text, unit_vector()), 1..300)
        .prop_map(|pairs| pairs.into_iter().unzip())
        .prop_map(|(texts, vectors)| Corpus { texts, vectors })
}

impl Corpus {
    fn matrix(&self) -> UnitVectors {
        let mut matrix = UnitVectors::new(Dimension::new(WIDTH).unwrap());
        self.vectors.iter().for_each(|vector| matrix.push(vector).unwrap());
        matrix
    }

    fn words(&self) -> WordsInMemory {
        let mut words = WordsInMemory::default();
        self.texts.iter().for_each(|text| words.push(&text_of(text)));
        words
    }

    fn greatest_idf(&self) -> f32 {
        (1.0 + (self.texts.len().max(1000) as f64 - 0.5) / 1.5).ln() as f32
    }

    /// BM25 of every text by its formula, and what a rare term adds.
    fn bm25(&self, query: &[usize]) -> Vec<(f32, f32)> {
        let n = self.texts.len() as f64;
        let idf = |frequency: f64| (1.0 + (n - frequency + 0.5) / (frequency + 0.5)).ln() as f32;
        let average = (self.texts.iter().map(Vec::len).sum::<usize>() as f64 / n).max(1.0) as f32;
        let greatest = self.greatest_idf();
        let score = |text: &Vec<usize>| {
            let (mut sum, mut rare) = (0.0_f32, 0.0_f32);
            for (place, word) in query.iter().enumerate() {
                let count = text.iter().filter(|other| *other == word).count() as f32;
                if count > 0.0 && !query[..place].contains(word) {
                    let frequency = self.texts.iter().filter(|text| text.contains(word)).count();
                    let idf = idf(frequency as f64);
                    sum += idf * count / (count + 1.2 * (1.0 - 0.75 + 0.75 * text.len() as f32 / average));
                    rare = rare.max(0.05 * ((idf / greatest - 0.7) / (1.0 - 0.7)).clamp(0.0, 1.0));
                }
            }
            (sum, rare)
        };
        self.texts.iter().map(score).collect()
    }
}

fn sorted(mut scores: Vec<(u32, f32)>, count: usize) -> Vec<(u32, f32)> {
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    scores.truncate(count);
    scores
}

fn pairs(best: &[RankedRow]) -> Vec<(u32, f32)> {
    best.iter().map(|ranked| (ranked.scored.row.0, ranked.scored.score)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn the_best_are_those_of_scoring_every_text(
        corpus in corpus(),
        query in prop::collection::vec(0..VOCABULARY.len(), 0..5),
        vector in unit_vector(),
        count in 0usize..80,
        hidden in prop::collection::vec(0u32..300, 0..40),
    ) {
        let (matrix, words) = (corpus.matrix(), corpus.words());
        let mut vectors = UnitVectors::new(matrix.dimension());
        vectors.push(&vector).unwrap();
        let vector = vectors.row(0);
        let allowed: RoaringBitmap =
            (0..corpus.texts.len() as u32).filter(|row| !hidden.contains(row)).collect();
        let asked = WordQuery::plain(&text_of(&query));
        let ranking =
            Ranking { scan: Scan::new(Rows::from(&matrix)), allowed: Some(&allowed), words: Some(&words) };
        let limits = Limits { minimum: None, ranks: Ranks::Counted };
        let best = |query| ranking.best(&[PreparedQuery::plain(query)], count, limits).unwrap().remove(0);

        let bm25 = corpus.bm25(&query);
        let greatest = corpus.greatest_idf();
        let both = |row: u32| {
            let (bm25, rare) = bm25[row as usize];
            let cosine = InstructionSet::best().dot(vector, matrix.row(row as usize));
            (row, cosine + (0.4 * bm25 / (bm25 + 2.0 * greatest) + rare))
        };
        let found = best(SearchQuery { vector: Some(vector), words: Some(&asked) });
        prop_assert_eq!(pairs(&found), sorted(allowed.iter().map(both).collect(), count));
        for ranked in &found {
            let parts = ranked.parts.unwrap();
            prop_assert!((0.0..=MOST_WORDS_ADD).contains(&parts.words));
            prop_assert_eq!(parts.cosine.unwrap() + parts.words, ranked.scored.score);
            let own = bm25[ranked.scored.row.0 as usize].0;
            let rank = 1 + bm25.iter().filter(|(other, _)| *other > own).count();
            prop_assert_eq!(parts.details.words_rank, (own > 0.0).then_some(rank));
        }

        let by_words = allowed.iter().map(|row| (row, bm25[row as usize].0)).filter(|(_, score)| *score > 0.0);
        let found = best(SearchQuery { vector: None, words: Some(&asked) });
        prop_assert_eq!(pairs(&found), sorted(by_words.collect(), count));
    }
}

#[test]
fn phrases_and_excluded_words_rule_texts_out() {
    let texts = [
        "Money comes back in ten days.",
        "In days of old, ten ships came.",
        "Ten days' money, a draft.",
        "The draft of the ship",
        "Zehn Tage",
    ];
    let mut words = WordsInMemory::default();
    for text in texts {
        words.push(text);
    }
    let all: RoaringBitmap = (0..texts.len() as u32).collect();
    let text_of = |row: u32| Ok::<_, Infallible>(texts[row as usize].to_owned());
    let rows = |query: &str| {
        let query = WordQuery::parse(query);
        let queries = [SearchQuery { vector: None, words: Some(&query) }];
        let Ok(mut prepared) = prepare(&queries, Some(&words), || all.clone(), text_of);
        prepared.remove(0).satisfying.map(|rows| rows.iter().collect::<Vec<u32>>())
    };
    assert_eq!(rows("ten days"), None);
    assert_eq!(rows("\"Ten Days\""), Some(vec![0, 2]));
    assert_eq!(rows("\"ten days\" -draft"), Some(vec![0]));
    assert_eq!(rows("ship -\"of the\""), Some(vec![0, 1, 2, 4]));
    assert_eq!(rows("\"in ten\" \"money comes\""), Some(vec![0]));
    assert_eq!(rows("-draft -drafts"), Some(vec![0, 1, 4]));
    assert_eq!(rows("\"no such words\""), Some(vec![]));
}

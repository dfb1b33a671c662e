//! Search by words and by both, compared with a naive implementation that scores every text.

use std::convert::Infallible;

use proptest::prelude::*;
use roaring::RoaringBitmap;

use super::ranking::{Limits, PreparedQuery, RankedRow, Ranking, prepare};
use super::{Ranks, SearchQuery, confidence};
use crate::scan::{Rows, Scan};
use crate::simd::InstructionSet;
use crate::vectors::{Dimension, UnitVectors};
use crate::words::{MOST_WORDS_ADD, WordQuery, WordsInMemory};

/// What texts are made of, each with its terms: names have parts, and a definition is a term of its own.
const VOCABULARY: [(&str, &[&str]); 14] = [
    ("pump", &["pump"]),
    ("valve", &["valve"]),
    ("refund", &["refund"]),
    ("money", &["money"]),
    ("river", &["river"]),
    ("parse_file", &["parse_file", "pars", "file"]),
    ("stone", &["stone"]),
    ("bread", &["bread"]),
    ("yeast", &["yeast"]),
    ("fn parse_file", &["fn", "parse_file", "=parse_file", "pars", "file"]),
    ("gull", &["gull"]),
    ("kite", &["kite"]),
    ("0.19", &["0.19", "0", "19"]),
    ("tide", &["tide"]),
];
const NAMES: [&str; 2] = ["parse_file", "0.19"];
const WIDTH: usize = 8;

fn text_of(words: &[usize]) -> String {
    words.iter().map(|&word| VOCABULARY[word].0).collect::<Vec<_>>().join(" ")
}

fn terms_of(words: &[usize]) -> Vec<&'static str> {
    words.iter().flat_map(|&word| VOCABULARY[word].1).copied().collect()
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

/// What a query ranks by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Meaning,
    Words,
    Both,
}

#[derive(Debug, Clone)]
struct AnyQuery {
    words: Vec<usize>,
    vector: [f32; WIDTH],
    by: By,
}

fn query() -> impl Strategy<Value = AnyQuery> {
    let by = prop::sample::select(vec![By::Meaning, By::Words, By::Both, By::Both]);
    (prop::collection::vec(0..VOCABULARY.len(), 0..5), unit_vector(), by)
        .prop_map(|(words, vector, by)| AnyQuery { words, vector, by })
}

/// What the words of a query say of a text, by the formulas.
#[derive(Debug, Clone, Copy, Default)]
struct WordEvidence {
    bm25: f32,
    added: f32,
    coverage: f32,
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

    /// What each text has of the terms of `query`.
    fn evidence(&self, query: &[usize]) -> Vec<WordEvidence> {
        let texts: Vec<Vec<&str>> = self.texts.iter().map(|text| terms_of(text)).collect();
        let n = texts.len() as f64;
        let frequency = |term: &str| texts.iter().filter(|text| text.contains(&term)).count();
        let idf = |frequency: usize| {
            let frequency = frequency as f64;
            (1.0 + (n - frequency + 0.5) / (frequency + 0.5)).ln() as f32
        };
        let greatest = (1.0 + (n.max(1000.0) - 0.5) / 1.5).ln() as f32;
        let length = |text: &Vec<&str>| text.iter().filter(|term| !term.starts_with('=')).count();
        let average = (texts.iter().map(length).sum::<usize>() as f64 / n).max(1.0) as f32;
        let mut terms: Vec<(&str, usize)> = Vec::new();
        for term in terms_of(query) {
            if !term.starts_with('=') && terms.iter().all(|(other, _)| *other != term) {
                terms.push((term, frequency(term)));
            }
        }
        let all: f32 = terms
            .iter()
            .fold(0.0, |sum, &(_, frequency)| sum + if frequency == 0 { greatest } else { idf(frequency) });
        let evidence = |text: &Vec<&str>| {
            let (mut bm25, mut rare, mut name, mut definition) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
            for &(term, frequency) in &terms {
                let count = text.iter().filter(|other| **other == term).count() as f32;
                if count == 0.0 {
                    continue;
                }
                let (idf, length) = (idf(frequency), length(text) as f32);
                bm25 += idf * count / (count + 1.2 * (1.0 - 0.75 + 0.75 * length / average));
                rare = rare.max(0.05 * ((idf / greatest - 0.7) / (1.0 - 0.7)).clamp(0.0, 1.0));
                if NAMES.contains(&term) {
                    name = name.max(0.15 * (idf / greatest).min(1.0));
                    definition = if text.contains(&format!("={term}").as_str()) { 0.05 } else { definition };
                }
            }
            let added = 0.4 * bm25 / (bm25 + 2.0 * greatest) + (rare + name + definition);
            WordEvidence { bm25, added, coverage: if all > 0.0 { bm25 / all } else { 0.0 } }
        };
        texts.iter().map(evidence).collect()
    }
}

fn sorted(mut scores: Vec<(u32, f32)>) -> Vec<(u32, f32)> {
    scores.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
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
        queries in prop::collection::vec(query(), 1..4),
        count in 0usize..80,
        minimum in prop::option::of(-0.5f32..1.5),
        minimum_confidence in prop::option::of(0.0f32..=1.0),
        hidden in prop::collection::vec(0u32..300, 0..40),
    ) {
        let (matrix, words) = (corpus.matrix(), corpus.words());
        let mut vectors = UnitVectors::new(matrix.dimension());
        for query in &queries {
            vectors.push(&query.vector).unwrap();
        }
        let allowed: RoaringBitmap =
            (0..corpus.texts.len() as u32).filter(|row| !hidden.contains(row)).collect();
        let asked: Vec<WordQuery> =
            queries.iter().map(|query| WordQuery::plain(&text_of(&query.words))).collect();
        let prepared = queries.iter().zip(vectors.rows()).zip(&asked).map(|((query, vector), words)| {
            PreparedQuery::plain(SearchQuery {
                vector: (query.by != By::Words).then_some(vector),
                words: (query.by != By::Meaning).then_some(words),
            })
        });
        let prepared: Vec<PreparedQuery<'_>> = prepared.collect();
        let ranking =
            Ranking { nearest: Scan::new(Rows::from(&matrix)), allowed: Some(&allowed), words: Some(&words) };
        let limits = Limits { minimum, minimum_confidence, ranks: Ranks::Counted };
        let found = ranking.best(&prepared, count, limits).unwrap();
        prop_assert_eq!(found.len(), queries.len());

        for ((query, vector), found) in queries.iter().zip(vectors.rows()).zip(&found) {
            let evidence = corpus.evidence(&query.words);
            let cosine = |row: u32| InstructionSet::best().dot(vector, matrix.row(row as usize));
            let confidence_of = |row: u32| {
                let is_known = query.by == By::Both && corpus.texts.len() >= 100;
                is_known.then(|| confidence(cosine(row), evidence[row as usize].coverage))
            };
            let score = |row: u32| match query.by {
                By::Meaning => Some(cosine(row)),
                By::Words => Some(evidence[row as usize].bm25).filter(|score| *score > 0.0),
                By::Both => Some(cosine(row) + evidence[row as usize].added),
            };
            let is_confident =
                |row: &u32| minimum_confidence.zip(confidence_of(*row)).is_none_or(|(least, own)| own >= least);
            let rows = allowed.iter().filter(is_confident);
            let mut expected = sorted(rows.filter_map(|row| Some((row, score(row)?))).collect());
            expected.retain(|(_, score)| minimum.is_none_or(|minimum| *score >= minimum));
            expected.truncate(count);
            prop_assert_eq!(pairs(found), expected);

            let by_cosine = sorted(allowed.iter().map(|row| (row, cosine(row))).collect());
            for ranked in found {
                let row = ranked.scored.row.0;
                let Some(parts) = ranked.parts else {
                    prop_assert_eq!(query.by, By::Meaning);
                    continue;
                };
                let own = evidence[row as usize].bm25;
                let better = allowed.iter().filter(|other| evidence[*other as usize].bm25 > own).count();
                prop_assert_eq!(parts.details.words_rank, (own > 0.0).then_some(better + 1));
                prop_assert_eq!(parts.confidence, confidence_of(row));
                if query.by == By::Both {
                    prop_assert!((0.0..=MOST_WORDS_ADD).contains(&parts.words));
                    prop_assert_eq!(parts.cosine.unwrap() + parts.words, ranked.scored.score);
                    let rank = 1 + by_cosine.iter().position(|(other, _)| *other == row).unwrap();
                    prop_assert_eq!(parts.details.cosine_rank, (rank <= count.max(64)).then_some(rank));
                }
            }
        }
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
        "½ cup of flour",
        "Code in C++",
        "Code in C#, or C",
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
    assert_eq!(rows("ship -\"of the\""), Some(vec![0, 1, 2, 4, 5, 6, 7]));
    assert_eq!(rows("\"in ten\" \"money comes\""), Some(vec![0]));
    assert_eq!(rows("-draft -drafts"), Some(vec![0, 1, 4, 5, 6, 7]));
    assert_eq!(rows("\"no such words\""), Some(vec![]));
    assert_eq!(rows("\"½ cup\""), Some(vec![5]));
    assert_eq!(rows("\"C++\""), Some(vec![6]));
    assert_eq!(rows("code -C++"), Some(vec![0, 1, 2, 3, 4, 5, 7]));
}

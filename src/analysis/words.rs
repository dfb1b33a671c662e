//! The words that distinguish the texts of one cluster from those of the others.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use crate::words::is_stop_word;

/// The shortest word, in characters.
const MINIMUM_LENGTH: usize = 2;

/// For each word, the number of texts of each cluster that contain it.
#[derive(Debug, Clone)]
pub struct WordCounts {
    texts: Vec<u32>,
    words: HashMap<String, Vec<(u32, u32)>>,
}

impl WordCounts {
    /// No texts, in `clusters` clusters.
    #[must_use]
    pub fn new(clusters: usize) -> Self {
        Self { texts: vec![0; clusters], words: HashMap::new() }
    }

    /// Counts each word of a text of `cluster` once. Words are runs of at least two letters or digits, in lower case,
    /// except stop words and numbers, which carry no topic.
    ///
    /// # Panics
    ///
    /// If `cluster` is out of range.
    pub fn add(&mut self, cluster: u32, text: &str) {
        self.texts[cluster as usize] += 1;
        for word in words(text) {
            let counts = self.words.entry(word).or_default();
            match counts.iter_mut().find(|(counted, _)| *counted == cluster) {
                Some((_, count)) => *count += 1,
                None => counts.push((cluster, 1)),
            }
        }
    }

    /// The `count` most distinctive words of each cluster, best first.
    ///
    /// Words are ranked by their log odds ratio in standard errors: the odds that a text of the cluster contains the word
    /// against the odds elsewhere, with half a text added to every count (Haldane, 1956). A word must be likelier in the
    /// cluster than elsewhere, and occur in two of its texts if it has two. Ties are in alphabetical order. A single
    /// cluster has no distinctive words.
    #[must_use]
    pub fn distinctive(&self, count: usize) -> Vec<Vec<String>> {
        let all_texts: u32 = self.texts.iter().sum();
        let mut ranked: Vec<Vec<(f64, &str)>> = vec![Vec::new(); self.texts.len()];
        for (word, counts) in &self.words {
            let everywhere: u32 = counts.iter().map(|(_, count)| count).sum();
            for &(cluster, inside) in counts {
                let texts = self.texts[cluster as usize];
                let others = Occurrence { with: everywhere - inside, texts: all_texts - texts };
                let score = Occurrence { with: inside, texts }.log_odds_ratio(others);
                if score > 0.0 && inside >= texts.min(2) && others.texts > 0 {
                    ranked[cluster as usize].push((score, word));
                }
            }
        }
        let best_first =
            |a: &(f64, &str), b: &(f64, &str)| -> Ordering { b.0.total_cmp(&a.0).then(a.1.cmp(b.1)) };
        let best = |mut words: Vec<(f64, &str)>| {
            words.sort_unstable_by(best_first);
            words.into_iter().take(count).map(|(_, word)| word.to_owned()).collect()
        };
        ranked.into_iter().map(best).collect()
    }
}

/// The number of texts with a word, and of all texts.
#[derive(Debug, Clone, Copy)]
struct Occurrence {
    with: u32,
    texts: u32,
}

impl Occurrence {
    /// The log odds ratio of two occurrences, in standard errors.
    fn log_odds_ratio(self, others: Self) -> f64 {
        let odds = |side: Self| (f64::from(side.with) + 0.5, f64::from(side.texts - side.with) + 0.5);
        let ((a, b), (c, d)) = (odds(self), odds(others));
        (a * d / (b * c)).ln() / (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt()
    }
}

fn words(text: &str) -> HashSet<String> {
    let runs = text.split(|character: char| !character.is_alphanumeric());
    let long_enough = runs.filter(|run| run.chars().nth(MINIMUM_LENGTH - 1).is_some());
    let words = long_enough.filter(|run| !run.chars().all(char::is_numeric)).map(str::to_lowercase);
    words.filter(|word| !is_stop_word(word)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_cluster_rank_above_words_of_all() {
        let mut counts = WordCounts::new(2);
        for text in ["The cat purrs", "the cat's tail, CAT", "a dog and the cat"] {
            counts.add(0, text);
        }
        for text in ["the market fell", "The market and the bank", "bank of the dog"] {
            counts.add(1, text);
        }
        assert_eq!(counts.distinctive(9), [vec!["cat"], vec!["bank", "market"]]);
        assert_eq!(counts.distinctive(0), [Vec::<String>::new(), Vec::new()]);
    }

    #[test]
    fn stop_words_numbers_and_single_letters_are_no_words_of_a_cluster() {
        let mut counts = WordCounts::new(2);
        counts.add(0, "Was the x of 2024 for MP3 files, 12.5?");
        counts.add(1, "horse");
        assert_eq!(counts.distinctive(9), [vec!["files", "mp3"], vec!["horse"]]);
    }

    #[test]
    fn a_score_is_the_log_odds_ratio_over_its_standard_error() {
        let score = Occurrence { with: 3, texts: 3 }.log_odds_ratio(Occurrence { with: 0, texts: 3 });
        // ln(3.5 * 3.5 / (0.5 * 0.5)) = 3.8918 over sqrt(2 / 3.5 + 2 / 0.5) = 2.1381.
        assert!((score - 1.820_2).abs() < 1e-4, "{score}");
    }

    #[test]
    fn a_cluster_of_one_text_has_words_and_a_single_cluster_has_none() {
        let mut counts = WordCounts::new(2);
        counts.add(0, "zebra");
        counts.add(1, "horse");
        assert_eq!(counts.distinctive(3), [["zebra"], ["horse"]]);
        let mut counts = WordCounts::new(1);
        counts.add(0, "zebra");
        assert_eq!(counts.distinctive(3), [Vec::<String>::new()]);
    }
}

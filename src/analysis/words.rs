//! The words that set the texts of one cluster apart from those of the others.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

/// The fewest letters of a word.
const LETTERS: usize = 2;

/// In how many texts of each cluster every word occurs.
#[derive(Debug, Clone)]
pub struct WordCounts {
    texts: Vec<u32>,
    words: HashMap<String, Vec<(u32, u32)>>,
}

impl WordCounts {
    /// No texts yet, of `clusters` clusters.
    #[must_use]
    pub fn new(clusters: usize) -> Self {
        Self { texts: vec![0; clusters], words: HashMap::new() }
    }

    /// Counts the words of a text of `cluster`, each once: runs of letters and digits, in lower case, two at least.
    ///
    /// # Panics
    ///
    /// If there is no such cluster.
    pub fn add(&mut self, cluster: u32, text: &str) {
        self.texts[cluster as usize] += 1;
        for word in words(text) {
            let counts = self.words.entry(word).or_default();
            match counts.iter_mut().find(|(own, _)| *own == cluster) {
                Some((_, count)) => *count += 1,
                None => counts.push((cluster, 1)),
            }
        }
    }

    /// The `count` most distinctive words of each cluster, the best first.
    ///
    /// A word counts by its log odds ratio, in standard errors: the odds that a text of the cluster has it against the
    /// odds that any other has, with half a text added to every count (Haldane, 1956). It has to be in two texts of a
    /// cluster that has two, and to be likelier there than elsewhere; equal words are in order of the alphabet. The
    /// words of an only cluster distinguish it from nothing, and are none.
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

/// The number of texts that have a word, among how many.
#[derive(Debug, Clone, Copy)]
struct Occurrence {
    with: u32,
    texts: u32,
}

impl Occurrence {
    /// In standard errors.
    fn log_odds_ratio(self, others: Self) -> f64 {
        let halves = |own: Self| (f64::from(own.with) + 0.5, f64::from(own.texts - own.with) + 0.5);
        let ((a, b), (c, d)) = (halves(self), halves(others));
        (a * d / (b * c)).ln() / (1.0 / a + 1.0 / b + 1.0 / c + 1.0 / d).sqrt()
    }
}

fn words(text: &str) -> HashSet<String> {
    let runs = text.split(|character: char| !character.is_alphanumeric());
    runs.filter(|run| run.chars().nth(LETTERS - 1).is_some()).map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_one_cluster_come_before_words_of_all() {
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
    fn a_score_is_the_log_odds_ratio_over_its_standard_error() {
        let score = Occurrence { with: 3, texts: 3 }.log_odds_ratio(Occurrence { with: 0, texts: 3 });
        // ln(3.5 * 3.5 / (0.5 * 0.5)) = 3.8918 over sqrt(2 / 3.5 + 2 / 0.5) = 2.1381.
        assert!((score - 1.820_2).abs() < 1e-4, "{score}");
    }

    #[test]
    fn a_text_alone_has_words_and_an_only_cluster_has_none() {
        let mut counts = WordCounts::new(2);
        counts.add(0, "zebra");
        counts.add(1, "horse");
        assert_eq!(counts.distinctive(3), [["zebra"], ["horse"]]);
        let mut counts = WordCounts::new(1);
        counts.add(0, "zebra");
        assert_eq!(counts.distinctive(3), [Vec::<String>::new()]);
    }
}

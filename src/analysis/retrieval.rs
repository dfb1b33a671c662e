//! How good a ranking is, as BEIR and `trec_eval` measure it.

use std::collections::HashMap;

/// Judged relevance of documents for one query; a document that is not there is not relevant.
pub type Judgements<'a> = HashMap<&'a str, u32>;

/// Means over queries.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct RetrievalQuality {
    queries: usize,
    ndcg_at_10: f64,
    recall_at_100: f64,
}

impl RetrievalQuality {
    /// Adds a query's ranking, best first.
    pub fn add(&mut self, ranking: &[&str], judgements: &Judgements<'_>) {
        self.queries += 1;
        self.ndcg_at_10 += ndcg(ranking, judgements, 10);
        self.recall_at_100 += recall(ranking, judgements, 100);
    }

    /// Mean nDCG at 10.
    #[must_use]
    pub fn ndcg_at_10(&self) -> f64 {
        self.ndcg_at_10 / self.queries as f64
    }

    /// Mean recall at 100.
    #[must_use]
    pub fn recall_at_100(&self) -> f64 {
        self.recall_at_100 / self.queries as f64
    }
}

/// Normalized discounted cumulative gain of the first `depth` documents: gain is the judged relevance, the discount
/// of rank r is 1 / log2(r + 1), the ideal ranking is 1. A query without relevant documents counts 0.
///
/// Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002, with `trec_eval`'s linear gain.
#[must_use]
pub fn ndcg(ranking: &[&str], judgements: &Judgements<'_>, depth: usize) -> f64 {
    let gains = ranking.iter().map(|document| judgements.get(document).copied().unwrap_or(0));
    let mut ideal: Vec<u32> = judgements.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = discounted(ideal.into_iter(), depth);
    if best == 0.0 { 0.0 } else { discounted(gains, depth) / best }
}

fn discounted(gains: impl Iterator<Item = u32>, depth: usize) -> f64 {
    gains.take(depth).enumerate().map(|(index, gain)| f64::from(gain) / (index as f64 + 2.0).log2()).sum()
}

/// The share of relevant documents among the first `depth`. A query without relevant documents counts 0.
#[must_use]
pub fn recall(ranking: &[&str], judgements: &Judgements<'_>, depth: usize) -> f64 {
    let relevant = judgements.values().filter(|&&relevance| relevance > 0).count();
    let found = |document: &&&str| judgements.get(**document).is_some_and(|&relevance| relevance > 0);
    let found = ranking.iter().take(depth).filter(found).count();
    if relevant == 0 { 0.0 } else { found as f64 / relevant as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gains_are_discounted_by_rank_and_scaled_by_the_ideal_ranking() {
        let judgements = Judgements::from([("a", 2), ("b", 1), ("c", 0)]);
        assert!((ndcg(&["a", "b", "c"], &judgements, 10) - 1.0).abs() < 1e-12);
        let ideal = 2.0 + 1.0 / 3_f64.log2();
        let found = 1.0 / 2_f64.log2() + 2.0 / 4_f64.log2();
        assert!((ndcg(&["b", "c", "a"], &judgements, 10) - found / ideal).abs() < 1e-12);
        assert!((ndcg(&["b", "c", "a"], &judgements, 2) - 1.0 / ideal).abs() < 1e-12);
    }

    #[test]
    fn recall_counts_relevant_documents_down_to_the_depth() {
        let judgements = Judgements::from([("a", 1), ("b", 1), ("c", 0)]);
        assert_eq!(recall(&["c", "x", "a", "b"], &judgements, 3), 0.5);
        assert_eq!(recall(&["b", "a"], &judgements, 3), 1.0);
    }

    #[test]
    fn a_query_without_relevant_documents_counts_nothing() {
        assert_eq!(ndcg(&["a"], &Judgements::from([("a", 0)]), 10), 0.0);
        assert_eq!(recall(&["a"], &Judgements::new(), 10), 0.0);
    }
}

//! Quality of rankings, as measured by BEIR and `trec_eval`.

use std::collections::HashMap;

/// Judged relevance of documents for one query; an absent document is not relevant.
pub type Judgements<'a> = HashMap<&'a str, u32>;

/// Ranks that nDCG and the reciprocal rank consider.
const DEPTH: usize = 10;

/// Means over queries of nDCG@10, MRR@10, and recall at a chosen depth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetrievalQuality {
    recall_depth: usize,
    queries: usize,
    ndcg: f64,
    recall: f64,
    reciprocal_rank: f64,
}

impl RetrievalQuality {
    /// No queries; recall is measured at `recall_depth`.
    #[must_use]
    pub const fn new(recall_depth: usize) -> Self {
        Self { recall_depth, queries: 0, ndcg: 0.0, recall: 0.0, reciprocal_rank: 0.0 }
    }

    /// Adds the ranking of a query, best document first.
    pub fn add(&mut self, ranking: &[&str], judgements: &Judgements<'_>) {
        self.queries += 1;
        self.ndcg += ndcg(ranking, judgements, DEPTH);
        self.recall += recall(ranking, judgements, self.recall_depth);
        self.reciprocal_rank += reciprocal_rank(ranking, judgements, DEPTH);
    }

    /// The number of queries.
    #[must_use]
    pub const fn queries(&self) -> usize {
        self.queries
    }

    /// Mean nDCG at 10; NaN without queries.
    #[must_use]
    pub fn ndcg_at_10(&self) -> f64 {
        self.ndcg / self.queries as f64
    }

    /// Mean recall at the chosen depth; NaN without queries.
    #[must_use]
    pub fn recall(&self) -> f64 {
        self.recall / self.queries as f64
    }

    /// Mean reciprocal rank at 10; NaN without queries.
    #[must_use]
    pub fn mrr_at_10(&self) -> f64 {
        self.reciprocal_rank / self.queries as f64
    }
}

/// Normalized discounted cumulative gain of the first `depth` documents: the gain is the judged relevance, the discount
/// of rank r is 1 / log2(r + 1), and the ideal ranking has 1. A query without relevant documents counts 0.
///
/// Järvelin and Kekäläinen, Cumulated gain-based evaluation of IR techniques, 2002, with `trec_eval`'s linear gain.
fn ndcg(ranking: &[&str], judgements: &Judgements<'_>, depth: usize) -> f64 {
    let gains = ranking.iter().map(|document| judgements.get(document).copied().unwrap_or(0));
    let mut ideal: Vec<u32> = judgements.values().copied().collect();
    ideal.sort_unstable_by(|a, b| b.cmp(a));
    let best = discounted(ideal.into_iter(), depth);
    if best == 0.0 { 0.0 } else { discounted(gains, depth) / best }
}

fn discounted(gains: impl Iterator<Item = u32>, depth: usize) -> f64 {
    gains.take(depth).enumerate().map(|(index, gain)| f64::from(gain) / (index as f64 + 2.0).log2()).sum()
}

/// The fraction of relevant documents that are among the first `depth`. A query without relevant documents counts 0.
fn recall(ranking: &[&str], judgements: &Judgements<'_>, depth: usize) -> f64 {
    let relevant = judgements.values().filter(|&&relevance| relevance > 0).count();
    let found = |document: &&&str| judgements.get(**document).is_some_and(|&relevance| relevance > 0);
    let found = ranking.iter().take(depth).filter(found).count();
    if relevant == 0 { 0.0 } else { found as f64 / relevant as f64 }
}

/// 1 / r for the rank r of the first relevant document, or 0 if none is among the first `depth`.
fn reciprocal_rank(ranking: &[&str], judgements: &Judgements<'_>, depth: usize) -> f64 {
    let is_relevant = |document: &&str| judgements.get(document).is_some_and(|&relevance| relevance > 0);
    let first = ranking.iter().take(depth).position(is_relevant);
    first.map_or(0.0, |index| 1.0 / (index as f64 + 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_are_over_all_queries() {
        let judgements = Judgements::from([("a", 1), ("b", 1)]);
        let mut quality = RetrievalQuality::new(2);
        quality.add(&["x", "a", "b"], &judgements);
        quality.add(&["x", "y", "z"], &judgements);
        assert_eq!((quality.queries(), quality.recall(), quality.mrr_at_10()), (2, 0.25, 0.25));
        let found = 1.0 / 3_f64.log2() + 1.0 / 4_f64.log2();
        let ideal = 1.0 + 1.0 / 3_f64.log2();
        assert!((quality.ndcg_at_10() - found / ideal / 2.0).abs() < 1e-12);
    }

    #[test]
    fn the_reciprocal_rank_is_limited_to_the_depth() {
        let judgements = Judgements::from([("a", 2), ("b", 0)]);
        assert_eq!(reciprocal_rank(&["b", "x", "a"], &judgements, 3), 1.0 / 3.0);
        assert_eq!(reciprocal_rank(&["b", "x", "a"], &judgements, 2), 0.0);
    }

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
    fn recall_counts_relevant_documents_within_the_depth() {
        let judgements = Judgements::from([("a", 1), ("b", 1), ("c", 0)]);
        assert_eq!(recall(&["c", "x", "a", "b"], &judgements, 3), 0.5);
        assert_eq!(recall(&["b", "a"], &judgements, 3), 1.0);
    }

    #[test]
    fn a_query_without_relevant_documents_counts_zero() {
        assert_eq!(ndcg(&["a"], &Judgements::from([("a", 0)]), 10), 0.0);
        assert_eq!(recall(&["a"], &Judgements::new(), 10), 0.0);
    }
}

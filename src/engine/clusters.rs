//! Groups of passages by meaning.

use super::duplicates::for_each_passage;
use super::{Engine, EngineError};
use crate::analysis::{CommunityOptions, WordCounts, choose_count, find_communities, k_means};
use crate::search::{Hit, LocatedPassage, Searchable};
use crate::topk::Scored;

/// The number of runs of k-means; the best one is kept.
const RUNS: usize = 4;

/// How passages are grouped.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ClusterMethod {
    /// Spherical k-means: every passage is in one cluster.
    KMeans {
        /// The number of clusters; `None` chooses it by the silhouette.
        count: Option<usize>,
        /// The seed of the initial centers.
        seed: u64,
    },
    /// Communities: a passage and all passages that score at least `threshold` with it, the largest first.
    Communities {
        /// The lowest score with the center.
        threshold: f32,
        /// The fewest passages of a cluster.
        minimum_size: usize,
    },
}

/// The clusters of one snapshot.
pub struct Clusters<'a> {
    snapshot: &'a dyn Searchable,
    passage_count: usize,
    /// The passages of each cluster, nearest to the center first.
    members: Vec<Vec<Scored>>,
    silhouette: Option<f32>,
}

/// A cluster, summarized for people.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterSummary {
    /// Counted from 1.
    pub number: usize,
    /// The number of its passages.
    pub size: usize,
    /// The words that are most distinctive of it.
    pub words: Vec<String>,
    /// The passages nearest to its center, with their scores with it.
    pub examples: Vec<Hit>,
}

impl Engine {
    /// Groups all passages and passes the clusters to `list`, the largest first.
    ///
    /// # Errors
    ///
    /// A refusal of the model, an error of `list`, and failure to read the store.
    pub fn clusters<T, E: From<EngineError>>(
        &self,
        method: ClusterMethod,
        list: impl FnOnce(&Clusters<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        self.analyze(|snapshot| {
            let rows = snapshot.vectors().map_err(EngineError::from)?;
            let (members, silhouette) = match method {
                ClusterMethod::Communities { threshold, minimum_size } => {
                    (find_communities(rows, CommunityOptions { threshold, minimum_size }), None)
                }
                ClusterMethod::KMeans { count, seed } => {
                    let count = count.unwrap_or_else(|| choose_count(rows, seed));
                    let clustering = k_means(rows, count, RUNS, seed);
                    (clustering.members(), Some(clustering.silhouette() as f32))
                }
            };
            list(&Clusters { snapshot, passage_count: rows.len(), members, silhouette })
        })
    }
}

impl Clusters<'_> {
    /// The name of the model.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.snapshot.model().name
    }

    /// The number of passages that were grouped.
    #[must_use]
    pub const fn passage_count(&self) -> usize {
        self.passage_count
    }

    /// The number of clusters.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether there is no cluster.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The number of passages that are in a cluster.
    #[must_use]
    pub fn clustered_count(&self) -> usize {
        self.members.iter().map(Vec::len).sum()
    }

    /// The simplified silhouette, from -1 to 1; `None` for communities.
    #[must_use]
    pub const fn silhouette(&self) -> Option<f32> {
        self.silhouette
    }

    /// Passes a summary of every cluster to `take`, with at most `words` words and `examples` examples.
    ///
    /// # Errors
    ///
    /// An error of `take`, and failure to read the store.
    pub fn for_each_summary<E: From<EngineError>>(
        &self,
        words: usize,
        examples: usize,
        mut take: impl FnMut(&ClusterSummary) -> Result<(), E>,
    ) -> Result<(), E> {
        let words = self.distinctive_words(words)?;
        for ((number, members), words) in (1..).zip(&self.members).zip(words) {
            let nearest = &members[..examples.min(members.len())];
            let positions: Vec<u32> = nearest.iter().map(|member| member.row.0).collect();
            let passages = self.snapshot.passages(&positions).map_err(EngineError::from)?;
            let scored = nearest.iter().zip(passages);
            let examples = scored
                .map(|(member, passage)| Hit { score: member.score, passage, parts: None, rerank: None })
                .collect();
            take(&ClusterSummary { number, size: members.len(), words, examples })?;
        }
        Ok(())
    }

    /// Passes every passage to `take`, with the number of its cluster, from 1, and its score with the center; `None`
    /// for a passage in no cluster.
    ///
    /// # Errors
    ///
    /// As [`Clusters::for_each_summary`].
    pub fn for_each_member<E: From<EngineError>>(
        &self,
        mut take: impl FnMut(Option<(usize, f32)>, &LocatedPassage) -> Result<(), E>,
    ) -> Result<(), E> {
        let memberships = self.memberships();
        for_each_passage(self.snapshot, self.passage_count, |position, passage| {
            take(memberships[position as usize], passage)
        })
    }

    /// For each passage the number of its cluster, from 1, and its score there.
    fn memberships(&self) -> Vec<Option<(usize, f32)>> {
        let mut memberships = vec![None; self.passage_count()];
        for (number, members) in (1..).zip(&self.members) {
            for member in members {
                memberships[member.row.0 as usize] = Some((number, member.score));
            }
        }
        memberships
    }

    /// Passages in no cluster count as one more cluster, whose words are dropped.
    fn distinctive_words(&self, count: usize) -> Result<Vec<Vec<String>>, EngineError> {
        let clusters = self.members.len();
        if count == 0 || clusters == 0 {
            return Ok(vec![Vec::new(); clusters]);
        }
        let memberships = self.memberships();
        let mut counts = WordCounts::new(clusters + 1);
        self.snapshot.for_each_text(&mut |position, text| {
            let cluster = memberships[position as usize].map_or(clusters, |(number, _)| number - 1);
            counts.add(cluster as u32, text);
        })?;
        let mut words = counts.distinctive(count);
        words.truncate(clusters);
        Ok(words)
    }
}

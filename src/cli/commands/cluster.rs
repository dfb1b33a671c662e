//! `embed cluster`: texts grouped by meaning.

use std::io::{self, BufWriter};
use std::num::NonZeroUsize;

use clap::Args;
use embed::engine::{ClusterMethod, ClusterSummary, Clusters, Hit, LocatedPassage};
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::texts::TextArguments;
use crate::cli::args::values::{at_least_one, score};
use crate::cli::listing::{Listing, hit_columns, passage_columns};
use crate::cli::opening::open_texts;
use crate::cli::render::{Column, counted};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;

/// Group texts into clusters by meaning
#[derive(Debug, Args)]
#[command(after_help = "\
With --threshold, a cluster is a text and all texts that score at least the threshold with it, the largest cluster \
first; a text is in at most one cluster. Otherwise every text is in one of K clusters (spherical k-means, the best of \
4 runs); without -k, K from 2 to 20, but at most the square root of the number of texts, has the highest simplified \
silhouette.

The words shown are the most distinctive: their odds of occurring in a text of the cluster exceed those elsewhere by \
the most standard errors. Stop words such as 'the', and numbers, are left out.

Examples:
  embed cluster                                 clusters of the index
  embed cluster feedback.csv --text comment -k 8
  embed cluster --threshold 0.8 --min-size 5    communities
  embed cluster -k 5 --members --jsonl          every text with its cluster")]
pub(crate) struct ClusterArguments {
    /// The number of clusters [default: chosen from 2 to 20]
    #[arg(short = 'k', long, value_name = "K", value_parser = at_least_one)]
    count: Option<NonZeroUsize>,
    /// The lowest score of a text with the center of its cluster, from -1 to 1
    #[arg(short, long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    #[arg(conflicts_with_all = ["count", "seed"])]
    threshold: Option<f32>,
    /// The fewest texts in a cluster
    #[arg(long, value_name = "N", default_value = "10", value_parser = at_least_one, requires = "threshold")]
    min_size: NonZeroUsize,
    /// The random seed of k-means; the same seed gives the same clusters
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,
    /// The number of texts to show for each cluster, those nearest its center first
    #[arg(long, value_name = "N", default_value = "3")]
    examples: usize,
    /// The number of words to show for each cluster
    #[arg(long, value_name = "N", default_value = "5")]
    words: usize,
    /// List every text with its cluster
    #[arg(long, conflicts_with_all = ["examples", "words"])]
    members: bool,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    texts: TextArguments,
}

/// A cluster, with its documented fields; fields are only ever added.
#[derive(Serialize)]
struct ClusterRecord<'a> {
    /// Counted from 1.
    cluster: usize,
    size: usize,
    words: &'a [String],
    /// Each with its score with the center of the cluster.
    examples: &'a [Hit],
}

/// A text and its cluster; fields are only ever added.
#[derive(Serialize)]
struct MemberRecord<'a> {
    /// Counted from 1; null for a text in none.
    cluster: Option<usize>,
    score: Option<f32>,
    #[serde(flatten)]
    passage: &'a LocatedPassage,
}

pub(crate) fn run(arguments: &ClusterArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let engine = open_texts(&arguments.texts.paths, &arguments.texts.options, global)?;
    engine.clusters(arguments.method(), |clusters| {
        note_outcome(arguments, global, clusters);
        let mut output = BufWriter::new(io::stdout().lock());
        let form = resolve::listing_form(&arguments.output, global)?;
        let mut listing = Listing::begin(&mut output, form, |head| {
            head.field("model", &clusters.model())?.field("texts", &clusters.passage_count()).map(drop)
        })?;
        if arguments.members {
            list_members(clusters, &mut listing)?;
        } else {
            list_clusters(arguments, clusters, &mut listing)?;
        }
        listing.end()?;
        Ok(if clusters.is_empty() { ExitStatus::NothingFound } else { ExitStatus::Success })
    })
}

impl ClusterArguments {
    fn method(&self) -> ClusterMethod {
        match self.threshold {
            Some(threshold) => ClusterMethod::Communities { threshold, minimum_size: self.min_size.get() },
            None => ClusterMethod::KMeans { count: self.count.map(NonZeroUsize::get), seed: self.seed },
        }
    }
}

/// Reports the number of clusters unless it is the requested one.
fn note_outcome(arguments: &ClusterArguments, global: &GlobalArguments, clusters: &Clusters<'_>) {
    let found = counted(clusters.len() as u64, "cluster");
    let texts = clusters.passage_count();
    match (arguments.count, clusters.silhouette()) {
        (None, Some(silhouette)) => note(global, &format!("{found}, silhouette {silhouette:.3}")),
        (Some(wanted), _) if clusters.len() < wanted.get() => {
            note(global, &format!("only {found} can be made of {}", counted(texts as u64, "text")));
        }
        (Some(_), _) => {}
        (None, None) => {
            let clustered = clusters.clustered_count();
            note(global, &format!("{found} of {clustered} texts; {} in none", texts - clustered));
        }
    }
}

fn list_clusters(
    arguments: &ClusterArguments,
    clusters: &Clusters<'_>,
    listing: &mut Listing<'_>,
) -> anyhow::Result<()> {
    clusters.for_each_summary(arguments.words, arguments.examples, |summary| {
        let ClusterSummary { number, size, words, examples } = summary;
        let record = ClusterRecord { cluster: *number, size: *size, words, examples };
        let columns = [
            Column::Text(number.to_string()),
            Column::Score(counted(*size as u64, "text")),
            Column::Text(words.join(", ")),
        ];
        listing.add(&record, &columns)?;
        for example in examples {
            listing.add_below(&hit_columns(example))?;
        }
        Ok(())
    })
}

fn list_members(clusters: &Clusters<'_>, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    clusters.for_each_member(|membership, passage| {
        let (cluster, score) = membership.unzip();
        let none = || Column::Text("-".to_owned());
        let number = cluster.map_or_else(none, |cluster| Column::Text(cluster.to_string()));
        let [place, text] = passage_columns(passage);
        let columns = [number, score.map_or_else(none, Column::score), place, text];
        Ok(listing.add(&MemberRecord { cluster, score, passage }, &columns)?)
    })
}

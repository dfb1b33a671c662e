//! `embed cluster`: texts in groups of like meaning.

use std::io::{self, BufWriter};
use std::num::NonZeroUsize;

use clap::Args;
use embed::analysis::{CommunityOptions, WordCounts, choose_count, find_communities, k_means};
use embed::topk::Scored;
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::texts::TextArguments;
use crate::cli::args::values::{at_least_one, score};
use crate::cli::listing::Listing;
use crate::cli::render::{Column, counted};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::text_record::TextRecord;
use crate::cli::texts::Texts;

/// Part texts into clusters of like meaning
#[derive(Debug, Args)]
#[command(after_help = "\
With --threshold, a cluster is a text and all that score at least that with it, the largest first; a text is in one \
cluster at most. Otherwise every text is in one of K clusters (spherical k-means, the best of 4 runs); without -k, K \
is that from 2 to 20, and to the square root of the number of texts, with the highest simplified silhouette.

Words are those whose odds of being in a text of the cluster exceed those elsewhere by the most standard errors.

Examples:
  embed cluster                                 clusters of the index
  embed cluster feedback.csv --text comment -k 8
  embed cluster --threshold 0.8 --min-size 5    communities
  embed cluster -k 5 --members --jsonl          every text with its cluster")]
pub(crate) struct ClusterArguments {
    /// The number of clusters [default: chosen from 2 to 20]
    #[arg(short = 'k', long, value_name = "K", value_parser = at_least_one)]
    count: Option<NonZeroUsize>,
    /// The lowest score of a text with the centre of its cluster, from -1 to 1
    #[arg(short, long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    #[arg(conflicts_with_all = ["count", "seed"])]
    threshold: Option<f32>,
    /// The fewest texts of a cluster
    #[arg(long, value_name = "N", default_value = "10", value_parser = at_least_one, requires = "threshold")]
    min_size: NonZeroUsize,
    /// Where k-means draws its first centres from; the same seed gives the same clusters
    #[arg(long, value_name = "N", default_value = "0")]
    seed: u64,
    /// Texts to show of each cluster, those nearest its centre first
    #[arg(long, value_name = "N", default_value = "3")]
    examples: usize,
    /// Words to show of each cluster
    #[arg(long, value_name = "N", default_value = "5")]
    words: usize,
    /// List every text with its cluster instead
    #[arg(long, conflicts_with_all = ["examples", "words"])]
    members: bool,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    texts: TextArguments,
}

/// Runs of k-means, of which the best is taken.
const RUNS: usize = 4;

#[derive(Serialize)]
struct ClusterRecord<'a> {
    /// Counted from 1.
    cluster: usize,
    size: usize,
    words: &'a [String],
    examples: &'a [Example],
}

/// A text, and its score with the centre of its cluster.
#[derive(Serialize)]
struct Example {
    score: f32,
    #[serde(flatten)]
    text: TextRecord,
}

#[derive(Serialize)]
struct Member {
    /// Counted from 1; null for a text in none.
    cluster: Option<usize>,
    score: Option<f32>,
    #[serde(flatten)]
    text: TextRecord,
}

pub(crate) fn run(arguments: &ClusterArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let texts = Texts::open(&arguments.texts.paths, &arguments.texts.options, global)?;
    let clusters = clusters(arguments, global, &texts);
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| {
        head.field("model", &texts.model)?.field("texts", &texts.rows().len()).map(drop)
    })?;
    if arguments.members {
        list_members(&texts, &clusters, &mut listing)?;
    } else {
        list_clusters(arguments, &texts, &clusters, &mut listing)?;
    }
    listing.end()?;
    Ok(if clusters.is_empty() { ExitStatus::NothingFound } else { ExitStatus::Success })
}

/// The texts of each cluster, the largest first; those nearest the centre come first.
fn clusters(arguments: &ClusterArguments, global: &GlobalArguments, texts: &Texts) -> Vec<Vec<Scored>> {
    let rows = texts.rows();
    if let Some(threshold) = arguments.threshold {
        let options = CommunityOptions { threshold, minimum_size: arguments.min_size.get() };
        let communities = find_communities(rows, options);
        let clustered = communities.iter().map(Vec::len).sum::<usize>();
        let (clusters, left) = (counted(communities.len() as u64, "cluster"), rows.len() - clustered);
        note(global, &format!("{clusters} of {clustered} texts; {left} in none"));
        return communities;
    }
    let count = arguments.count.map(NonZeroUsize::get);
    let wanted = count.unwrap_or_else(|| choose_count(rows, arguments.seed));
    let clustering = k_means(rows, wanted, RUNS, arguments.seed);
    let found = clustering.centres.len();
    let silhouette = clustering.silhouette();
    match count {
        None => note(global, &format!("{}, silhouette {silhouette:.3}", counted(found as u64, "cluster"))),
        Some(wanted) if found < wanted => {
            let texts = counted(rows.len() as u64, "text");
            note(global, &format!("only {} can be made of {texts}", counted(found as u64, "cluster")));
        }
        Some(_) => {}
    }
    clustering.members()
}

fn list_clusters(
    arguments: &ClusterArguments,
    texts: &Texts,
    clusters: &[Vec<Scored>],
    listing: &mut Listing<'_>,
) -> anyhow::Result<()> {
    let words = distinctive_words(texts, clusters, arguments.words)?;
    for ((number, members), words) in (1..).zip(clusters).zip(&words) {
        let nearest = &members[..arguments.examples.min(members.len())];
        let positions: Vec<u32> = nearest.iter().map(|member| member.row.0).collect();
        let scores = nearest.iter().map(|member| member.score);
        let examples: Vec<Example> =
            scores.zip(texts.at(&positions)?).map(|(score, text)| Example { score, text }).collect();
        let record = ClusterRecord { cluster: number, size: members.len(), words, examples: &examples };
        let columns = [
            Column::Text(number.to_string()),
            Column::Score(counted(members.len() as u64, "text")),
            Column::Text(words.join(", ")),
        ];
        listing.add(&record, &columns)?;
        for Example { score, text } in &examples {
            listing.add_below(&text_columns(*score, text))?;
        }
    }
    Ok(())
}

fn text_columns(score: f32, text: &TextRecord) -> Vec<Column> {
    vec![Column::score(score), Column::Place(text.place()), Column::Text(text.text.clone())]
}

fn list_members(texts: &Texts, clusters: &[Vec<Scored>], listing: &mut Listing<'_>) -> anyhow::Result<()> {
    let places = places(clusters, texts.rows().len());
    texts.for_each(|position, text| {
        let place = places[position as usize];
        let (cluster, score) = place.unzip();
        let label = cluster.map_or_else(|| "-".to_owned(), |cluster| cluster.to_string());
        let columns = match score {
            Some(score) => [vec![Column::Text(label)], text_columns(score, &text)].concat(),
            None => vec![
                Column::Text(label.clone()),
                Column::Text(label),
                Column::Place(text.place()),
                Column::Text(text.text.clone()),
            ],
        };
        Ok(listing.add(&Member { cluster, score, text }, &columns)?)
    })
}

/// For each text the number of its cluster, from 1, and its score there.
fn places(clusters: &[Vec<Scored>], text_count: usize) -> Vec<Option<(usize, f32)>> {
    let mut places = vec![None; text_count];
    for (number, members) in (1..).zip(clusters) {
        for member in members {
            places[member.row.0 as usize] = Some((number, member.score));
        }
    }
    places
}

/// Texts in no cluster count as one more, whose words are not asked for.
fn distinctive_words(
    texts: &Texts,
    clusters: &[Vec<Scored>],
    count: usize,
) -> anyhow::Result<Vec<Vec<String>>> {
    if count == 0 || clusters.is_empty() {
        return Ok(vec![Vec::new(); clusters.len()]);
    }
    let places = places(clusters, texts.rows().len());
    let mut counts = WordCounts::new(clusters.len() + 1);
    texts.for_each_content(|position, text| {
        let cluster = places[position as usize].map_or(clusters.len(), |(number, _)| number - 1);
        counts.add(cluster as u32, text);
    })?;
    let mut words = counts.distinctive(count);
    words.truncate(clusters.len());
    Ok(words)
}

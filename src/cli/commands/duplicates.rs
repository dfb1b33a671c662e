//! `embed duplicates`: near-duplicate texts.

use std::io::{self, BufWriter};

use clap::{Args, ValueEnum};
use embed::engine::{Duplicates, LocatedPassage};
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::texts::TextArguments;
use crate::cli::args::values::score;
use crate::cli::listing::{Listing, passage_columns};
use crate::cli::opening::open_texts;
use crate::cli::render::{Column, counted};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::unknown::mostly_outside;

/// Find near-duplicate texts
#[derive(Debug, Args)]
#[command(after_help = "\
Without --threshold, texts are duplicates if their distance (1 - score) is at most a quarter of the median distance \
between a text and its nearest neighbor; for fewer than 20 texts the threshold is 0.9. A text that is mostly outside the vocabulary of the model is a duplicate \
of identical texts only.

Examples:
  embed duplicates                                groups of near-duplicates in the index
  embed duplicates tickets.csv --threshold 0.95   in a file, without an index
  embed duplicates --pairs | sort -rn             pairs, the most similar first
  embed duplicates lines.txt --keep first         the lines without later duplicates")]
pub(crate) struct DuplicatesArguments {
    /// The lowest score of two duplicates, from -1 to 1 [default: chosen from the scores]
    #[arg(short, long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    threshold: Option<f32>,
    /// List every pair, in the order of the texts, instead of groups
    #[arg(long)]
    pairs: bool,
    /// List all texts, but only this one of each group
    #[arg(long, value_name = "WHICH", conflicts_with = "pairs")]
    keep: Option<Keep>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    texts: TextArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Keep {
    First,
}

/// A text of a group, with its documented fields; fields are only ever added.
#[derive(Serialize)]
struct MemberRecord<'a> {
    /// Counted from 1.
    group: usize,
    /// The similarity to the first text of the group.
    score: f32,
    #[serde(flatten)]
    passage: &'a LocatedPassage,
}

/// Two duplicates; fields are only ever added.
#[derive(Serialize)]
struct PairRecord<'a> {
    score: f32,
    first: &'a LocatedPassage,
    second: &'a LocatedPassage,
}

pub(crate) fn run(arguments: &DuplicatesArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let engine = open_texts(&arguments.texts.paths, &arguments.texts.options, global)?;
    engine.duplicates(arguments.threshold, |duplicates| {
        let threshold = duplicates.threshold;
        if arguments.threshold.is_none() {
            let count = counted(duplicates.passage_count() as u64, "text");
            note(global, &format!("threshold {threshold:.4}, chosen from the scores of {count}"));
        }
        note_unknown(duplicates, global);
        let mut output = BufWriter::new(io::stdout().lock());
        let form = resolve::listing_form(&arguments.output, global)?;
        let mut listing = Listing::begin(&mut output, form, |head| {
            head.field("model", &duplicates.model())?.field("threshold", &threshold).map(drop)
        })?;
        match (arguments.pairs, arguments.keep) {
            (true, _) => list_pairs(duplicates, &mut listing)?,
            (false, Some(Keep::First)) => list_kept(duplicates, &mut listing)?,
            (false, None) => list_groups(duplicates, &mut listing)?,
        }
        Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
    })
}

/// Prints the number of texts outside the vocabulary, or that it is unknown.
fn note_unknown(duplicates: &Duplicates<'_>, global: &GlobalArguments) {
    match duplicates.mostly_unknown_count() {
        Some(0) => {}
        Some(count) => {
            let texts = mostly_outside(count as u64, duplicates.model());
            note(global, &format!("{texts}: only identical ones count as duplicates"));
        }
        None => note(
            global,
            &format!(
                "without the model {}, texts outside its vocabulary are compared like others",
                duplicates.model()
            ),
        ),
    }
}

fn list_pairs(duplicates: &Duplicates<'_>, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    duplicates.for_each_pair(|score, first, second| {
        let [[first_place, first_text], [second_place, second_text]] = [first, second].map(passage_columns);
        let columns = [Column::score(score), first_place, second_place, first_text, second_text];
        Ok(listing.add(&PairRecord { score, first, second }, &columns)?)
    })
}

fn list_groups(duplicates: &Duplicates<'_>, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    duplicates.for_each_grouped(|group, score, passage| {
        let [place, text] = passage_columns(passage);
        let columns = [Column::Text(group.to_string()), Column::score(score), place, text];
        Ok(listing.add(&MemberRecord { group, score, passage }, &columns)?)
    })
}

fn list_kept(duplicates: &Duplicates<'_>, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    duplicates.for_each_kept(|passage| Ok(listing.add_text(passage, &passage.passage.text)?))
}

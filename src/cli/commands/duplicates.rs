//! `embed duplicates`: texts that say nearly the same.

use std::collections::HashMap;
use std::io::{self, BufWriter};

use clap::{Args, ValueEnum};
use embed::analysis::{Groups, Pair, choose_threshold, find_pairs};
use embed::simd::InstructionSet;
use embed::vectors::RowId;
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::texts::TextArguments;
use crate::cli::args::values::score;
use crate::cli::listing::Listing;
use crate::cli::render::{Column, counted};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::text_record::TextRecord;
use crate::cli::texts::Texts;

/// Find texts that say nearly the same
#[derive(Debug, Args)]
#[command(after_help = "\
Without --threshold it is chosen: texts are duplicates within a quarter of the median distance (1 - score) of a text to \
its nearest other one; 0.9 for fewer than 20 texts.

Examples:
  embed duplicates                                groups of near-duplicates in the index
  embed duplicates tickets.csv --threshold 0.95   in a file, without an index
  embed duplicates --pairs | sort -rn             pairs, the nearest first
  embed duplicates lines.txt --keep first         the lines without later duplicates")]
pub(crate) struct DuplicatesArguments {
    /// The lowest score of two duplicates, from -1 to 1 [default: chosen from the scores themselves]
    #[arg(short, long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    threshold: Option<f32>,
    /// List every pair, in the order of the texts, instead of groups
    #[arg(long)]
    pairs: bool,
    /// List all texts but duplicates: of each group only that one
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

/// A text of a group.
#[derive(Serialize)]
struct Member {
    /// Counted from 1.
    group: usize,
    /// With the first text of the group.
    score: f32,
    #[serde(flatten)]
    text: TextRecord,
}

#[derive(Serialize)]
struct PairRecord<'a> {
    score: f32,
    first: &'a TextRecord,
    second: &'a TextRecord,
}

pub(crate) fn run(arguments: &DuplicatesArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let texts = Texts::open(&arguments.texts.paths, &arguments.texts.options, global)?;
    let threshold = arguments.threshold.unwrap_or_else(|| {
        let chosen = choose_threshold(texts.rows());
        let count = counted(texts.rows().len() as u64, "text");
        note(global, &format!("threshold {chosen:.4}, chosen from the scores of {count}"));
        chosen
    });
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| {
        head.field("model", &texts.model)?.field("threshold", &threshold).map(drop)
    })?;
    match (arguments.pairs, arguments.keep) {
        (true, _) => list_pairs(&texts, threshold, &mut listing)?,
        (false, Some(Keep::First)) => list_kept(&texts, threshold, &mut listing)?,
        (false, None) => list_groups(&texts, threshold, &mut listing)?,
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

fn list_pairs(texts: &Texts, threshold: f32, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    find_pairs(texts.rows(), threshold, |pairs| {
        let mut positions: Vec<u32> = pairs.iter().flat_map(|pair| [pair.first, pair.second]).collect();
        positions.sort_unstable();
        positions.dedup();
        let records: HashMap<u32, TextRecord> =
            positions.iter().copied().zip(texts.at(&positions)?).collect();
        for &Pair { first, second, score } in pairs {
            let (first, second) = (&records[&first], &records[&second]);
            let places = [first, second].map(|text| Column::Place(text.place()));
            let contents = [first, second].map(|text| Column::Text(text.text.clone()));
            let columns = [&[Column::score(score)], places.as_slice(), &contents].concat();
            listing.add(&PairRecord { score, first, second }, &columns)?;
        }
        Ok(())
    })
}

fn groups(texts: &Texts, threshold: f32) -> Groups {
    let mut groups = Groups::new(texts.rows().len());
    let joined = find_pairs(texts.rows(), threshold, |pairs| {
        for &pair in pairs {
            groups.join(pair);
        }
        Ok::<_, std::convert::Infallible>(())
    });
    let Ok(()) = joined;
    groups
}

fn list_groups(texts: &Texts, threshold: f32, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    let rows = texts.rows();
    let kernel = InstructionSet::best();
    for (group, positions) in (1..).zip(groups(texts, threshold).of_several()) {
        let first = rows.row(RowId(positions[0]));
        for (&position, text) in positions.iter().zip(texts.at(&positions)?) {
            let score = kernel.dot(first, rows.row(RowId(position)));
            let columns = [
                Column::Text(group.to_string()),
                Column::score(score),
                Column::Place(text.place()),
                Column::Text(text.text.clone()),
            ];
            listing.add(&Member { group, score, text }, &columns)?;
        }
    }
    Ok(())
}

fn list_kept(texts: &Texts, threshold: f32, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    let mut groups = groups(texts, threshold);
    texts.for_each(|position, text| {
        if groups.first_of(position) == position {
            listing.add_text(&text, &text.text)?;
        }
        Ok(())
    })
}

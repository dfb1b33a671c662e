//! `embed similarity`: scores of texts against one another.

use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};

use clap::Args;
use embed::engine::{
    EmbedError, Embedder, InputFormat, Models, ReadOptions, Role, RowProblem, Source, UnitVectors,
    embed_texts, pairwise_similarities, similarities, similarity_matrix,
};
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::{ModelArguments, prompt_of_every_text, without_index};
use crate::cli::args::output::{OutputArguments, OutputFormat};
use crate::cli::host::ProgramHost;
use crate::cli::listing::{Listing, ListingForm};
use crate::cli::render::{Column, PlainStyle, counted};
use crate::cli::report::{ExitStatus, note};
use crate::cli::unknown::UnknownTexts;
use crate::cli::usage::UsageError;

/// The number of pairs to embed together.
const PORTION: usize = 512;

/// Compute the similarity of texts
#[derive(Debug, Args)]
#[command(mut_args = without_index)]
#[command(mut_arg("prompt", prompt_of_every_text))]
#[command(override_usage = "\
embed similarity [OPTIONS] TEXT OTHER...
       embed similarity [OPTIONS] --matrix TEXT...
       embed similarity [OPTIONS] --pairs [FILE]")]
#[command(after_help = "\
The score is the cosine of the angle between two texts: 1 means the same direction, 0 nothing in common.

Examples:
  embed similarity \"I love cats.\" \"My favorite animal is a cat.\" \"Dogs are great pets.\"
  embed similarity --pairs pairs.tsv --jsonl")]
pub(crate) struct SimilarityArguments {
    /// A text, and the texts to compare it with
    #[arg(value_name = "TEXT", num_args = 1.., required_unless_present = "pairs")]
    texts: Vec<String>,
    /// Compare every text with every text and print a row of scores for each
    #[arg(long)]
    matrix: bool,
    /// Compare the two tab-separated texts on every line of FILE; without FILE or with '-', of standard input
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-", conflicts_with_all = ["texts", "matrix"])]
    pairs: Option<PathBuf>,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    model: ModelArguments,
}

/// Two texts, with its documented fields; fields are only ever added.
#[derive(Serialize)]
struct PairRecord<'a> {
    first: &'a str,
    second: &'a str,
    /// The line of the pair in its file; null for arguments.
    line: Option<u64>,
    score: f32,
}

/// A text against all texts, itself included; fields are only ever added.
#[derive(Serialize)]
struct RowRecord<'a> {
    text: &'a str,
    scores: &'a [f32],
}

/// Two texts of a file, and their line.
struct Pair {
    line: u64,
    first: String,
    second: String,
}

pub(crate) fn run(arguments: &SimilarityArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    if arguments.texts.iter().any(|text| text.trim().is_empty()) {
        return Err(UsageError::EmptyText.into());
    }
    if arguments.texts.len() == 1 {
        return Err(UsageError::OneText.into());
    }
    let pairs = arguments.pairs.as_deref().map(|file| read_pairs(file, global)).transpose()?;
    let embedder = Models::new(ProgramHost::with_services(global, &arguments.model.service)?)
        .load(&arguments.model.request_for_documents())?;
    let form = match arguments.output.format() {
        OutputFormat::Plain => ListingForm::Plain(PlainStyle::WHOLE),
        OutputFormat::Json => ListingForm::Json,
        OutputFormat::Jsonl => ListingForm::Jsonl,
    };
    let of_pairs = pairs.iter().flatten().flat_map(|pair| [&pair.first, &pair.second]);
    let mut unknown = UnknownTexts::default();
    for text in arguments.texts.iter().chain(of_pairs) {
        unknown.count(&*embedder, text, || format!("'{text}'"));
    }
    unknown.note(global, &embedder.description().name);
    let mut output = BufWriter::new(io::stdout().lock());
    let mut listing = Listing::begin(&mut output, form, |head| {
        head.field("model", &embedder.description().name).map(drop)
    })?;
    match pairs {
        Some(pairs) => compare_pairs(&pairs, &*embedder, &mut listing)?,
        None if arguments.matrix => compare_all(&arguments.texts, &*embedder, &mut listing)?,
        None => compare_first(&arguments.texts, &*embedder, &mut listing)?,
    }
    listing.end()?;
    Ok(ExitStatus::Success)
}

/// The vectors of texts as documents.
fn embed<S: AsRef<str>>(embedder: &dyn Embedder, texts: &[S]) -> Result<UnitVectors, EmbedError> {
    Ok(embed_texts(embedder, Role::Document, texts)?.vectors)
}

fn compare_first(texts: &[String], embedder: &dyn Embedder, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    let vectors = embed(embedder, texts)?;
    let scores = similarities(vectors.row(0), &vectors);
    for (second, score) in texts.iter().zip(scores).skip(1) {
        let record = PairRecord { first: &texts[0], second, line: None, score };
        listing.add(&record, &[Column::score(score), Column::Text(second.clone())])?;
    }
    Ok(())
}

fn compare_all(texts: &[String], embedder: &dyn Embedder, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    let matrix = similarity_matrix(&embed(embedder, texts)?);
    for (text, scores) in texts.iter().zip(&matrix) {
        let row: Vec<String> = scores.iter().map(|score| format!("{score:.3}")).collect();
        let columns = [Column::Score(row.join(" ")), Column::Text(text.clone())];
        listing.add(&RowRecord { text, scores }, &columns)?;
    }
    Ok(())
}

fn compare_pairs(pairs: &[Pair], embedder: &dyn Embedder, listing: &mut Listing<'_>) -> anyhow::Result<()> {
    for portion in pairs.chunks(PORTION) {
        let (firsts, seconds): (Vec<&str>, Vec<&str>) =
            portion.iter().map(|pair| (pair.first.as_str(), pair.second.as_str())).unzip();
        let firsts = embed(embedder, &firsts)?;
        let seconds = embed(embedder, &seconds)?;
        for (Pair { line, first, second }, score) in
            portion.iter().zip(pairwise_similarities(&firsts, &seconds))
        {
            let record = PairRecord { first, second, line: Some(*line), score };
            let texts = [first, second].map(|text| Column::Text(text.clone()));
            listing.add(&record, &[&[Column::score(score)], texts.as_slice()].concat())?;
        }
    }
    Ok(())
}

/// All pairs of a file: an invalid line is an error before anything is written.
fn read_pairs(file: &Path, global: &GlobalArguments) -> anyhow::Result<Vec<Pair>> {
    let source = Source::from_argument(file);
    let options = ReadOptions { format: Some(InputFormat::Lines), ..ReadOptions::default() };
    let (mut pairs, mut blank) = (Vec::new(), 0);
    for record in source.records(&options)? {
        let record = record?;
        let text = match record.content {
            Ok(record) => record.text,
            Err(RowProblem::NoText) => {
                blank += 1;
                continue;
            }
            Err(_) => String::new(),
        };
        let mut columns = text.split('\t').map(str::trim);
        match (columns.next(), columns.next()) {
            (Some(first), Some(second)) if !first.is_empty() && !second.is_empty() => {
                pairs.push(Pair { line: record.line, first: first.to_owned(), second: second.to_owned() });
            }
            _ => return Err(UsageError::NotAPair { name: source.description(), line: record.line }.into()),
        }
    }
    if pairs.is_empty() {
        return Err(UsageError::NoPairs { name: source.description() }.into());
    }
    if blank > 0 {
        note(global, &format!("skipped {}", counted(blank, "blank line")));
    }
    Ok(pairs)
}

//! `embed rerank`: orders lines by the score of a cross-encoder.

use std::collections::BTreeMap;
use std::io::{self, BufWriter};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;
use embed::engine::{Models, Reranker, RowProblem, Source, TextRecord, best_first};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::CrossEncoderArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::records::RecordArguments;
use crate::cli::args::values::{at_least_one, score};
use crate::cli::host::ProgramHost;
use crate::cli::listing::Listing;
use crate::cli::progress::RowProgress;
use crate::cli::render::{Column, counted};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::usage::UsageError;

/// The number of lines to score together.
const PORTION: usize = 256;

/// Order lines by how well they answer a query
#[derive(Debug, Args)]
#[command(after_help = "\
A cross-encoder reads the query and a line together, which can tell an answer from a text on the same subject. It takes \
about as long per line as embedding the line with a model of the same size. The score is the model's raw output: often \
from -11 to 11, with answers above 0.

A JSON object keeps its fields and gains the field rerank. Lines longer than the model's limit are truncated.

Examples:
  embed rerank \"how do I return\" docs.txt --model cross-encoder/ms-marco-MiniLM-L6-v2
  embed search refund -k 50 --jsonl | embed rerank \"how do I get a refund\" --model MODEL
  grep -ri refund notes | embed rerank \"how long do refunds take\" --model MODEL -k 3")]
pub(crate) struct RerankArguments {
    /// The query
    #[arg(value_name = "QUERY")]
    query: String,
    /// The lines to order; '-' is standard input
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// The most results [default: all]
    #[arg(short = 'k', long, value_name = "K", allow_negative_numbers = true, value_parser = at_least_one)]
    top_k: Option<NonZeroUsize>,
    /// Drop results below this score
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    min_score: Option<f32>,
    #[command(flatten)]
    records: RecordArguments,
    #[command(flatten)]
    output: OutputArguments,
    #[command(flatten)]
    model: CrossEncoderArguments,
}

/// A line and its place in the file.
struct Line {
    number: u64,
    record: TextRecord,
}

/// A result of a line; fields are only ever added.
#[derive(Serialize)]
struct LineRecord<'a> {
    rank: usize,
    score: f32,
    line: u64,
    text: &'a str,
}

/// A result of a JSON object or a row, with its own fields.
#[derive(Serialize)]
struct FieldsRecord<'a> {
    #[serde(flatten)]
    fields: Map<String, Value>,
    rerank: &'a f32,
}

pub(crate) fn run(arguments: &RerankArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    if arguments.query.trim().is_empty() {
        return Err(UsageError::EmptyQuery.into());
    }
    let host = ProgramHost::new(global)?;
    // A wrong model is reported before lines are read from standard input.
    let reranker = Models::new(host).reranker(&arguments.model.request())?;
    let source = Source::from_argument(&arguments.file);
    let lines = arguments.read(&source, global)?;
    let ranked = rank(&reranker, arguments, &lines, global)?;
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let mut listing =
        Listing::begin(&mut output, form, |head| head.field("model", &reranker.name()).map(drop))?;
    for (rank, (score, line)) in (1..).zip(&ranked) {
        let text = line.record.text.as_str();
        let columns =
            [Column::score(*score), Column::Place(line.place(&source)), Column::Text(text.to_owned())];
        match &line.record.fields {
            Some(fields) => listing.add(&FieldsRecord::new(fields, score), &columns)?,
            None => listing.add(&LineRecord { rank, score: *score, line: line.number, text }, &columns)?,
        }
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

impl RerankArguments {
    /// All lines that have a text; reports the others.
    fn read(&self, source: &Source, global: &GlobalArguments) -> anyhow::Result<Vec<Line>> {
        let mut lines = Vec::new();
        let mut skipped: BTreeMap<RowProblem, (u64, u64)> = BTreeMap::new();
        for record in source.text_records(&self.records.read_options(&self.file))? {
            let record = record?;
            match record.content {
                Ok(content) => lines.push(Line { number: record.line, record: content }),
                Err(problem) => skipped.entry(problem).or_insert((0, record.line)).0 += 1,
            }
        }
        for (problem, (count, first)) in skipped {
            let count = counted(count, "line");
            note(global, &format!("skipped {count}: {}; first line {first}", problem.describe()));
        }
        Ok(lines)
    }
}

/// The lines to print with their scores, best first; ties in the order of the file.
fn rank<'a>(
    reranker: &Reranker,
    arguments: &RerankArguments,
    lines: &'a [Line],
    global: &GlobalArguments,
) -> anyhow::Result<Vec<(f32, &'a Line)>> {
    let progress = RowProgress::new(lines.len() as u64, "lines", resolve::progress_visibility(global));
    let (mut ranked, mut truncated) = (Vec::new(), 0);
    for portion in lines.chunks(PORTION) {
        let texts: Vec<&str> = portion.iter().map(|line| line.record.text.as_str()).collect();
        let reranking = reranker.scores(&arguments.query, &texts)?;
        truncated += reranking.truncated;
        ranked.extend(reranking.scores.into_iter().zip(portion));
        progress.advance(portion.len() as u64);
    }
    drop(progress);
    if truncated > 0 {
        let lines = counted(truncated as u64, "line");
        note(global, &format!("truncated {lines} to the limit of the model"));
    }
    ranked.retain(|(score, _)| arguments.min_score.is_none_or(|least| *score >= least));
    ranked.sort_by(|(a, _), (b, _)| best_first(*a, *b));
    ranked.truncate(arguments.top_k.map_or(usize::MAX, NonZeroUsize::get));
    Ok(ranked)
}

impl Line {
    /// `source:line`, or the place of the record itself if it is a result of a search; for standard input the line
    /// alone.
    fn place(&self, source: &Source) -> String {
        let own = |name: &str| self.record.fields.as_ref().and_then(|fields| fields.get(name));
        match (own("source"), own("line"), source.name().as_str()) {
            (Some(Value::String(source)), Some(Value::Number(line)), _) => format!("{source}:{line}"),
            (_, _, "-") => self.number.to_string(),
            (_, _, name) => format!("{name}:{}", self.number),
        }
    }
}

impl<'a> FieldsRecord<'a> {
    fn new(fields: &Map<String, Value>, score: &'a f32) -> Self {
        let mut fields = fields.clone();
        // The field of an earlier run.
        fields.shift_remove("rerank");
        Self { fields, rerank: score }
    }
}

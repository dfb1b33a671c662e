//! `embed similarity`: how near texts are to one another.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use embed::analysis::{pairwise_similarities, similarities, similarity_matrix};
use embed::corpus::{InputFormat, ReadOptions, RowProblem, Source};
use embed::model::Model;
use serde::Serialize;

use super::super::args::{GlobalArguments, ModelArguments, of_all_texts, without_index};
use super::super::models;
use super::super::render::one_line;
use super::super::report::{ExitStatus, counted, note};
use super::super::usage::UsageError;

/// Pairs that are embedded together.
const PORTION: usize = 512;

/// Say how near in meaning texts are
#[derive(Debug, Args)]
#[command(mut_args = without_index)]
#[command(mut_arg("prompt", of_all_texts))]
#[command(override_usage = "\
embed similarity [OPTIONS] TEXT OTHER...
       embed similarity [OPTIONS] --matrix TEXT...
       embed similarity [OPTIONS] --pairs [FILE]")]
#[command(after_help = "\
The score is the cosine of the angle between two texts: 1 is the same direction, 0 nothing in common.

Examples:
  embed similarity \"I love cats.\" \"My favorite animal is a cat.\" \"Dogs are great pets.\"
  embed similarity --pairs pairs.tsv --jsonl")]
pub(crate) struct SimilarityArguments {
    /// A text, and others to compare it with
    #[arg(value_name = "TEXT", num_args = 2.., required_unless_present = "pairs")]
    texts: Vec<String>,
    /// Compare every text with every text: a row of scores for each
    #[arg(long)]
    matrix: bool,
    /// Compare the two texts of every line of FILE, with a tab between them; '-' and none are standard input
    #[arg(long, value_name = "FILE", num_args = 0..=1, default_missing_value = "-", conflicts_with_all = ["texts", "matrix"])]
    pairs: Option<PathBuf>,
    /// Write one JSON document
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// Write a JSON object a line
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    model: ModelArguments,
}

/// Two texts, with the fields that the README documents; fields are only ever added.
#[derive(Serialize)]
struct PairRecord<'a> {
    first: &'a str,
    second: &'a str,
    /// Where the pair stands in its file; null for arguments.
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
    let pairs = arguments.pairs.as_deref().map(|file| read_pairs(file, global)).transpose()?;
    let model = models::model_of_flags(&arguments.model.for_texts(), global)?;
    let mut results = Results::begin(arguments, &model)?;
    match pairs {
        Some(pairs) => compare_pairs(&pairs, &model, &mut results)?,
        None if arguments.matrix => compare_all(&arguments.texts, &model, &mut results)?,
        None => compare_first(&arguments.texts, &model, &mut results)?,
    }
    results.end()?;
    Ok(ExitStatus::Success)
}

fn compare_first(texts: &[String], model: &Model, results: &mut Results) -> anyhow::Result<()> {
    let vectors = model.embed_documents(texts)?.vectors;
    let scores = similarities(vectors.row(0), &vectors);
    for (second, score) in texts.iter().zip(scores).skip(1) {
        let record = PairRecord { first: &texts[0], second, line: None, score };
        results.write(&record, || format!("{score:.3} | {}", one_line(second)))?;
    }
    Ok(())
}

fn compare_all(texts: &[String], model: &Model, results: &mut Results) -> anyhow::Result<()> {
    let matrix = similarity_matrix(&model.embed_documents(texts)?.vectors);
    for (text, scores) in texts.iter().zip(&matrix) {
        results.write(&RowRecord { text, scores }, || {
            let scores: Vec<String> = scores.iter().map(|score| format!("{score:.3}")).collect();
            format!("{} | {}", scores.join(" "), one_line(text))
        })?;
    }
    Ok(())
}

fn compare_pairs(pairs: &[Pair], model: &Model, results: &mut Results) -> anyhow::Result<()> {
    for portion in pairs.chunks(PORTION) {
        let (firsts, seconds): (Vec<&str>, Vec<&str>) =
            portion.iter().map(|pair| (pair.first.as_str(), pair.second.as_str())).unzip();
        let firsts = model.embed_documents(&firsts)?.vectors;
        let seconds = model.embed_documents(&seconds)?.vectors;
        for (Pair { line, first, second }, score) in
            portion.iter().zip(pairwise_similarities(&firsts, &seconds))
        {
            let record = PairRecord { first, second, line: Some(*line), score };
            results.write(&record, || format!("{score:.3} | {} | {}", one_line(first), one_line(second)))?;
        }
    }
    Ok(())
}

/// The pairs of a file, all of them, so that a bad line is an error before anything is written.
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

/// Results on their way to standard output.
struct Results {
    output: BufWriter<io::StdoutLock<'static>>,
    format: Format,
    written: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Plain,
    Json,
    Jsonl,
}

impl Results {
    fn begin(arguments: &SimilarityArguments, model: &Model) -> io::Result<Self> {
        let mut output = BufWriter::new(io::stdout().lock());
        let format = match (arguments.json, arguments.jsonl) {
            (true, _) => Format::Json,
            (_, true) => Format::Jsonl,
            (false, false) => Format::Plain,
        };
        if format == Format::Json {
            write!(output, "{{\"model\":{},\"results\":[", serde_json::to_string(model.name())?)?;
        }
        Ok(Self { output, format, written: 0 })
    }

    fn write(&mut self, record: &impl Serialize, plain: impl FnOnce() -> String) -> io::Result<()> {
        if self.format == Format::Json && self.written > 0 {
            write!(self.output, ",")?;
        }
        self.written += 1;
        match self.format {
            Format::Plain => writeln!(self.output, "{}", plain()),
            Format::Json => Ok(serde_json::to_writer(&mut self.output, record)?),
            Format::Jsonl => {
                serde_json::to_writer(&mut self.output, record)?;
                writeln!(self.output)
            }
        }
    }

    fn end(mut self) -> io::Result<()> {
        if self.format == Format::Json {
            writeln!(self.output, "]}}")?;
        }
        self.output.flush()
    }
}

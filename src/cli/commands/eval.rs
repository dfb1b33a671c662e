//! `embed eval`: how good a model is on judged data, several settings side by side.

use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use embed::analysis::{
    Judgements, RetrievalBenchmark, RetrievalQuality, SimilarityBenchmark, pearson, spearman,
};
use embed::model::Model;
use embed::scan::{Rows, Scan, ScanRequest};
use embed::simd::InstructionSet;
use embed::vectors::UnitVectors;
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::ComparedModelsArguments;
use crate::cli::args::values::at_least_one;
use crate::cli::json;
use crate::cli::models;
use crate::cli::progress::RowProgress;
use crate::cli::render::{counted, printable};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;

/// Measure the quality of a model on judged data
#[derive(Debug, Args)]
#[command(override_usage = "\
embed eval [OPTIONS] FOLDER
       embed eval [OPTIONS] --sts FILE")]
#[command(after_help = "\
FOLDER is in the layout of BEIR: corpus.jsonl, queries.jsonl and qrels/test.tsv. Measures are those of trec_eval, means \
over the judged queries; equal scores are in the order of the corpus.

Examples:
  embed eval scifact --pooling mean --pooling cls
  embed eval scifact --query-prefix '' --query-prefix 'query: '
  embed eval --sts sts-test.tsv --model BAAI/bge-small-en-v1.5 --model models/e5-small --json")]
pub(crate) struct EvalArguments {
    /// The folder of a retrieval benchmark
    #[arg(value_name = "FOLDER", required_unless_present = "sts")]
    folder: Option<PathBuf>,
    /// Pairs of texts with scores instead: a tab-separated file of a score and two texts, or the STS benchmark's own
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folder", "query_prefix", "recall_at"])]
    sts: Option<PathBuf>,
    /// Recall is that of the first K documents
    #[arg(long, value_name = "K", default_value = "100", value_parser = at_least_one)]
    recall_at: NonZeroUsize,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    models: ComparedModelsArguments,
}

#[derive(Serialize)]
struct Measurements<'a, R> {
    /// Null where there are several.
    model: Option<&'a str>,
    results: &'a [R],
}

/// What is measured, with the fields that the README documents.
#[derive(Serialize)]
struct Setting {
    model: String,
    pooling: &'static str,
    precision: &'static str,
}

/// One setting measured on a retrieval benchmark.
#[derive(Serialize)]
struct RetrievalResult {
    #[serde(flatten)]
    setting: Setting,
    query_prefix: String,
    queries: usize,
    #[serde(rename = "ndcg@10")]
    ndcg_at_10: f64,
    recall: f64,
    recall_at: usize,
    #[serde(rename = "mrr@10")]
    mrr_at_10: f64,
}

/// One setting measured on judged pairs.
#[derive(Serialize)]
struct SimilarityResult {
    #[serde(flatten)]
    setting: Setting,
    pairs: usize,
    /// Null where all scores are equal.
    spearman: f64,
    pearson: f64,
}

impl Setting {
    fn of(model: &Model) -> Self {
        let settings = model.settings();
        Self {
            model: model.name().to_owned(),
            pooling: settings.pooling.name(),
            precision: settings.precision.name(),
        }
    }
}

pub(crate) fn run(arguments: &EvalArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    match (&arguments.sts, &arguments.folder) {
        (Some(file), _) => measure_similarity(arguments, global, file)?,
        (None, Some(folder)) => measure_retrieval(arguments, global, folder)?,
        (None, None) => unreachable!("clap requires one of them"),
    }
    Ok(ExitStatus::Success)
}

fn measure_retrieval(
    arguments: &EvalArguments,
    global: &GlobalArguments,
    folder: &Path,
) -> anyhow::Result<()> {
    let benchmark = RetrievalBenchmark::read(folder)?;
    note_unknown(global, &benchmark);
    let prefixes = arguments.models.query_prefixes();
    let mut results = Vec::new();
    for model in models(arguments, global) {
        let model = model?;
        let documents = embed_texts(&model, &benchmark.texts, global)?;
        for prefix in &prefixes {
            let quality =
                retrieval_quality(&model, &benchmark, &documents, (prefix, arguments.recall_at.get()))?;
            results.push(RetrievalResult {
                setting: Setting::of(&model),
                query_prefix: prefix.clone(),
                queries: quality.queries(),
                ndcg_at_10: quality.ndcg_at_10(),
                recall: quality.recall(),
                recall_at: arguments.recall_at.get(),
                mrr_at_10: quality.mrr_at_10(),
            });
        }
    }
    let recall = format!("recall@{}", arguments.recall_at);
    let heads = ["pooling", "nDCG@10", &recall, "MRR@10", "query prefix"];
    write_results(arguments.json, &results, &heads, |result| {
        let measures = [result.ndcg_at_10, result.recall, result.mrr_at_10];
        let mut cells = vec![result.setting.pooling.to_owned()];
        cells.extend(measures.map(|value| format!("{value:.4}")));
        cells.push(printable(&result.query_prefix));
        cells
    })
}

/// Says what of the judgements cannot count as usual.
fn note_unknown(global: &GlobalArguments, benchmark: &RetrievalBenchmark) {
    if benchmark.unknown_queries > 0 {
        let ids = counted(benchmark.unknown_queries as u64, "judged id");
        note(global, &format!("left out {ids} that no query has"));
    }
    if benchmark.unknown_documents > 0 {
        let documents = counted(benchmark.unknown_documents as u64, "relevant document");
        note(global, &format!("not in the corpus, so never found: {documents}"));
    }
}

/// Documents are ranked as deep as any measure looks.
fn retrieval_quality(
    model: &Model,
    benchmark: &RetrievalBenchmark,
    documents: &UnitVectors,
    (prefix, recall_depth): (&str, usize),
) -> anyhow::Result<RetrievalQuality> {
    const NDCG_DEPTH: usize = 10;
    let texts: Vec<String> =
        benchmark.queries.iter().map(|query| format!("{prefix}{}", query.text)).collect();
    let vectors = model.embed_queries(&texts)?.vectors;
    let request = ScanRequest::best(recall_depth.max(NDCG_DEPTH));
    let found = Scan::new(Rows::from(documents)).search_many(vectors.as_slice(), &request);
    let mut quality = RetrievalQuality::new(recall_depth);
    for (query, found) in benchmark.queries.iter().zip(&found) {
        let ranking: Vec<&str> =
            found.best.iter().map(|scored| benchmark.ids[scored.row.0 as usize].as_str()).collect();
        let judgements: Judgements<'_> =
            query.relevance.iter().map(|(id, &relevance)| (id.as_str(), relevance)).collect();
        quality.add(&ranking, &judgements);
    }
    Ok(quality)
}

fn measure_similarity(
    arguments: &EvalArguments,
    global: &GlobalArguments,
    file: &Path,
) -> anyhow::Result<()> {
    let benchmark = SimilarityBenchmark::read(file)?;
    let kernel = InstructionSet::best();
    let mut results = Vec::new();
    for model in models(arguments, global) {
        let model = model?;
        let vectors = embed_texts(&model, &benchmark.texts, global)?;
        let width = vectors.dimension().get();
        let pairs = vectors.as_slice().chunks_exact(2 * width).map(|pair| pair.split_at(width));
        let scores: Vec<f64> = pairs.map(|(first, second)| f64::from(kernel.dot(first, second))).collect();
        results.push(SimilarityResult {
            setting: Setting::of(&model),
            pairs: scores.len(),
            spearman: spearman(&benchmark.judged, &scores),
            pearson: pearson(&benchmark.judged, &scores),
        });
    }
    write_results(arguments.json, &results, &["pooling", "Spearman", "Pearson"], |result| {
        vec![
            result.setting.pooling.to_owned(),
            format!("{:.4}", result.spearman),
            format!("{:.4}", result.pearson),
        ]
    })
}

/// Each model with each pooling and precision, one at a time.
fn models(
    arguments: &EvalArguments,
    global: &GlobalArguments,
) -> impl Iterator<Item = anyhow::Result<Model>> {
    let choices = arguments.models.choices().into_iter();
    choices.map(|choice| models::model_of_flags(&choice, global))
}

/// The vectors of `texts` as documents, with progress.
fn embed_texts(model: &Model, texts: &[String], global: &GlobalArguments) -> anyhow::Result<UnitVectors> {
    const AT_A_TIME: usize = 256;
    let progress = RowProgress::new(texts.len() as u64, resolve::progress_visibility(global));
    let mut vectors = UnitVectors::new(model.dimension());
    for some in texts.chunks(AT_A_TIME) {
        vectors.append(&model.embed_documents(some)?.vectors);
        progress.advance(some.len() as u64);
    }
    Ok(vectors)
}

/// A result of some setting.
trait Measured: Serialize {
    fn setting(&self) -> &Setting;
}

impl Measured for RetrievalResult {
    fn setting(&self) -> &Setting {
        &self.setting
    }
}

impl Measured for SimilarityResult {
    fn setting(&self) -> &Setting {
        &self.setting
    }
}

/// A table for people, with a line that names its columns, precision and model last where there are several; or one JSON
/// document.
fn write_results<R: Measured>(
    json: bool,
    results: &[R],
    heads: &[&str],
    cells: impl Fn(&R) -> Vec<String>,
) -> anyhow::Result<()> {
    let mut output = BufWriter::new(io::stdout().lock());
    if json {
        let one_model = values_of(results, |setting| &setting.model).is_none();
        let model = results.first().map(|result| result.setting().model.as_str()).filter(|_| one_model);
        json::write_line(&mut output, &Measurements { model, results })?;
        return Ok(output.flush()?);
    }
    let mut table = vec![heads.iter().map(ToString::to_string).collect()];
    table.extend(results.iter().map(cells));
    let precisions = values_of(results, |setting| setting.precision);
    let models = values_of(results, |setting| &setting.model);
    for (head, values) in [("precision", precisions), ("model", models)] {
        if let Some(values) = values {
            let column = std::iter::once(head).chain(values).map(printable);
            table.iter_mut().zip(column).for_each(|(row, cell): (&mut Vec<String>, _)| row.push(cell));
        }
    }
    write_table(&mut output, &table)?;
    Ok(output.flush()?)
}

/// What `part` of the settings of all results is, unless it is the same of all.
fn values_of<'a, R: Measured>(results: &'a [R], part: fn(&'a Setting) -> &'a str) -> Option<Vec<&'a str>> {
    let values: Vec<&str> = results.iter().map(|result| part(result.setting())).collect();
    values.iter().any(|value| value != &values[0]).then_some(values)
}

fn write_table(output: &mut dyn Write, table: &[Vec<String>]) -> io::Result<()> {
    let width = |column: usize| table.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table[0].len()).map(width).collect();
    for row in table {
        let padded = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
        writeln!(output, "{}", padded.collect::<Vec<_>>().join(" | ").trim_end())?;
    }
    Ok(())
}

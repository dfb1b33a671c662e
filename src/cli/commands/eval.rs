//! `embed eval`: measures models and settings side by side on judged data.

use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use embed::engine::{
    Embedder, EngineError, ModelCosts, ModelDescription, Models, RetrievalBenchmark, RetrievalDocuments,
    RetrievalMeasurement, SimilarityBenchmark, SimilarityMeasurement, embed_in_portions, embed_queries,
    measure_retrieval, measure_similarity,
};
use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::cli::args::by::ByArgument;
use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::ComparedModelsArguments;
use crate::cli::args::values::at_least_one;
use crate::cli::host::ProgramHost;
use crate::cli::json;
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
FOLDER has the layout of BEIR: corpus.jsonl, queries.jsonl and qrels/test.tsv. Measures are those of trec_eval, \
averaged over the judged queries; ties rank in the order of the corpus.

Examples:
  embed eval scifact --pooling mean --pooling cls
  embed eval scifact --query-prefix '' --query-prefix 'query: '
  embed eval --sts sts-test.tsv --model BAAI/bge-small-en-v1.5 --model models/e5-small --json")]
pub(crate) struct EvalArguments {
    /// The folder of a retrieval benchmark
    #[arg(value_name = "FOLDER", required_unless_present = "sts")]
    folder: Option<PathBuf>,
    /// Measure scored pairs of texts instead: a tab-separated file with a score and two texts per line, or a file of
    /// the STS benchmark
    #[arg(long, value_name = "FILE", conflicts_with_all = ["folder", "query_prefix", "recall_at"])]
    sts: Option<PathBuf>,
    /// Measure recall among the first K documents
    #[arg(long, value_name = "K", default_value = "100", value_parser = at_least_one)]
    recall_at: NonZeroUsize,
    /// Rank by meaning, by words or by both; repeatable
    #[arg(long, value_name = "WHAT", default_value = "meaning", conflicts_with = "sts")]
    by: Vec<ByArgument>,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    models: ComparedModelsArguments,
}

#[derive(Serialize)]
struct Measurements<'a, R> {
    /// Null if there are several.
    model: Option<&'a str>,
    results: &'a [R],
}

/// A measured setting, with its documented fields.
#[derive(Clone, Serialize)]
struct Setting {
    model: String,
    pooling: String,
    precision: String,
    dimension: usize,
    /// Documents embedded in a second.
    texts_per_second: f64,
    /// The bytes of the vectors in an index.
    index_bytes: u64,
    /// Dollars for a million tokens; null for a local model, and where the price is unknown.
    price: Option<f64>,
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
    by: &'static str,
}

impl RetrievalResult {
    fn new(
        setting: Setting,
        query_prefix: &str,
        by: ByArgument,
        recall_at: usize,
        measured: RetrievalMeasurement,
    ) -> Self {
        let RetrievalMeasurement { queries, ndcg_at_10, recall, mrr_at_10 } = measured;
        Self {
            setting,
            query_prefix: query_prefix.to_owned(),
            queries,
            ndcg_at_10,
            recall,
            recall_at,
            mrr_at_10,
            by: by.name(),
        }
    }
}

/// One setting measured on judged pairs.
#[derive(Serialize)]
struct SimilarityResult {
    #[serde(flatten)]
    setting: Setting,
    pairs: usize,
    /// Null if all scores are equal.
    spearman: f64,
    pearson: f64,
}

impl Setting {
    fn new(embedder: &dyn Embedder, costs: ModelCosts, host: &ProgramHost) -> Self {
        let ModelDescription { name, pooling, encoder_precision, .. } = embedder.description().clone();
        let ModelCosts { dimension, texts_per_second, index_bytes } = costs;
        Self {
            price: host.services.price(&name),
            model: name,
            pooling,
            precision: encoder_precision,
            dimension: dimension.get(),
            texts_per_second,
            index_bytes,
        }
    }
}

pub(crate) fn run(arguments: &EvalArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    match (&arguments.sts, &arguments.folder) {
        (Some(file), _) => measure_similarity_of_each(arguments, global, file)?,
        (None, Some(folder)) => measure_retrieval_of_each(arguments, global, folder)?,
        (None, None) => unreachable!("clap requires one of them"),
    }
    Ok(ExitStatus::Success)
}

fn measure_retrieval_of_each(
    arguments: &EvalArguments,
    global: &GlobalArguments,
    folder: &Path,
) -> anyhow::Result<()> {
    let benchmark = RetrievalBenchmark::read(folder)?;
    note_unknown(global, &benchmark);
    let recall_at = arguments.recall_at.get();
    let host = ProgramHost::with_services(global, &arguments.models.service)?;
    let mut results = Vec::new();
    for embedder in embedders(arguments, &host) {
        let embedder = &*embedder?;
        let progress = row_progress(&benchmark.texts, global);
        let documents =
            RetrievalDocuments::embed(embedder, &benchmark.texts, |count| progress.advance(count))?;
        let setting = Setting::new(embedder, documents.costs(), &host);
        for query_prefix in arguments.models.query_prefixes() {
            let needs_vectors = arguments.by.iter().any(|by| *by != ByArgument::Words);
            let vectors =
                needs_vectors.then(|| embed_queries(embedder, &benchmark, &query_prefix)).transpose()?;
            for &by in &arguments.by {
                let measured =
                    measure_retrieval(&benchmark, &documents, vectors.as_ref(), by.into(), recall_at);
                results.push(RetrievalResult::new(setting.clone(), &query_prefix, by, recall_at, measured));
            }
        }
    }
    let recall = format!("recall@{recall_at}");
    let heads = ["pooling", "nDCG@10", &recall, "MRR@10", "by", "query prefix"];
    write_results(arguments.json, &results, &heads, |result| {
        let measures = [result.ndcg_at_10, result.recall, result.mrr_at_10];
        let mut cells = vec![result.setting.pooling.clone()];
        cells.extend(measures.map(|value| format!("{value:.4}")));
        cells.push(result.by.to_owned());
        cells.push(printable(&result.query_prefix));
        cells
    })
}

/// Reports judgments that refer to unknown queries or documents.
fn note_unknown(global: &GlobalArguments, benchmark: &RetrievalBenchmark) {
    if benchmark.unknown_queries > 0 {
        let ids = counted(benchmark.unknown_queries as u64, "judged id");
        note(global, &format!("left out {ids} without a query"));
    }
    if benchmark.unknown_documents > 0 {
        let documents = counted(benchmark.unknown_documents as u64, "relevant document");
        note(global, &format!("not in the corpus, so never found: {documents}"));
    }
}

fn measure_similarity_of_each(
    arguments: &EvalArguments,
    global: &GlobalArguments,
    file: &Path,
) -> anyhow::Result<()> {
    let benchmark = SimilarityBenchmark::read(file)?;
    let host = ProgramHost::with_services(global, &arguments.models.service)?;
    let mut results = Vec::new();
    for embedder in embedders(arguments, &host) {
        let embedder = &*embedder?;
        let progress = row_progress(&benchmark.texts, global);
        let texts = embed_in_portions(embedder, &benchmark.texts, |count| progress.advance(count))?;
        let SimilarityMeasurement { pairs, spearman, pearson } =
            measure_similarity(&benchmark, &texts.vectors);
        let setting = Setting::new(embedder, texts.costs(), &host);
        results.push(SimilarityResult { setting, pairs, spearman, pearson });
    }
    write_results(arguments.json, &results, &["pooling", "Spearman", "Pearson"], |result| {
        vec![
            result.setting.pooling.clone(),
            format!("{:.4}", result.spearman),
            format!("{:.4}", result.pearson),
        ]
    })
}

/// Each model with each pooling and precision, one at a time.
fn embedders(
    arguments: &EvalArguments,
    host: &Arc<ProgramHost>,
) -> impl Iterator<Item = Result<Arc<dyn Embedder>, EngineError>> {
    let models = Models::new(Arc::clone(host) as _);
    arguments.models.requests().into_iter().map(move |request| models.load(&request))
}

fn row_progress(texts: &[String], global: &GlobalArguments) -> RowProgress {
    RowProgress::new(texts.len() as u64, "vectors", resolve::progress_visibility(global))
}

/// A measured setting.
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

/// Writes one JSON document, or a table for people. If models or precisions differ, they and their costs are the last
/// columns.
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
    let precisions = values_of(results, |setting| &setting.precision);
    let models = values_of(results, |setting| &setting.model);
    if precisions.is_some() || models.is_some() {
        add_costs(&mut table, results);
    }
    for (head, values) in [("precision", precisions), ("model", models)] {
        if let Some(values) = values {
            let column = std::iter::once(head).chain(values).map(printable);
            table.iter_mut().zip(column).for_each(|(row, cell): (&mut Vec<String>, _)| row.push(cell));
        }
    }
    write_table(&mut output, &table)?;
    Ok(output.flush()?)
}

/// Adds the columns of the costs of models.
fn add_costs<R: Measured>(table: &mut [Vec<String>], results: &[R]) {
    let is_priced = results.iter().any(|result| result.setting().price.is_some());
    let head = ["dimension", "texts/s", "index MB"].map(str::to_owned);
    table[0].extend(head);
    if is_priced {
        table[0].push("$ a million tokens".to_owned());
    }
    for (row, result) in table[1..].iter_mut().zip(results) {
        let Setting { dimension, texts_per_second, index_bytes, price, .. } = result.setting();
        row.push(dimension.to_string());
        row.push(format!("{texts_per_second:.0}"));
        row.push(format!("{:.1}", *index_bytes as f64 / 1e6));
        if is_priced {
            row.push(price.map_or_else(|| "-".to_owned(), |price| price.to_string()));
        }
    }
}

/// `part` of the setting of each result, unless all are equal.
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

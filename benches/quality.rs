//! Quality of the bundled model on public data, against the figures recorded here.
//!
//!     cargo bench --bench quality -- DATA [PRECISION]
//!
//! DATA is a folder with `scifact/` (BEIR layout: corpus.jsonl, queries.jsonl, qrels/test.tsv) and `stsb/`
//! (sts-test.csv, tab-separated); PRECISION is f32 or int8. Exits with 1 if a figure strays from the recorded one.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

use embed::analysis::{RetrievalQuality, spearman};
use embed::model::{EmbeddingSettings, EncoderPrecision, Model, ModelFiles};
use embed::scan::{Rows, Scan, ScanRequest};
use serde_json::Value;

/// How far a figure may stray: differences in the last bits of vectors swap near ties.
const TOLERANCE: f64 = 0.001;

/// The figures of a precision.
struct Recorded {
    stsb_spearman: f64,
    scifact_ndcg_at_10: f64,
    scifact_recall_at_100: f64,
}

impl Recorded {
    const fn of(precision: EncoderPrecision) -> Self {
        match precision {
            EncoderPrecision::Float32 => {
                Self { stsb_spearman: 0.8680, scifact_ndcg_at_10: 0.7201, scifact_recall_at_100: 0.9517 }
            }
            EncoderPrecision::Int8 => {
                Self { stsb_spearman: 0.8680, scifact_ndcg_at_10: 0.7225, scifact_recall_at_100: 0.9450 }
            }
        }
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let Some(data) = arguments.first() else {
        println!("quality: no data folder is given, nothing was measured");
        return Ok(ExitCode::SUCCESS);
    };
    let precision: EncoderPrecision =
        arguments.get(1).map_or(Ok(EncoderPrecision::Float32), |name| name.parse())?;
    let settings = EmbeddingSettings { precision, ..EmbeddingSettings::default() };
    let model = Model::new(&ModelFiles::bundled()?, settings)?;
    let (data, recorded) = (Path::new(data), Recorded::of(precision));
    let similarity = stsb(&model, &data.join("stsb/sts-test.csv"))?;
    let mut all_held = holds("STS-B test, Spearman", similarity, recorded.stsb_spearman);
    let retrieval = scifact(&model, &data.join("scifact"))?;
    all_held &= holds("SciFact test, nDCG@10", retrieval.ndcg_at_10(), recorded.scifact_ndcg_at_10);
    all_held &= holds("SciFact test, recall@100", retrieval.recall(), recorded.scifact_recall_at_100);
    Ok(if all_held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Prints a figure, and tells whether it is the recorded one.
fn holds(figure: &str, measured: f64, recorded: f64) -> bool {
    let held = (measured - recorded).abs() <= TOLERANCE;
    let verdict = if held { "ok" } else { "STRAYED" };
    println!("{figure:28} {measured:.4}   recorded {recorded:.4}   {verdict}");
    held
}

/// Spearman's correlation of the judged similarity with the cosine, over the pairs of a file of the STS benchmark.
fn stsb(model: &Model, path: &Path) -> Result<f64, Box<dyn Error>> {
    let text = fs::read_to_string(path)?;
    let (mut judged, mut sentences) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        judged.push(fields[4].parse::<f64>()?);
        sentences.extend([fields[5], fields[6]]);
    }
    let vectors = model.embed_documents(&sentences)?.vectors;
    let rows: Vec<&[f32]> = vectors.rows().collect();
    let cosine = |pair: &[&[f32]]| pair[0].iter().zip(pair[1]).map(|(a, b)| f64::from(a * b)).sum();
    let cosines: Vec<f64> = rows.chunks_exact(2).map(cosine).collect();
    Ok(spearman(&judged, &cosines))
}

/// The means over all judged queries of a BEIR folder, documents being title and text with a space between.
fn scifact(model: &Model, folder: &Path) -> Result<RetrievalQuality, Box<dyn Error>> {
    let judged_text = fs::read_to_string(folder.join("qrels/test.tsv"))?;
    let mut judgements: HashMap<&str, HashMap<&str, u32>> = HashMap::new();
    for line in judged_text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        judgements.entry(fields[0]).or_default().insert(fields[1], fields[2].trim().parse()?);
    }
    let corpus = read_jsonl(&folder.join("corpus.jsonl"))?;
    let texts: Vec<String> = corpus
        .iter()
        .map(|record| format!("{} {}", field(record, "title"), field(record, "text")).trim().to_owned())
        .collect();
    let documents = model.embed_documents(&texts)?.vectors;

    let queries = read_jsonl(&folder.join("queries.jsonl"))?;
    let queries: Vec<&Value> = queries.iter().filter(|query| judgements.contains_key(id(query))).collect();
    let texts: Vec<&str> = queries.iter().map(|query| field(query, "text")).collect();
    let vectors = model.embed_queries(&texts)?.vectors;
    let found = Scan::new(Rows::from(&documents)).search_many(vectors.as_slice(), &ScanRequest::best(100));
    assert_eq!(found.len(), queries.len());

    let mut quality = RetrievalQuality::new(100);
    for (query, found) in queries.iter().zip(&found) {
        let ranking: Vec<&str> = found.best.iter().map(|scored| id(&corpus[scored.row.0 as usize])).collect();
        quality.add(&ranking, &judgements[id(query)]);
    }
    Ok(quality)
}

fn read_jsonl(path: &Path) -> Result<Vec<Value>, Box<dyn Error>> {
    fs::read_to_string(path)?.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
}

fn id(record: &Value) -> &str {
    field(record, "_id")
}

fn field<'a>(record: &'a Value, name: &str) -> &'a str {
    record[name].as_str().unwrap_or("")
}

//! Pairs per second of a loaded cross-encoder, as one line of JSON per run.
//!
//!     cargo bench --bench rerank -- MODEL PAIRS [RUNS [PRECISION]]
//!
//! MODEL is a folder. PAIRS has a line of JSON for each query: {"query": TEXT, "texts": [TEXT, ...]}. PRECISION is f32 or
//! int8. The time includes tokenization, but not loading and packing the weights. A line with the scores of every query comes
//! last.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;
use std::{env, fs};

use embed::model::{CrossEncoder, CrossEncoderFiles, Device, EncoderPrecision};
use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Texts {
    query: String,
    texts: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let [folder, pairs, ..] = arguments.as_slice() else {
        println!("rerank: no model and pairs are given, nothing was measured");
        return Ok(());
    };
    let runs = arguments.get(2).map_or(Ok(1), |runs| runs.parse())?;
    let precision: EncoderPrecision =
        arguments.get(3).map_or(Ok(EncoderPrecision::Float32), |name| name.parse())?;
    let lines = fs::read_to_string(pairs)?;
    let queries: Vec<Texts> = lines.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let files = CrossEncoderFiles::from_folder(Path::new(folder))?;
    let model = CrossEncoder::new(&files, precision, Device::Cpu)?;
    // The first large call packs the weights.
    let all: Vec<&str> = queries.iter().flat_map(|query| &query.texts).map(String::as_str).collect();
    model.score("warm", &all[..all.len().min(64)])?;
    let mut scores = Vec::new();
    for _ in 0..runs {
        scores.clear();
        let (started, mut pairs, mut tokens) = (Instant::now(), 0, 0);
        for Texts { query, texts } in &queries {
            let answer = model.score(query, texts)?;
            (pairs, tokens) = (pairs + texts.len(), tokens + answer.tokens);
            scores.push(answer.scores);
        }
        let seconds = started.elapsed().as_secs_f64();
        let rate = pairs as f64 / seconds;
        println!(
            "{}",
            json!({"peer": "embed", "precision": precision.name(), "pairs": pairs, "tokens": tokens,
                   "seconds": seconds, "pairs_per_s": rate})
        );
    }
    println!("{}", json!({"scores": scores}));
    Ok(())
}

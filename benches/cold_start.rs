//! The time of each part of `embed search QUERY` in a new process.
//!
//!     cargo bench --bench cold_start -- INDEX [QUERY]
//!
//! INDEX is an index of the bundled model, of either precision. `EMBED_INSTRUCTIONS` names the instruction set, as for the
//! program. Each round runs in a new process, because a query pays for
//! the first run of each part, which maps pages and starts threads. Prints the median of each part in milliseconds.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::error::Error;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};
use std::{array, env};

use embed::filter::Filters;
use embed::model::{EmbeddingSettings, Model, ModelFiles};
use embed::search::{FolderSnapshot, Grouping, Ranks, SearchOptions, SearchQuery, Searchable, Selection};
use embed::simd::InstructionSet;
use embed::words::WordQuery;

const ROUNDS: usize = 31;
const PARTS: [&str; 7] = [
    "open the index",
    "find the model's files",
    "hash the tokenizer, make the model",
    "read the query's vocabulary",
    "encode the query",
    "scan the rows, fetch the passages",
    "start and end the process, close the index",
];
/// The parts that the new process times itself.
const INSIDE: usize = PARTS.len() - 1;
const ONE_ROUND: &str = "one-round";

fn main() -> Result<(), Box<dyn Error>> {
    if let Ok(name) = env::var("EMBED_INSTRUCTIONS") {
        InstructionSet::named(&name).ok_or("not an instruction set of this CPU")?.make_best();
    }
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => println!("cold_start: no index is given, nothing was measured"),
        [ONE_ROUND, index, query] => print_round(&round(Path::new(index), query)?),
        [index] => measure(index, "how do I return something?")?,
        [index, query, ..] => measure(index, query)?,
    }
    Ok(())
}

fn round(index: &Path, query: &str) -> Result<[Duration; INSIDE], Box<dyn Error>> {
    let mut marks = vec![Instant::now()];
    let snapshot = FolderSnapshot::open(index, &env::current_dir()?)?;
    marks.push(Instant::now());
    let files = ModelFiles::bundled()?;
    marks.push(Instant::now());
    let precision = snapshot.model().encoder_precision.parse()?;
    let model = Model::new(&files, EmbeddingSettings { precision, ..EmbeddingSettings::default() })?;
    marks.push(Instant::now());
    let tokenized = model.tokenizer().tokenize(query)?;
    marks.push(Instant::now());
    let embedded = model.embed_tokens(&[tokenized])?;
    marks.push(Instant::now());
    let options = SearchOptions {
        top_k: 3,
        minimum_score: None,
        minimum_confidence: None,
        grouping: Grouping::Passages,
        ranks: Ranks::Omitted,
    };
    let everything = Selection { filters: &Filters::default(), sources: None, excluded: &[] };
    let words = WordQuery::parse(query);
    let queries = [SearchQuery { vector: Some(embedded.vectors.row(0)), words: Some(&words) }];
    snapshot.search(&queries, options, &everything)?;
    marks.push(Instant::now());
    Ok(array::from_fn(|part| marks[part + 1] - marks[part]))
}

fn print_round(parts: &[Duration; INSIDE]) {
    for part in parts {
        println!("{}", part.as_nanos());
    }
}

fn measure(index: &str, query: &str) -> Result<(), Box<dyn Error>> {
    let mut samples: [Vec<f64>; PARTS.len()] = array::from_fn(|_| Vec::new());
    for _ in 0..ROUNDS {
        let started = Instant::now();
        let output = Command::new(env::current_exe()?).args([ONE_ROUND, index, query]).output()?;
        let whole = started.elapsed().as_secs_f64() * 1e3;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        let mut outside = whole;
        for (part, line) in String::from_utf8(output.stdout)?.lines().enumerate() {
            let milliseconds = line.parse::<f64>()? / 1e6;
            outside -= milliseconds;
            samples[part].push(milliseconds);
        }
        samples[INSIDE].push(outside);
    }
    for (name, samples) in PARTS.iter().zip(&mut samples) {
        samples.sort_by(f64::total_cmp);
        println!("{:>7.2} ms  {name}", samples[ROUNDS / 2]);
    }
    Ok(())
}

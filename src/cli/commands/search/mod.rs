//! `embed search`: the passages nearest to a query, from the index or straight from files.

mod answers;
mod queries;

use std::io::{self, BufWriter};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use embed::corpus::SourceFinder;
use embed::search::{Grouping, Hit, SearchOptions};

use super::super::args::{
    CorpusArguments, GlobalArguments, IndexLocation, ModelArguments, at_least_one, score,
};
use super::super::render::{Format, PlainStyle, QueryColumn, Record, write_records};
use super::super::report::ExitStatus;
use super::super::resolve::{self, Environment};
use queries::{Query, Request};

/// Find the passages nearest in meaning to a query
#[derive(Debug, Args)]
#[command(override_usage = "\
embed search [OPTIONS] QUERY [PATH]...
       embed search [OPTIONS] --queries FILE [PATH]...
       embed search [OPTIONS] --like ID [PATH]...
       embed search [OPTIONS] --vector FILE.npy [PATH]...")]
#[command(after_help = "\
Examples:
  embed search \"how do I return\"                 search the index
  embed search \"how do I return\" docs.txt notes  search files and folders, without an index
  embed search --queries questions.txt --jsonl   search for every line of a file
  embed search \"cell division\" --where 'year >= 2020' --where 'lang = en'
  embed search --like papers.jsonl:4983          more like a document
  embed search king --minus man --plus woman
  tail -n 1000 app.log | embed search \"disk full\" -")]
pub(crate) struct SearchArguments {
    /// The query, and files and folders to search instead of the index ('-' is standard input); with --queries,
    /// --like or --vector all are paths
    #[arg(value_name = "QUERY] [PATH")]
    words: Vec<String>,
    /// Search for every line of FILE ('-' is standard input)
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// Search for every row of a NumPy file, of the dimension of what is searched
    #[arg(long, value_name = "FILE.npy", conflicts_with_all = ["queries", "query_prefix", "prompt"])]
    vector: Option<PathBuf>,
    /// Search for what is like the document with this id, which is left out; repeatable
    #[arg(long, value_name = "ID")]
    like: Vec<String>,
    /// Add the meaning of TEXT to what is searched for; repeatable
    #[arg(long, value_name = "TEXT")]
    plus: Vec<String>,
    /// Take the meaning of TEXT away from what is searched for; repeatable
    #[arg(long, value_name = "TEXT")]
    minus: Vec<String>,
    /// Only documents for which FILTER holds, such as 'year >= 2020' or 'source ~ notes/'; repeatable, all must hold
    #[arg(long = "where", value_name = "FILTER")]
    filters: Vec<String>,
    /// Results a query at the most
    #[arg(short = 'k', long, value_name = "K", default_value = "3", allow_negative_numbers = true, value_parser = at_least_one)]
    top_k: NonZeroUsize,
    /// The lowest score of a result, from -1 to 1
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    min_score: Option<f32>,
    /// What a result is: a passage, or a document by its best passage
    #[arg(long, value_name = "WHAT", default_value = "passage")]
    group: GroupArgument,
    /// Show the lines of each result, and N more on either side
    #[arg(long, value_name = "N", conflicts_with_all = ["json", "jsonl"])]
    context: Option<u64>,
    /// Write one JSON document
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// Write a JSON object a line
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    corpus: CorpusArguments,
    #[command(flatten)]
    model: ModelArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GroupArgument {
    Passage,
    Document,
}

pub(crate) fn run(arguments: &SearchArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::read()?;
    let filters = resolve::filters(&arguments.filters)?;
    let Request { queries, paths } = queries::request(arguments)?;
    let finder = SourceFinder::new(&paths, resolve::walk_options(&arguments.corpus))
        .map_err(|error| queries::explain(error, arguments))?;
    let queries = queries.read(global)?;
    let asked = answers::Asked { arguments, global, environment: &environment, filters, queries: &queries };
    let answers = if paths.is_empty() { asked.of_index()? } else { asked.of_sources(finder, &paths)? };
    let format = format(arguments, global, &environment);
    let records = records(&queries, answers.hits);
    write_records(&mut BufWriter::new(io::stdout().lock()), format, &answers.model, &records)?;
    Ok(if records.is_empty() { ExitStatus::NothingFound } else { ExitStatus::Success })
}

impl SearchArguments {
    fn options(&self) -> SearchOptions {
        SearchOptions {
            top_k: self.top_k.get(),
            minimum_score: self.min_score,
            grouping: match self.group {
                GroupArgument::Passage => Grouping::Passages,
                GroupArgument::Document => Grouping::Documents,
            },
        }
    }
}

fn format(arguments: &SearchArguments, global: &GlobalArguments, environment: &Environment) -> Format {
    match (arguments.json, arguments.jsonl) {
        (true, _) => Format::Json,
        (_, true) => Format::Jsonl,
        (false, false) => Format::Plain(PlainStyle {
            width: resolve::terminal_width(),
            color: environment.color(global.color),
            queries: match (&arguments.queries, &arguments.vector) {
                (None, None) => QueryColumn::Hidden,
                _ => QueryColumn::Shown,
            },
            context: arguments.context,
        }),
    }
}

fn records(queries: &[Query], hits: Vec<Vec<Hit>>) -> Vec<Record> {
    let answered = queries.iter().zip(hits);
    answered
        .flat_map(|(query, hits)| (1..).zip(hits).map(move |(rank, hit)| record(query, rank, hit)))
        .collect()
}

fn record(query: &Query, rank: usize, hit: Hit) -> Record {
    Record {
        query: query.label().map(str::to_owned),
        query_line: query.line(),
        rank,
        score: hit.score,
        passage: hit.passage.into(),
    }
}

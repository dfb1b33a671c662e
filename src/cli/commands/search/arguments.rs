//! What `embed search` takes.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use embed::engine::{Grouping, SearchOptions};

use crate::cli::args::corpus::CorpusArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::ModelArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::values::{at_least_one, score};

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
    pub(super) words: Vec<String>,
    /// Search for every line of FILE ('-' is standard input)
    #[arg(long, value_name = "FILE")]
    pub(super) queries: Option<PathBuf>,
    /// Search for every row of a NumPy file, of the dimension of what is searched
    #[arg(long, value_name = "FILE.npy", conflicts_with_all = ["queries", "query_prefix", "prompt"])]
    pub(super) vector: Option<PathBuf>,
    /// Search for what is like the document with this id, which is left out; repeatable
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(super) like: Vec<String>,
    /// Add the meaning of TEXT to what is searched for; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(super) plus: Vec<String>,
    /// Take the meaning of TEXT away from what is searched for; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(super) minus: Vec<String>,
    /// Only documents for which FILTER holds, such as 'year >= 2020' or 'source ~ notes/'; repeatable, all must hold
    #[arg(long = "where", value_name = "FILTER")]
    pub(super) filters: Vec<String>,
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
    pub(super) context: Option<u64>,
    #[command(flatten)]
    pub(super) output: OutputArguments,
    #[command(flatten)]
    pub(super) location: IndexLocation,
    #[command(flatten)]
    pub(super) corpus: CorpusArguments,
    #[command(flatten)]
    pub(super) model: ModelArguments,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum GroupArgument {
    Passage,
    Document,
}

impl SearchArguments {
    pub(super) fn options(&self) -> SearchOptions {
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

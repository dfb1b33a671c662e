//! The arguments of `embed search`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use embed::engine::{Grouping, Ranks, SearchOptions};

use crate::cli::args::by::ByArgument;
use crate::cli::args::corpus::CorpusArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::ModelArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::args::values::{at_least_one, confidence, score, whole_number};
use crate::cli::commands::search::reranking::RerankingArguments;

/// Find the passages that best match a query, by meaning and by words
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
  embed search --like papers.jsonl:4983          texts similar to a document
  embed search king --minus man --plus woman
  tail -n 1000 app.log | embed search \"disk full\" -")]
#[command(mut_arg("globs", |globs| globs.help("In folders and in the index, search only files that match GLOB, or with a leading '!' only files that do not; repeatable")))]
pub(crate) struct SearchArguments {
    /// The query, then files and folders to search instead of the index ('-' is standard input); with --queries, --like
    /// or --vector, every argument is a path
    #[arg(value_name = "QUERY] [PATH")]
    pub(super) words: Vec<String>,
    /// Search for every line of FILE ('-' is standard input)
    #[arg(long, value_name = "FILE")]
    pub(super) queries: Option<PathBuf>,
    /// Search for every row of a NumPy file, whose dimension must be that of the texts searched
    #[arg(long, value_name = "FILE.npy", conflicts_with_all = ["queries", "query_prefix", "prompt"])]
    pub(super) vector: Option<PathBuf>,
    /// Search for texts similar to the document with this id, which is left out; repeatable
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub(super) like: Vec<String>,
    /// Add the meaning of TEXT to the query; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(super) plus: Vec<String>,
    /// Subtract the meaning of TEXT from the query; repeatable
    #[arg(long, value_name = "TEXT")]
    pub(super) minus: Vec<String>,
    /// Search only documents that FILTER matches, such as 'year >= 2020' or 'source ~ notes/'; repeatable, all must match
    #[arg(long = "where", value_name = "FILTER")]
    pub(super) filters: Vec<String>,
    /// The most results for each query
    #[arg(short = 'k', long, value_name = "K", default_value = "3", allow_negative_numbers = true, value_parser = at_least_one)]
    top_k: NonZeroUsize,
    /// Drop results below this score; by meaning, scores are from -1 to 1
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    min_score: Option<f32>,
    /// Rank by the meaning of the query, by its words, or by both; "quoted phrases" must occur and -words must not,
    /// except with --by meaning; quote a negative number: "-5"
    #[arg(long, value_name = "WHAT", default_value = "both")]
    pub(super) by: ByArgument,
    /// What counts as a result: a passage, or a document, ranked by its best passage
    #[arg(long, value_name = "WHAT", default_value = "passage")]
    group: GroupArgument,
    /// Drop results with a confidence below C (0 to 1), the estimated probability that a result answers the query; needs
    /// the bundled model, --by both and 100 passages
    #[arg(long, value_name = "C", allow_negative_numbers = true, value_parser = confidence)]
    pub(super) min_confidence: Option<f32>,
    /// Show what each score is made of: cosine, words and their matches, ranks, confidence
    #[arg(long)]
    pub(super) explain: bool,
    /// Show the lines of each result with N more lines on either side
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = whole_number, conflicts_with_all = ["json", "jsonl"])]
    pub(super) context: Option<u64>,
    #[command(flatten)]
    pub(super) reranking: RerankingArguments,
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
    /// Whether texts or documents are added to the queries, which then go by meaning.
    pub(super) fn has_terms(&self) -> bool {
        [&self.like, &self.plus, &self.minus].iter().any(|terms| !terms.is_empty())
    }

    /// Whether quotes and minus signs in a query are conditions.
    pub(super) fn reads_marks(&self) -> bool {
        match self.by {
            ByArgument::Meaning => false,
            ByArgument::Words => true,
            ByArgument::Both => !self.has_terms(),
        }
    }

    pub(super) fn options(&self) -> SearchOptions {
        SearchOptions {
            top_k: self.top_k.get(),
            minimum_score: self.min_score,
            minimum_confidence: self.min_confidence,
            grouping: match self.group {
                GroupArgument::Passage => Grouping::Passages,
                GroupArgument::Document => Grouping::Documents,
            },
            ranks: if self.explain { Ranks::Counted } else { Ranks::Omitted },
        }
    }
}

//! What the user typed, as clap parses it; what it means is decided in `resolve`.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Arg, Args, Parser, Subcommand, ValueEnum};
use embed::corpus::{Encoding, InputFormat};
use embed::model::EncoderPrecision;
use embed::vectors::Dimension;

use super::commands::analogy::AnalogyArguments;
use super::commands::cluster::ClusterArguments;
use super::commands::compact::CompactArguments;
use super::commands::completions::CompletionsArguments;
use super::commands::duplicates::DuplicatesArguments;
use super::commands::encode::EncodeArguments;
use super::commands::eval::EvalArguments;
use super::commands::export::ExportArguments;
use super::commands::import::ImportArguments;
use super::commands::index::IndexArguments;
use super::commands::info::InfoArguments;
use super::commands::list::ListArguments;
use super::commands::man::ManArguments;
use super::commands::models::ModelsArguments;
use super::commands::remove::RemoveArguments;
use super::commands::search::SearchArguments;
use super::commands::similarity::SimilarityArguments;

/// Semantic search for the shell: the model is inside.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalArguments,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Index(IndexArguments),
    Search(Box<SearchArguments>),
    List(ListArguments),
    Remove(RemoveArguments),
    Compact(CompactArguments),
    Import(ImportArguments),
    Export(ExportArguments),
    Encode(EncodeArguments),
    Similarity(SimilarityArguments),
    Duplicates(Box<DuplicatesArguments>),
    Cluster(Box<ClusterArguments>),
    Analogy(Box<AnalogyArguments>),
    Eval(EvalArguments),
    Info(InfoArguments),
    Models(ModelsArguments),
    Completions(CompletionsArguments),
    Man(ManArguments),
}

/// Where the help lists what every command takes.
const EVERYWHERE: &str = "Options of every command";

#[derive(Debug, Args)]
pub(crate) struct GlobalArguments {
    /// Color the output: auto is on a terminal only, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = EVERYWHERE)]
    pub(crate) color: ColorChoice,
    /// Print nothing but results and errors
    #[arg(short, long, global = true, help_heading = EVERYWHERE)]
    pub(crate) quiet: bool,
    /// Compute on N threads [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = thread_count, help_heading = EVERYWHERE)]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

/// Where the index is.
#[derive(Debug, Args)]
pub(crate) struct IndexLocation {
    /// The index folder [default: EMBED_INDEX, else the nearest .embed here or above]
    #[arg(long = "index", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

/// Where the help lists how files are found and read.
const READING: &str = "Finding and reading files";

/// Which files are found, and what becomes of their text.
#[derive(Debug, Args)]
pub(crate) struct CorpusArguments {
    /// Read every file as lines, text, markdown, html, code, csv, tsv, jsonl or json [default: by its name]
    #[arg(long, value_name = "FORMAT", help_heading = READING)]
    pub(crate) input_format: Option<InputFormat>,
    /// The encoding of files without a byte-order mark, such as latin1; auto is UTF-8
    #[arg(long, value_name = "ENCODING", default_value = "auto", help_heading = READING)]
    pub(crate) encoding: Encoding,
    /// A field of tables and JSON that is text, repeatable; the others are metadata [default: text or a like name]
    #[arg(long, value_name = "FIELD", help_heading = READING)]
    pub(crate) text: Vec<String>,
    /// The field of tables and JSON that is the id of a document [default: its line]
    #[arg(long, value_name = "FIELD", help_heading = READING)]
    pub(crate) id: Option<String>,
    /// The most tokens of a passage [default: 256, or what the model reads]
    #[arg(long, value_name = "N", value_parser = at_least_one, help_heading = READING)]
    pub(crate) passage_tokens: Option<NonZeroUsize>,
    /// The tokens that a passage repeats of the one before [default: an eighth of a passage]
    #[arg(long, value_name = "N", help_heading = READING)]
    pub(crate) passage_overlap: Option<usize>,
    /// Walk into hidden files and folders as well
    #[arg(long, help_heading = READING)]
    pub(crate) hidden: bool,
    /// Do not heed .gitignore, .ignore and .embedignore
    #[arg(long, help_heading = READING)]
    pub(crate) no_ignore: bool,
    /// Of folders, only files that GLOB matches, or with '!' before it none of those; repeatable
    #[arg(long = "glob", value_name = "GLOB", help_heading = READING)]
    pub(crate) globs: Vec<String>,
}

/// Which model, and how it is used.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ModelArguments {
    /// A model folder, ORG/NAME[@REVISION] of the hub, or BAAI/bge-small-en-v1.5, which is inside [default: the index's, else the one inside]
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// How a text's tokens become one vector; auto is what the model's authors chose [default: the index's, else mean]
    #[arg(long, value_name = "POOLING")]
    pub(crate) pooling: Option<PoolingArgument>,
    /// Text to put before every query [default: the index's, else none]
    #[arg(long, value_name = "TEXT")]
    pub(crate) query_prefix: Option<String>,
    /// Text to put before every document [default: the index's, else none]
    #[arg(long, value_name = "TEXT")]
    pub(crate) document_prefix: Option<String>,
    /// What the encoder computes with: f32, or int8, which takes less than half the time [default: the index's, else f32]
    #[arg(long, value_name = "PRECISION")]
    pub(crate) precision: Option<EncoderPrecision>,
    /// Put the model's own prompt of this name, such as query, before every query
    #[arg(long, value_name = "NAME", conflicts_with = "query_prefix")]
    pub(crate) prompt: Option<String>,
    /// Put the model's own prompt of this name, such as document or passage, before every document
    #[arg(long, value_name = "NAME", conflicts_with = "document_prefix")]
    pub(crate) document_prompt: Option<String>,
    /// Keep the first N components of every vector, for models trained so [default: the index's, else all]
    #[arg(long, value_name = "N", value_parser = dimension)]
    pub(crate) dimensions: Option<Dimension>,
    /// Run the model on this device; cuda and metal are for builds with the feature of that name
    #[arg(long, value_name = "DEVICE", default_value = "cpu")]
    pub(crate) device: DeviceArgument,
}

impl ModelArguments {
    /// As these, where all texts are of one kind: the prompt is theirs.
    pub(crate) fn for_texts(&self) -> Self {
        let document_prompt = self.prompt.clone().or_else(|| self.document_prompt.clone());
        Self { document_prompt, prompt: None, ..self.clone() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum DeviceArgument {
    #[default]
    Cpu,
    Cuda,
    Metal,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum PoolingArgument {
    Mean,
    Cls,
    Auto,
}

/// Words the help of a flag of [`ModelArguments`] for a command that takes no model from an index.
pub(crate) fn without_index(argument: Arg) -> Arg {
    match argument.get_help().map(ToString::to_string) {
        Some(help) => argument.help(help.replace("[default: the index's, else ", "[default: ")),
        None => argument,
    }
}

/// Words the help of --prompt for a command all of whose texts are of one kind.
pub(crate) fn of_all_texts(argument: Arg) -> Arg {
    argument
        .help("Put the model's own prompt of this name, such as query, before every text")
        .conflicts_with_all(["document_prefix", "document_prompt"])
}

/// More threads than any machine has only keep it from its work.
const MOST_THREADS: usize = 1024;

fn thread_count(text: &str) -> Result<NonZeroUsize, String> {
    match at_least_one(text)? {
        count if count.get() <= MOST_THREADS => Ok(count),
        _ => Err(format!("it must be at most {MOST_THREADS}")),
    }
}

/// Parses a count that cannot be 0.
pub(crate) fn at_least_one(text: &str) -> Result<NonZeroUsize, String> {
    match text.parse::<usize>() {
        Ok(count) => NonZeroUsize::new(count).ok_or_else(|| "it must be at least 1".to_owned()),
        Err(_) => Err("it must be a whole number of at least 1".to_owned()),
    }
}

/// Parses the number of components of a vector.
pub(crate) fn dimension(text: &str) -> Result<Dimension, String> {
    let number = text.parse().ok();
    number.and_then(Dimension::new).ok_or_else(|| "it must be a whole number from 1 to 65536".to_owned())
}

/// Parses a score.
pub(crate) fn score(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(score) if score.is_finite() => Ok(score),
        _ => Err("it must be a number, such as 0.5".to_owned()),
    }
}

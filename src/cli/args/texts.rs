//! The texts that a command compares: those of the index, or those of files.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::corpus::CorpusArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::TextModelArguments;

#[derive(Debug, Args)]
pub(crate) struct TextArguments {
    /// Files and folders to read instead of the index ('-' is standard input)
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) options: TextOptions,
}

/// Which index, or how files are read and embedded instead.
#[derive(Debug, Args)]
pub(crate) struct TextOptions {
    #[command(flatten)]
    pub(crate) location: IndexLocation,
    #[command(flatten)]
    pub(crate) corpus: CorpusArguments,
    #[command(flatten)]
    pub(crate) model: TextModelArguments,
}

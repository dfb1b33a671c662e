//! The whole command line, as clap parses it, and which command runs.

use clap::{CommandFactory, Parser, Subcommand};

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands;
use crate::cli::report::ExitStatus;
use crate::cli::resolve;

/// Semantic search for the shell, with a bundled model
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Arguments {
    #[command(flatten)]
    global: GlobalArguments,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Index(commands::index::IndexArguments),
    Search(Box<commands::search::SearchArguments>),
    List(commands::list::ListArguments),
    Remove(commands::remove::RemoveArguments),
    Compact(commands::compact::CompactArguments),
    Verify(commands::verify::VerifyArguments),
    Import(commands::import::ImportArguments),
    Export(commands::export::ExportArguments),
    Encode(commands::encode::EncodeArguments),
    Similarity(commands::similarity::SimilarityArguments),
    Rerank(commands::rerank::RerankArguments),
    Duplicates(Box<commands::duplicates::DuplicatesArguments>),
    Cluster(Box<commands::cluster::ClusterArguments>),
    Analogy(Box<commands::analogy::AnalogyArguments>),
    Eval(commands::eval::EvalArguments),
    #[cfg(feature = "server")]
    Serve(Box<commands::serve::ServeArguments>),
    #[cfg(feature = "server")]
    Mcp(Box<commands::mcp::McpArguments>),
    Info(commands::info::InfoArguments),
    Models(commands::models::ModelsArguments),
    Completions(commands::completions::CompletionsArguments),
    Man(commands::man::ManArguments),
}

impl Arguments {
    /// Runs the command that the user typed.
    pub(crate) fn run(&self) -> anyhow::Result<ExitStatus> {
        resolve::choose_instructions()?;
        resolve::start_threads(&self.global)?;
        let global = &self.global;
        match &self.command {
            Command::Index(arguments) => commands::index::run(arguments, global),
            Command::Search(arguments) => commands::search::run(arguments, global),
            Command::List(arguments) => commands::list::run(arguments, global),
            Command::Remove(arguments) => commands::remove::run(arguments, global),
            Command::Compact(arguments) => commands::compact::run(arguments, global),
            Command::Verify(arguments) => commands::verify::run(arguments, global),
            Command::Import(arguments) => commands::import::run(arguments, global),
            Command::Export(arguments) => commands::export::run(arguments, global),
            Command::Encode(arguments) => commands::encode::run(arguments, global),
            Command::Similarity(arguments) => commands::similarity::run(arguments, global),
            Command::Rerank(arguments) => commands::rerank::run(arguments, global),
            #[cfg(feature = "server")]
            Command::Serve(arguments) => commands::serve::run(arguments, global),
            #[cfg(feature = "server")]
            Command::Mcp(arguments) => commands::mcp::run(arguments, global),
            Command::Info(arguments) => commands::info::run(arguments, global),
            Command::Models(arguments) => commands::models::run(arguments, global),
            Command::Completions(arguments) => commands::completions::run(arguments, Self::command()),
            Command::Man(arguments) => commands::man::run(arguments, Self::command(), global),
            Command::Duplicates(arguments) => commands::duplicates::run(arguments, global),
            Command::Cluster(arguments) => commands::cluster::run(arguments, global),
            Command::Analogy(arguments) => commands::analogy::run(arguments, global),
            Command::Eval(arguments) => commands::eval::run(arguments, global),
        }
    }
}

//! The command line: parse, resolve, run, report.

mod args;
mod commands;
mod context;
mod listing;
mod model_choice;
mod parsing;
mod progress;
mod render;
mod report;
mod resolve;
mod texts;
mod usage;

use std::process::ExitCode;

use args::{Arguments, Command};
use report::ExitStatus;

/// Runs the command that the user typed.
pub(crate) fn run() -> ExitCode {
    let status = match parsing::parse() {
        Ok(arguments) => dispatch(&arguments).unwrap_or_else(|error| report::report(&error)),
        Err(status) => status,
    };
    status.into()
}

fn dispatch(arguments: &Arguments) -> anyhow::Result<ExitStatus> {
    resolve::limit_threads(&arguments.global)?;
    match &arguments.command {
        Command::Index(command) => commands::index::run(command, &arguments.global),
        Command::Search(command) => commands::search::run(command, &arguments.global),
        Command::List(command) => commands::list::run(command),
        Command::Remove(command) => commands::remove::run(command, &arguments.global),
        Command::Compact(command) => commands::compact::run(command, &arguments.global),
        Command::Import(command) => commands::import::run(command, &arguments.global),
        Command::Export(command) => commands::export::run(command, &arguments.global),
        Command::Encode(command) => commands::encode::run(command, &arguments.global),
        Command::Similarity(command) => commands::similarity::run(command, &arguments.global),
        Command::Info(command) => commands::info::run(command),
        Command::Completions(command) => commands::completions::run(command),
        Command::Man(command) => commands::man::run(command, &arguments.global),
        Command::Duplicates(command) => commands::duplicates::run(command, &arguments.global),
        Command::Cluster(command) => commands::cluster::run(command, &arguments.global),
        Command::Eval(command) => commands::eval::run(command, &arguments.global),
    }
}

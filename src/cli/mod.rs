//! The command line: parse, resolve, run, report.

mod args;
mod commands;
mod context;
mod excerpt;
mod hints;
mod host;
mod interrupts;
mod json;
mod listing;
mod opening;
mod parsing;
mod places;
mod program;
mod progress;
mod query_words;
mod render;
mod report;
mod resolve;
mod sentences;
#[cfg(feature = "providers")]
mod services;
#[cfg(not(feature = "providers"))]
#[path = "no_services.rs"]
mod services;
mod terminal;
mod threads;
mod unknown;
mod usage;

use std::process::ExitCode;

/// Runs the command that the user typed.
pub(crate) fn run() -> ExitCode {
    embed::engine::tolerate_truncation();
    let outcome =
        parsing::parse().and_then(|arguments| arguments.run().map_err(|error| report::report(&error)));
    outcome.unwrap_or_else(|status| status).into()
}

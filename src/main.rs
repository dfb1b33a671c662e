//! `embed`: semantic search for the shell.
#![expect(clippy::print_stderr, reason = "a command-line program talks to its user")]

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

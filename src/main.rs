//! `embed`: semantic search for the shell.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}

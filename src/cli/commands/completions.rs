//! `embed completions`: scripts for the completion of shells.

use std::io::{self, Write};

use clap::{Args, Command};
use clap_complete::Shell;

use crate::cli::report::ExitStatus;

/// Write a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  embed completions bash > ~/.local/share/bash-completion/completions/embed
  embed completions fish > ~/.config/fish/completions/embed.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

/// `program` is the whole command line.
pub(crate) fn run(arguments: &CompletionsArguments, mut program: Command) -> anyhow::Result<ExitStatus> {
    // The generator panics if its output cannot be written, so it writes to memory.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut program, "embed", &mut script);
    let mut output = io::stdout().lock();
    output.write_all(&script)?;
    output.flush()?;
    Ok(ExitStatus::Success)
}

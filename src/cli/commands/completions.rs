//! `embed completions`: what a shell needs to complete command lines.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::super::args::Arguments;
use super::super::report::ExitStatus;

/// Write a script that makes a shell complete the command line
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  embed completions bash > ~/.local/share/bash-completion/completions/embed
  embed completions fish > ~/.config/fish/completions/embed.fish")]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(arguments: &CompletionsArguments) -> anyhow::Result<ExitStatus> {
    // The generator panics where its output takes no more, so it gets one that does.
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), "embed", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitStatus::Success)
}

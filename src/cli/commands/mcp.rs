//! `embed mcp`: the tools for agents, on standard input and output.

use std::io::{self, IsTerminal};

use clap::Args;
use embed::server::serve_agent;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::ModelArguments;
use crate::cli::commands::serve::{ServedIndexes, site};
use crate::cli::host::ProgramHost;
use crate::cli::report::{ExitStatus, note};

/// Serve an agent by the Model Context Protocol on standard input and output
#[derive(Debug, Args)]
#[command(after_help = "\
Tools: search, get and status; they read the indexes named here and nothing else.
An agent's configuration names the command:
  {\"mcpServers\": {\"notes\": {\"command\": \"embed\", \"args\": [\"mcp\", \"--index\", \"/home/ann/notes/.embed\"]}}}")]
pub(crate) struct McpArguments {
    #[command(flatten)]
    indexes: ServedIndexes,
    #[command(flatten)]
    model: ModelArguments,
}

pub(crate) fn run(arguments: &McpArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::with_services(global, &arguments.model.service)?;
    if io::stdin().is_terminal() {
        note(global, "waiting for an agent, which starts this command itself and writes JSON to it");
    }
    serve_agent(site(&arguments.indexes, &arguments.model, None, &host)?)?;
    Ok(ExitStatus::Success)
}

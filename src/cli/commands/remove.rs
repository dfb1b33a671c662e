//! `embed remove`: removes sources and documents from the index.

use clap::Args;
use embed::engine::{EngineError, Extent, IndexEditor, Removal};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::{IndexLocation, WriterArguments};
use crate::cli::host::ProgramHost;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};
use crate::cli::terminal::confirm;
use crate::cli::usage::UsageError;

/// Remove sources or documents from the index
#[derive(Debug, Args)]
#[command(after_help = "\
The files themselves stay. A document comes back when its source changes and is indexed again.")]
pub(crate) struct RemoveArguments {
    /// A source, a folder of sources, or the id of a document (source:line, or source:id)
    #[arg(value_name = "SOURCE|ID", required = true)]
    names: Vec<String>,
    /// Do not ask before removing every source in the index
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    writer: WriterArguments,
}

pub(crate) fn run(arguments: &RemoveArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::new(global)?;
    let folder = host.environment.index_to_search(&arguments.location)?;
    let editor = IndexEditor::new(&folder, host).with_patience(arguments.writer.patience());
    let extent = if arguments.yes { Extent::Whole } else { Extent::Part };
    let Removal { sources, documents } = match editor.remove(&arguments.names, extent) {
        Err(error @ EngineError::RemovesEverything { .. }) => {
            confirm_everything(error)?;
            editor.remove(&arguments.names, Extent::Whole)?
        }
        outcome => outcome?,
    };
    let removed: Vec<String> = [(sources, "source"), (documents, "document")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, thing)| counted(count, thing))
        .collect();
    note(global, &format!("removed {} from {}", removed.join(" and "), editor.folder().display()));
    Ok(ExitStatus::Success)
}

/// Asks on a terminal; elsewhere it returns the refusal.
fn confirm_everything(refusal: EngineError) -> anyhow::Result<()> {
    match confirm(&format!("{refusal}; remove them?")) {
        Some(true) => Ok(()),
        Some(false) => Err(UsageError::NotConfirmed.into()),
        None => Err(refusal.into()),
    }
}

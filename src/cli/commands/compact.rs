//! `embed compact`: drops rows that are no longer in use.

use clap::Args;
use embed::engine::{Compaction, IndexEditor};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::{IndexLocation, WriterArguments};
use crate::cli::host::ProgramHost;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};

/// Free the space of vectors that were replaced, removed or never finished
#[derive(Debug, Args)]
pub(crate) struct CompactArguments {
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    writer: WriterArguments,
}

pub(crate) fn run(arguments: &CompactArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::new(global)?;
    let folder = host.environment.index_to_search(&arguments.location)?;
    let editor = IndexEditor::new(&folder, host).with_patience(arguments.writer.patience());
    let Compaction { rows, dropped } = editor.compact()?;
    let dropped = counted(dropped, "vector");
    note(global, &format!("dropped {dropped} of {rows} in {}", editor.folder().display()));
    Ok(ExitStatus::Success)
}

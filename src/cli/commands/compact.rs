//! `embed compact`: an index without the rows that no search needs.

use clap::Args;
use embed::index::Writer;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve::Environment;

/// Free the space of what was replaced, removed or never finished
#[derive(Debug, Args)]
pub(crate) struct CompactArguments {
    #[command(flatten)]
    location: IndexLocation,
}

pub(crate) fn run(arguments: &CompactArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let folder = Environment::read()?.index_to_search(&arguments.location)?;
    let mut writer = Writer::open(&folder)?;
    let before = writer.rows();
    writer.discard_abandoned()?;
    writer.compact()?;
    let after = writer.rows();
    writer.close()?;
    let dropped = counted((before - after).into(), "vector");
    note(global, &format!("dropped {dropped} of {before} in {}", folder.display()));
    Ok(ExitStatus::Success)
}

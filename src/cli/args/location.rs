//! Where the index is, and what happens while another run writes to it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::cli::args::values::{Seconds, seconds};

#[derive(Debug, Args)]
pub(crate) struct IndexLocation {
    #[arg(
        long = "index",
        value_name = "DIR",
        help = "The index folder, or postgres://USER@HOST/DATABASE?schema=NAME [default: EMBED_INDEX, else the nearest .embed here or above]"
    )]
    pub(crate) folder: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct WriterArguments {
    /// Wait up to SECONDS for another run that is writing to the index
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    wait: Option<Seconds>,
}

impl WriterArguments {
    /// How long another writer is waited for.
    pub(crate) fn patience(&self) -> Duration {
        self.wait.map_or(Duration::ZERO, |wait| wait.0)
    }
}

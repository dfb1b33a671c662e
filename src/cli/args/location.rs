//! The flag for the index folder.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct IndexLocation {
    /// The index folder [default: EMBED_INDEX, else the nearest .embed here or above]
    #[arg(long = "index", value_name = "DIR")]
    pub(crate) folder: Option<PathBuf>,
}

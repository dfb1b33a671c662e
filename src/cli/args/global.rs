//! Flags of every command.

use std::num::NonZeroUsize;

use clap::{Args, ValueEnum};

use crate::cli::args::values::thread_count;

/// The heading of these flags in the help.
const HEADING: &str = "Options of every command";

#[derive(Debug, Args)]
pub(crate) struct GlobalArguments {
    /// When to color the output; auto colors a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto", help_heading = HEADING)]
    pub(crate) color: ColorChoice,
    /// Print only results and errors
    #[arg(short, long, global = true, help_heading = HEADING)]
    pub(crate) quiet: bool,
    /// Compute on N threads [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = thread_count, help_heading = HEADING)]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

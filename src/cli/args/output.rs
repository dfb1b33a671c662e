//! The flags for the output format.

use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// Write one JSON document
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// Write one JSON object per line
    #[arg(long)]
    jsonl: bool,
}

/// The output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OutputFormat {
    /// Lines for people.
    Plain,
    /// One JSON document.
    Json,
    /// One JSON object per line.
    Jsonl,
}

impl OutputArguments {
    pub(crate) const fn format(&self) -> OutputFormat {
        match (self.json, self.jsonl) {
            (true, _) => OutputFormat::Json,
            (_, true) => OutputFormat::Jsonl,
            (false, false) => OutputFormat::Plain,
        }
    }
}

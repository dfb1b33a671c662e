//! `embed list`: the sources in the index.

use std::io::{self, Write};

use clap::Args;
use embed::engine::{ModelRequest, SourceStatus};
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::host::ProgramHost;
use crate::cli::json;
use crate::cli::opening::open_index;
use crate::cli::render::{counted, printable};
use crate::cli::report::ExitStatus;

/// List the sources in the index
#[derive(Debug, Args)]
pub(crate) struct ListArguments {
    /// Write one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    location: IndexLocation,
}

#[derive(Serialize)]
struct SourceList<'a> {
    model: &'a str,
    sources: Vec<SourceRecord<'a>>,
}

/// A source, with its documented fields; fields are only ever added.
#[derive(Serialize)]
struct SourceRecord<'a> {
    source: &'a str,
    documents: u64,
    passages: u64,
    /// In bytes; null for a stream.
    size: Option<u64>,
    /// How it was read.
    rule: &'a serde_json::Value,
}

pub(crate) fn run(arguments: &ListArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let engine = open_index(&arguments.location, ModelRequest::default(), ProgramHost::new(global)?)?;
    let (model, sources) = engine.sources()?;
    let mut output = io::stdout().lock();
    if arguments.json {
        let records = sources.iter().map(record).collect();
        json::write_line(&mut output, &SourceList { model: &model, sources: records })?;
    } else {
        for source in &sources {
            writeln!(output, "{}", plain_line(source))?;
        }
    }
    output.flush()?;
    Ok(if sources.is_empty() { ExitStatus::NothingFound } else { ExitStatus::Success })
}

fn record(source: &SourceStatus) -> SourceRecord<'_> {
    let SourceStatus { name, documents, passages, size, rule, .. } = source;
    SourceRecord { source: name, documents: *documents, passages: *passages, size: *size, rule }
}

fn plain_line(source: &SourceStatus) -> String {
    let size = match source.size {
        _ if source.is_imported => "imported".to_owned(),
        Some(bytes) => counted(bytes, "byte"),
        None => "a stream".to_owned(),
    };
    let (documents, passages) = (counted(source.documents, "document"), counted(source.passages, "passage"));
    format!("{} | {documents} | {passages} | {size}", printable(&source.name))
}

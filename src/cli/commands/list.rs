//! `embed list`: what is in the index.

use std::io::{self, Write};

use clap::Args;
use embed::index::{self, Reader};
use embed::indexing::was_imported;
use serde::Serialize;

use crate::cli::args::location::IndexLocation;
use crate::cli::json;
use crate::cli::render::{counted, printable};
use crate::cli::report::ExitStatus;
use crate::cli::resolve::Environment;

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
    sources: Vec<SourceRecord>,
}

/// A source, with the fields that the README documents; fields are only ever added.
#[derive(Serialize)]
struct SourceRecord {
    source: String,
    documents: u64,
    passages: u64,
    /// Bytes; null for a stream.
    size: Option<u64>,
    /// How it was read.
    rule: serde_json::Value,
}

pub(crate) fn run(arguments: &ListArguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::read()?;
    let folder = environment.index_to_search(&arguments.location)?;
    let reader = Reader::open(&folder)?;
    let source = |record: index::SourceRecord| SourceRecord {
        source: environment.shown_source(&record.path, &folder),
        documents: record.documents,
        passages: record.passages,
        size: record.version.size,
        rule: record.rule,
    };
    let sources: Vec<SourceRecord> = reader.sources()?.into_iter().map(source).collect();
    let is_empty = sources.is_empty();
    let mut output = io::stdout().lock();
    if arguments.json {
        let model = &reader.settings().model;
        json::write_line(&mut output, &SourceList { model, sources })?;
    } else {
        for source in &sources {
            writeln!(output, "{}", plain_line(source))?;
        }
    }
    output.flush()?;
    Ok(if is_empty { ExitStatus::NothingFound } else { ExitStatus::Success })
}

fn plain_line(source: &SourceRecord) -> String {
    let SourceRecord { source, documents, passages, size, rule, .. } = source;
    let size = match size {
        _ if was_imported(rule) => "imported".to_owned(),
        Some(bytes) => counted(*bytes, "byte"),
        None => "a stream".to_owned(),
    };
    let (documents, passages) = (counted(*documents, "document"), counted(*passages, "passage"));
    let source = printable(source);
    format!("{source} | {documents} | {passages} | {size}")
}

//! `embed info`: the model, its kernels, and the index.

use std::io::{self, Write};
use std::sync::Arc;

use clap::Args;
use embed::engine::{
    Engine, EngineError, Identity, IndexStatus, ModelDescription, ModelFiles, ModelRequest, Models, Runtime,
};
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::{ModelArguments, without_index};
use crate::cli::host::ProgramHost;
use crate::cli::json;
use crate::cli::opening::{index_folder, open_index};
use crate::cli::render::{counted, printable};
use crate::cli::report::ExitStatus;
use crate::cli::usage::UsageError;

/// Show the model, the hardware support in use, and the index
#[derive(Debug, Args)]
#[command(mut_args = without_index)]
pub(crate) struct InfoArguments {
    /// Write one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    model: ModelArguments,
}

/// Everything that is shown; fields are only ever added.
#[derive(Serialize)]
struct Info {
    version: &'static str,
    model: ModelInfo,
    /// The instruction set of the encoder, or candle.
    encoder: &'static str,
    /// The instruction set of the search.
    scan: &'static str,
    threads: usize,
    /// Null if there is none.
    index: Option<IndexInfo>,
}

#[derive(Serialize)]
struct ModelInfo {
    name: String,
    architecture: &'static str,
    fingerprint: String,
    pooling: String,
    /// The pooling that the model's files declare; null if they declare none.
    declared_pooling: Option<String>,
    query_prefix: String,
    document_prefix: String,
    precision: String,
    dimension: usize,
    /// The longest text in tokens, special tokens included.
    max_tokens: usize,
    /// The names that --prompt and --document-prompt accept.
    prompts: Vec<String>,
}

#[derive(Serialize)]
struct IndexInfo {
    path: String,
    id: String,
    model: String,
    /// The model for people.
    #[serde(skip)]
    model_line: String,
    fingerprint: String,
    pooling: String,
    precision: String,
    dimension: usize,
    sources: u64,
    documents: u64,
    passages: u64,
    /// Vectors that were replaced or removed, which 'embed compact' frees.
    unused: u64,
    /// The size of all files in the folder.
    bytes: u64,
    generation: u64,
}

pub(crate) fn run(arguments: &InfoArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::new(global)?;
    let request = arguments.model.request();
    let (files, settings) = Models::new(Arc::clone(&host) as _).files(&request)?;
    let description = files.describe(&settings).map_err(EngineError::from)?;
    let Runtime { encoder, scan, threads } = Runtime::of(&files, request.device);
    let info = Info {
        version: env!("CARGO_PKG_VERSION"),
        model: model_info(files, description),
        encoder,
        scan,
        threads,
        index: match open_index(&arguments.location, ModelRequest::default(), host) {
            Err(UsageError::NoIndex { .. }) => None,
            engine => Some(index_info(&engine?)?),
        },
    };
    let mut output = io::stdout().lock();
    if arguments.json {
        json::write_line(&mut output, &info)?;
    } else {
        for (name, value) in lines(&info) {
            writeln!(output, "{name:<18}{}", printable(&value))?;
        }
    }
    output.flush()?;
    Ok(ExitStatus::Success)
}

fn model_info(files: ModelFiles, description: ModelDescription) -> ModelInfo {
    ModelInfo {
        name: description.name,
        architecture: files.architecture.name(),
        fingerprint: description.identity.to_string(),
        pooling: description.pooling,
        declared_pooling: files.declared_pooling.map(|declared| declared.name().to_owned()),
        query_prefix: description.query_prefix,
        document_prefix: description.document_prefix,
        precision: description.encoder_precision,
        dimension: description.dimension.get(),
        max_tokens: files.max_tokens,
        prompts: files.prompts.names().map(str::to_owned).collect(),
    }
}

fn index_info(engine: &Engine) -> Result<IndexInfo, EngineError> {
    let IndexStatus { id, model, sources, documents, passages, unused_vectors, bytes, generation } =
        engine.status()?;
    Ok(IndexInfo {
        path: index_folder(engine).display().to_string(),
        id,
        model_line: match &model.identity {
            Identity::Served(served) => format!("{} ({served})", model.name),
            _ => format!("{} ({} pooling, {})", model.name, model.pooling, model.encoder_precision),
        },
        model: model.name,
        fingerprint: model.identity.to_string(),
        pooling: model.pooling,
        precision: model.encoder_precision,
        dimension: model.dimension.get(),
        sources,
        documents,
        passages,
        unused: unused_vectors,
        bytes,
        generation,
    })
}

/// The plain lines: names and values.
fn lines(info: &Info) -> Vec<(&'static str, String)> {
    let Info { version, model, encoder, scan, threads, index } = info;
    let mut lines = vec![
        ("version", (*version).to_owned()),
        ("model", model.name.clone()),
        ("architecture", model.architecture.to_owned()),
        ("fingerprint", model.fingerprint.clone()),
        ("pooling", model.pooling.clone()),
        ("declared pooling", model.declared_pooling.clone().unwrap_or_else(|| "none".to_owned())),
        ("precision", model.precision.clone()),
        ("dimension", model.dimension.to_string()),
        ("longest text", counted(model.max_tokens as u64, "token")),
        ("prompts", if model.prompts.is_empty() { "none".to_owned() } else { model.prompts.join(", ") }),
        ("encoder", (*encoder).to_owned()),
        ("scan", (*scan).to_owned()),
        ("threads", threads.to_string()),
    ];
    match index {
        None => lines.push(("index", "none here".to_owned())),
        Some(index) => lines.extend(index_lines(index)),
    }
    lines
}

fn index_lines(index: &IndexInfo) -> Vec<(&'static str, String)> {
    let counts = [
        counted(index.sources, "source"),
        counted(index.documents, "document"),
        counted(index.passages, "passage"),
        format!("{} unused", counted(index.unused, "vector")),
    ];
    vec![
        ("index", index.path.clone()),
        ("index model", index.model_line.clone()),
        ("index fingerprint", index.fingerprint.clone()),
        ("index content", counts.join(", ")),
        ("index size", counted(index.bytes, "byte")),
        ("index generation", index.generation.to_string()),
    ]
}

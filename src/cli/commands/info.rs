//! `embed info`: what computes, with which model, and what is in the index.

use std::io::{self, Write};
use std::path::Path;

use clap::Args;
use embed::embedding::Fingerprint;
use embed::index::{Counts, Reader};
use embed::model::{EmbeddingSettings, ModelError, ModelFiles};
use embed::simd::InstructionSet;
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::{DeviceArgument, ModelArguments, without_index};
use crate::cli::json;
use crate::cli::models;
use crate::cli::render::{counted, printable};
use crate::cli::report::ExitStatus;
use crate::cli::resolve::{self, Environment};
use crate::cli::usage::UsageError;

/// Show the model, what it runs on, and the index
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

/// The fields that the README documents; fields are only ever added.
#[derive(Serialize)]
struct Info {
    version: &'static str,
    model: ModelInfo,
    /// The instructions that texts are encoded with, or candle.
    encoder: &'static str,
    /// The kernel that vectors are compared with.
    scan: &'static str,
    threads: usize,
    /// Null where there is none.
    index: Option<IndexInfo>,
}

#[derive(Serialize)]
struct ModelInfo {
    name: String,
    architecture: &'static str,
    fingerprint: String,
    pooling: &'static str,
    /// The pooling that the model's files declare; null where they declare none.
    declared_pooling: Option<String>,
    query_prefix: String,
    document_prefix: String,
    precision: &'static str,
    dimension: usize,
    /// The longest text in tokens, special tokens included.
    max_tokens: usize,
    /// The names that --prompt and --document-prompt take.
    prompts: Vec<String>,
}

#[derive(Serialize)]
struct IndexInfo {
    path: String,
    id: String,
    model: String,
    fingerprint: String,
    pooling: String,
    precision: String,
    dimension: usize,
    sources: u64,
    documents: u64,
    passages: u64,
    /// Vectors of what was replaced or removed, which 'embed compact' frees.
    unused: u64,
    /// Of all files in the folder.
    bytes: u64,
    generation: u64,
}

pub(crate) fn run(arguments: &InfoArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::read()?;
    let (files, settings) =
        models::chosen(&arguments.model.choice(), None, resolve::progress_visibility(global))?;
    let info = Info {
        version: env!("CARGO_PKG_VERSION"),
        encoder: if files.architecture.has_cpu_encoder() && arguments.model.device() == DeviceArgument::Cpu {
            InstructionSet::best().name()
        } else {
            "candle"
        },
        model: model_info(files, settings)?,
        scan: InstructionSet::best().name(),
        threads: rayon::current_num_threads(),
        index: match environment.index_to_search(&arguments.location) {
            Err(UsageError::NoIndex { .. }) => None,
            folder => Some(index_info(&folder?)?),
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

fn model_info(files: ModelFiles, settings: EmbeddingSettings) -> Result<ModelInfo, ModelError> {
    Ok(ModelInfo {
        architecture: files.architecture.name(),
        fingerprint: Fingerprint::of(&files, &settings).as_hex().to_owned(),
        dimension: files.dimension(&settings)?.get(),
        prompts: files.prompts.names().map(str::to_owned).collect(),
        max_tokens: files.max_tokens,
        declared_pooling: files.declared_pooling.map(|declared| declared.name().to_owned()),
        name: files.name,
        pooling: settings.pooling.name(),
        query_prefix: settings.query_prefix,
        document_prefix: settings.document_prefix,
        precision: settings.precision.name(),
    })
}

fn index_info(folder: &Path) -> anyhow::Result<IndexInfo> {
    let reader = Reader::open(folder)?;
    let counts = reader.counts()?;
    let Counts { sources, documents, passages, .. } = counts;
    let model = reader.settings().model.clone();
    Ok(IndexInfo {
        path: folder.display().to_string(),
        id: reader.id().to_string(),
        model: model.name,
        fingerprint: model.identity.to_string(),
        pooling: model.pooling,
        precision: model.encoder_precision,
        dimension: model.dimension.get(),
        sources,
        documents,
        passages,
        unused: counts.dead_rows(),
        bytes: reader.disk_bytes()?,
        generation: reader.generation(),
    })
}

/// Each thing worth knowing, and its name.
fn lines(info: &Info) -> Vec<(&'static str, String)> {
    let Info { version, model, encoder, scan, threads, index } = info;
    let mut lines = vec![
        ("version", (*version).to_owned()),
        ("model", model.name.clone()),
        ("architecture", model.architecture.to_owned()),
        ("fingerprint", model.fingerprint.clone()),
        ("pooling", model.pooling.to_owned()),
        ("declared pooling", model.declared_pooling.clone().unwrap_or_else(|| "none".to_owned())),
        ("precision", model.precision.to_owned()),
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
        ("index model", format!("{} ({} pooling, {})", index.model, index.pooling, index.precision)),
        ("index fingerprint", index.fingerprint.clone()),
        ("index content", counts.join(", ")),
        ("index size", counted(index.bytes, "byte")),
        ("index generation", index.generation.to_string()),
    ]
}

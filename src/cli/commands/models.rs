//! `embed models`: the bundled model and those in the cache of the hub.

use std::io::{self, BufWriter};
use std::path::Path;

use clap::{Args, Subcommand};
use embed::engine::{BUNDLED_NAME, ModelFiles};
use embed::hub::{CachedModel, CheckedFile, FileState, HubError, HubName};

use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::output::OutputArguments;
use crate::cli::listing::Listing;
use crate::cli::progress::DownloadProgress;
use crate::cli::render::{Column, counted};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve::{Environment, listing_form, progress_visibility};
use crate::cli::usage::UsageError;

/// List, fetch, check and remove models
#[derive(Debug, Args)]
#[command(after_help = "\
Models from the hub are kept where Python's huggingface_hub keeps them, so both share them: in HF_HUB_CACHE, else \
HF_HOME/hub, else ~/.cache/huggingface/hub. --model ORG/NAME fetches a model the first time it is used and asks the \
hub no more after that; 'embed models pull' fetches a newer revision if there is one.

Examples:
  embed models pull sentence-transformers/all-MiniLM-L6-v2
  embed models list
  embed search \"how do I return\" docs.txt --model sentence-transformers/all-MiniLM-L6-v2")]
#[command(disable_help_subcommand = true)]
pub(crate) struct ModelsArguments {
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Debug, Subcommand)]
enum ModelsCommand {
    /// List the bundled model and those in the cache, with revision and size
    List(ListArguments),
    /// Fetch the newest revision of a model from the hub
    Pull(PullArguments),
    /// Check the files of models in the cache against their digests
    Verify(VerifyArguments),
    /// Remove a model from the cache
    Remove(RemoveArguments),
}

#[derive(Debug, Args)]
struct ListArguments {
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Args)]
struct PullArguments {
    /// ORG/NAME, or ORG/NAME@REVISION for a branch, a tag or a commit
    name: String,
}

#[derive(Debug, Args)]
struct VerifyArguments {
    /// ORG/NAME or ORG/NAME@REVISION [default: all in the cache]
    name: Option<String>,
    #[command(flatten)]
    output: OutputArguments,
}

#[derive(Debug, Args)]
struct RemoveArguments {
    /// ORG/NAME for all its revisions, or ORG/NAME@REVISION
    name: String,
}

/// A model, with its documented fields; fields are only ever added.
#[derive(Serialize)]
struct ModelRecord<'a> {
    model: String,
    /// Null for the bundled model.
    revision: Option<&'a str>,
    refs: &'a [String],
    /// Bytes.
    size: u64,
    /// Whether it has all the files that a model needs.
    loadable: bool,
    /// Null for the bundled model.
    path: Option<&'a Path>,
}

/// A checked file, with its documented fields; fields are only ever added.
#[derive(Serialize)]
struct FileRecord<'a> {
    model: String,
    file: &'a str,
    state: &'static str,
}

pub(crate) fn run(arguments: &ModelsArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    match &arguments.command {
        ModelsCommand::List(arguments) => list(arguments, global),
        ModelsCommand::Pull(arguments) => pull(&arguments.name, global),
        ModelsCommand::Verify(arguments) => verify(arguments, global),
        ModelsCommand::Remove(arguments) => remove(&arguments.name, global),
    }
}

fn list(arguments: &ListArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let bundled = ModelFiles::bundled().ok();
    let hub = Environment::read()?.hub()?;
    let models = hub.models(None)?;
    let mut output = BufWriter::new(io::stdout().lock());
    let form = listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| head.field("cache", &hub.cache()).map(drop))?;
    if let Some(files) = bundled {
        let size = files.weights.file_size() + files.tokenizer_json.len() as u64;
        let record = ModelRecord {
            model: files.name.clone(),
            revision: None,
            refs: &[],
            size,
            loadable: true,
            path: None,
        };
        listing.add(&record, &columns(files.name, "bundled".to_owned(), size))?;
    }
    for model in &models {
        let CachedModel { name, refs, folder, bytes, is_loadable } = model;
        let record = ModelRecord {
            model: name.repository().to_owned(),
            revision: name.commit(),
            refs,
            size: *bytes,
            loadable: *is_loadable,
            path: Some(folder),
        };
        let state = if *is_loadable { refs.join(", ") } else { "incomplete".to_owned() };
        listing.add(&record, &columns(name.to_string(), state, *bytes))?;
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

fn columns(name: String, state: String, bytes: u64) -> [Column; 3] {
    [Column::Place(name), Column::Text(counted(bytes, "byte")), Column::Text(state)]
}

fn pull(name: &str, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    if ModelFiles::is_bundled(name) && ModelFiles::bundled().is_ok() {
        note(global, &format!("{name} is bundled with this program"));
        return Ok(ExitStatus::Success);
    }
    let name: HubName = name.parse()?;
    let hub = Environment::read()?.hub()?;
    let mut progress = DownloadProgress::new(progress_visibility(global));
    let snapshot = hub.fetch(&name, &mut progress)?;
    drop(progress);
    // A model that does not load is reported now rather than when it is used.
    ModelFiles::from_snapshot(&snapshot)?;
    note(global, &format!("{} is in {}", snapshot.name, snapshot.folder.display()));
    Ok(ExitStatus::Success)
}

fn verify(arguments: &VerifyArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let name = arguments.name.as_deref().map(cached_name).transpose()?;
    let hub = Environment::read()?.hub()?;
    let checked =
        hub.verify(name.as_ref()).map_err(|error| unless_bundled(error, arguments.name.as_deref()))?;
    let mut output = BufWriter::new(io::stdout().lock());
    let form = listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| head.field("cache", &hub.cache()).map(drop))?;
    for CheckedFile { model, file, state } in &checked {
        let record = FileRecord { model: model.to_string(), file, state: word(*state) };
        let columns = [record.model.clone(), file.clone(), record.state.to_owned()].map(Column::Text);
        listing.add(&record, &columns)?;
    }
    let is_empty = listing.end()? == 0;
    let is_wrong = |file: &&CheckedFile| matches!(file.state, FileState::Damaged | FileState::Missing);
    match checked.iter().filter(is_wrong).count() {
        0 if is_empty => Ok(ExitStatus::NothingFound),
        0 => Ok(ExitStatus::Success),
        wrong => Err(UsageError::DamagedModels { files: counted(wrong as u64, "file") }.into()),
    }
}

/// The name of a model that may be in the cache; the bundled one may be named without its organization.
fn cached_name(name: &str) -> Result<HubName, HubError> {
    if ModelFiles::is_bundled(name) { BUNDLED_NAME.parse() } else { name.parse() }
}

/// Explains the absence of the bundled model from the cache: it needs no copy there.
fn unless_bundled(error: HubError, name: Option<&str>) -> anyhow::Error {
    match (error, name) {
        (HubError::NotCached { .. }, Some(name)) if ModelFiles::is_bundled(name) => {
            UsageError::ModelBundled { name: BUNDLED_NAME.to_owned() }.into()
        }
        (error, _) => error.into(),
    }
}

const fn word(state: FileState) -> &'static str {
    match state {
        FileState::Good => "good",
        FileState::Damaged => "damaged",
        FileState::Missing => "missing",
        FileState::Unchecked => "unchecked",
    }
}

fn remove(name: &str, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let cached = cached_name(name)?;
    let hub = Environment::read()?.hub()?;
    let removed = hub.remove(&cached).map_err(|error| unless_bundled(error, Some(name)))?;
    let revisions = counted(removed.len() as u64, "revision");
    note(global, &format!("removed {revisions} of {}", cached.repository()));
    Ok(ExitStatus::Success)
}

//! `embed index`: adds the documents of files to the index.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use embed::engine::{ChangeKind, IndexEditor, IndexRequest, PlannedChange, PlannedChanges, Report, Volume};

use crate::cli::args::corpus::CorpusArguments;
use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::{IndexLocation, WriterArguments};
use crate::cli::args::model::ModelArguments;
use crate::cli::host::ProgramHost;
use crate::cli::render::{counted, printable};
use crate::cli::report::{ExitStatus, note, note_left_out, note_unread};
use crate::cli::resolve;
use crate::cli::services::Services;
use crate::cli::unknown::note_mostly_unknown;
use crate::cli::usage::{IndexUse, UsageError};

/// Embed documents and store them in the index
#[derive(Debug, Args)]
#[command(after_help = "\
A document is a line of a text file that you name, a row of a table or a JSON object. Markdown, HTML, code, and \
any text file found in a folder are one document each, split into passages. Indexing again embeds changed files, \
adds new ones, and removes those that a named folder no longer contains. The index is created as .embed in the \
working directory, unless there is one here or above.")]
pub(crate) struct IndexArguments {
    /// Files and folders; '-' is standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Embed everything in the index again, with the model and settings given here, else the index's own
    #[arg(long)]
    rebuild: bool,
    /// List what would be added, changed and removed, count the texts to embed, and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    writer: WriterArguments,
    #[command(flatten)]
    corpus: CorpusArguments,
    #[command(flatten)]
    model: ModelArguments,
}

pub(crate) fn run(arguments: &IndexArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    if arguments.paths.is_empty() && !arguments.rebuild {
        return Err(UsageError::NothingToIndex.into());
    }
    if arguments.paths.is_empty() {
        resolve::refuse_reading_flags(&arguments.corpus, IndexUse::Rebuild)?;
    }
    let host = ProgramHost::with_services(global, &arguments.model.service)?;
    let folder = host.environment.index_to_write(&arguments.location)?;
    let editor = IndexEditor::new(&folder, Arc::clone(&host) as _).with_patience(arguments.writer.patience());
    let request = arguments.request();
    if arguments.dry_run && !arguments.rebuild {
        return print_plan(&editor.plan(&request)?, &host, global);
    }
    if arguments.dry_run || host.services.has_limit() {
        let (model, volume) = if arguments.rebuild {
            editor.volume_of_rebuild(&request)?
        } else {
            let PlannedChanges { model, volume, .. } = editor.plan(&request)?;
            (model, volume)
        };
        if arguments.dry_run {
            note(global, &volume_line(&model, volume, &host));
            return Ok(ExitStatus::Success);
        }
        host.services.approve(&model, volume.tokens)?;
    }
    let mut progress = host.progress();
    let outcome = if arguments.rebuild {
        editor.rebuild(&request, &mut progress)
    } else {
        editor.update(&request, &mut progress)
    };
    drop(progress);
    let report = outcome.map_err(|error| note_unread(global, error))?;
    note_older_cuts(global, report.older_cuts);
    note_left_out(global, &report.left_out);
    note_mostly_unknown(global, &report.totals, &report.model);
    note(global, &summary(&report, editor.folder(), started.elapsed().as_secs_f64()));
    Ok(ExitStatus::Success)
}

impl IndexArguments {
    fn request(&self) -> IndexRequest {
        IndexRequest {
            paths: self.paths.clone(),
            walk: resolve::walk_options(&self.corpus),
            reading: resolve::reading_request(&self.corpus),
            model: self.model.request(),
        }
    }
}

fn summary(report: &Report, folder: &Path, seconds: f64) -> String {
    let Report { added, changed, removed, unchanged, totals, .. } = report;
    format!(
        "indexed {} in {}: {added} added, {changed} changed, {removed} removed, {unchanged} unchanged; \
         embedded {}, {}, {} truncated, {seconds:.1} s",
        counted(totals.documents, "document"),
        folder.display(),
        counted(totals.embedded, "text"),
        counted(totals.tokens, "token"),
        totals.truncated,
    )
}

fn note_older_cuts(global: &GlobalArguments, sources: u64) {
    if sources > 0 {
        let verb = if sources == 1 { "is" } else { "are" };
        let sources = counted(sources, "source");
        note(global, &format!("passages are cut by newer rules: {sources} {verb} read again"));
    }
}

/// Prints the planned changes, one line per source.
fn print_plan(
    planned: &PlannedChanges,
    host: &ProgramHost,
    global: &GlobalArguments,
) -> anyhow::Result<ExitStatus> {
    note_older_cuts(global, planned.older_cuts);
    note_left_out(global, &planned.left_out);
    let mut output = io::stdout().lock();
    for PlannedChange { kind, source } in &planned.changes {
        let verb = match kind {
            ChangeKind::Add => "add",
            ChangeKind::Change => "change",
            ChangeKind::Remove => "remove",
        };
        writeln!(output, "{verb} {}", printable(source))?;
    }
    let [added, changed, removed] =
        [ChangeKind::Add, ChangeKind::Change, ChangeKind::Remove].map(|kind| planned.count(kind));
    let unchanged = planned.unchanged;
    let counts = format!("{added} to add, {changed} to change, {removed} to remove, {unchanged} unchanged");
    note(global, &counts);
    if planned.volume.texts + planned.volume.streams > 0 {
        note(global, &volume_line(&planned.model, planned.volume, host));
    }
    Ok(ExitStatus::Success)
}

/// Texts, tokens and cost of a run.
fn volume_line(model: &str, volume: Volume, host: &ProgramHost) -> String {
    let Volume { texts, tokens, streams } = volume;
    let about = if Services::estimates(model) { "about " } else { "" };
    let uncounted = if streams > 0 { "; what is piped in is not counted" } else { "" };
    format!(
        "to embed with {model}: {}, {about}{}{}{uncounted}",
        counted(texts, "text"),
        counted(tokens, "token"),
        host.services.quote(model, tokens),
    )
}

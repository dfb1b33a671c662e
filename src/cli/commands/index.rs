//! `embed index`: documents of files into the index.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use embed::index::{Reader, SourceNames, SourceRecord, Writer};
use embed::indexing::{Change, Indexer, LeftOut, Plan, Report, Scope, Trust};
use embed::model::Model;

use crate::cli::args::corpus::CorpusArguments;
use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::ModelArguments;
use crate::cli::models::{self, Purpose};
use crate::cli::progress::TerminalProgress;
use crate::cli::render::{counted, printable};
use crate::cli::report::{ExitStatus, note, note_left_out};
use crate::cli::resolve::{self, Environment};
use crate::cli::usage::{IndexUse, UsageError};

/// Embed documents and keep them in the index
#[derive(Debug, Args)]
#[command(after_help = "\
A line of a text file, a row of a table or an object of JSON is a document; Markdown, HTML, code and \
all files of a folder that are no table are documents of several passages. Indexing again embeds what \
changed, adds what is new, and removes what a named folder no longer has. The index is made in .embed \
here, unless there is one here or above.")]
pub(crate) struct IndexArguments {
    /// Files and folders; '-' is standard input
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Embed everything in the index anew, with the model and settings given here, else the index's own
    #[arg(long)]
    rebuild: bool,
    /// Say what would be added, changed and removed, and do nothing
    #[arg(long, conflicts_with = "rebuild")]
    dry_run: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    corpus: CorpusArguments,
    #[command(flatten)]
    model: ModelArguments,
}

/// A run of the command.
struct Run<'a> {
    arguments: &'a IndexArguments,
    global: &'a GlobalArguments,
    environment: Environment,
    folder: PathBuf,
}

pub(crate) fn run(arguments: &IndexArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    if arguments.paths.is_empty() && !arguments.rebuild {
        return Err(UsageError::NothingToIndex.into());
    }
    if arguments.paths.is_empty() {
        resolve::refuse_reading_flags(&arguments.corpus, IndexUse::Rebuild)?;
    }
    let environment = Environment::read()?;
    let folder = environment.index_to_write(&arguments.location);
    let run = Run { arguments, global, environment, folder };
    if arguments.dry_run {
        return run.show_plan();
    }
    let report = if arguments.rebuild { run.rebuild()? } else { run.update()? };
    note_left_out(global, &report.left_out);
    if report.added + report.changed + report.removed + report.unchanged == 0 && !arguments.rebuild {
        return Err(UsageError::NoText { names: resolve::listed(&arguments.paths) }.into());
    }
    note(global, &summary(&report, &run.folder, started.elapsed().as_secs_f64()));
    Ok(ExitStatus::Success)
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

impl Run<'_> {
    fn update(&self) -> anyhow::Result<Report> {
        let flags = &self.arguments.model.choice();
        if !resolve::holds_index(&self.folder)? {
            let model = models::model_of_flags(flags, self.global)?;
            let plan = self.plan(&model, &[], Trust::Recorded)?;
            return self.carry_out(plan, &model, Indexer::create(&model, &self.folder));
        }
        let writer = Writer::open(&self.folder)?;
        let index = (self.folder.as_path(), writer.settings());
        let model = models::model_of_index(flags, self.global, index, Purpose::Add)?;
        let query_prefix = &model.settings().query_prefix;
        models::refuse_other_query_prefix(Some(query_prefix), &self.folder, writer.settings())?;
        let plan = self.plan(&model, &writer.sources()?, Trust::Recorded)?;
        self.carry_out(plan, &model, Indexer::new(&model, writer))
    }

    fn carry_out(&self, plan: Plan, model: &Model, mut indexer: Indexer<'_>) -> anyhow::Result<Report> {
        let mut progress = TerminalProgress::new(plan.bytes(), resolve::progress_visibility(self.global));
        let options = resolve::read_options(&self.arguments.corpus, model);
        let report = indexer.apply(plan, &options, &mut progress)?;
        indexer.close()?;
        Ok(report)
    }

    /// Reads the named sources anew and carries the texts of the others over.
    fn rebuild(&self) -> anyhow::Result<Report> {
        let older = Reader::open(&self.folder)?;
        let model = models::model_to_rebuild(&self.arguments.model.choice(), self.global, older.settings())?;
        let records = older.sources()?;
        let plan = if self.arguments.paths.is_empty() {
            Plan::default()
        } else {
            self.plan(&model, &records, Trust::Nothing)?
        };
        let settled = plan.settled();
        let mut indexer = Indexer::rebuild(&model, &self.folder)?;
        let mut progress = TerminalProgress::new(None, resolve::progress_visibility(self.global));
        let options = resolve::read_options(&self.arguments.corpus, &model);
        let mut report = indexer.apply(plan, &options, &mut progress)?;
        for record in records {
            if !settled.contains(&record.path) || report.unreadable.contains(&record.path) {
                report.totals += indexer.carry_over(&older, &record, &mut progress)?;
                report.unchanged += 1;
            }
        }
        drop(older);
        indexer.close()?;
        Ok(report)
    }

    /// Writes what would be done, a line for each source.
    fn show_plan(&self) -> anyhow::Result<ExitStatus> {
        let flags = &self.arguments.model.choice();
        let (model, records) = if resolve::holds_index(&self.folder)? {
            let reader = Reader::open(&self.folder)?;
            let index = (self.folder.as_path(), reader.settings());
            let model = models::model_of_index(flags, self.global, index, Purpose::Add)?;
            (model, reader.sources()?)
        } else {
            (models::model_of_flags(flags, self.global)?, Vec::new())
        };
        let mut plan = self.plan(&model, &records, Trust::Recorded)?;
        plan.preview(&resolve::read_options(&self.arguments.corpus, &model))?;
        let mut left_out = LeftOut::default();
        for file in std::mem::take(&mut plan.skipped) {
            left_out.add_file(file);
        }
        note_left_out(self.global, &left_out);
        self.write_plan(&plan)?;
        Ok(ExitStatus::Success)
    }

    fn write_plan(&self, plan: &Plan) -> anyhow::Result<()> {
        let mut output = io::stdout().lock();
        for planned in &plan.read {
            let verb = match planned.change {
                Change::Added => "add",
                Change::Changed => "change",
            };
            writeln!(output, "{verb} {}", printable(&planned.found.source.name()))?;
        }
        for path in &plan.removed {
            let source = self.environment.shown_source(path, &self.folder);
            writeln!(output, "remove {}", printable(&source))?;
        }
        let count = |change| plan.read.iter().filter(|planned| planned.change == change).count();
        let (added, changed) = (count(Change::Added), count(Change::Changed));
        let (removed, unchanged) = (plan.removed.len(), plan.unchanged);
        note(
            self.global,
            &format!("{added} to add, {changed} to change, {removed} to remove, {unchanged} unchanged"),
        );
        Ok(())
    }

    fn plan(&self, model: &Model, records: &[SourceRecord], trust: Trust) -> anyhow::Result<Plan> {
        let working_directory = &self.environment.working_directory;
        let scope = Scope {
            arguments: &self.arguments.paths,
            walk: &resolve::walk_options(&self.arguments.corpus),
            read: &resolve::read_options(&self.arguments.corpus, model),
            names: &SourceNames::new(&self.folder, working_directory),
            trust,
        };
        let plan = Plan::new(&scope, records)?;
        if plan.is_empty() {
            return Err(UsageError::NoFiles { names: resolve::listed(&self.arguments.paths) }.into());
        }
        Ok(plan)
    }
}

//! `embed index`: documents of files into the index.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use embed::corpus::Source;
use embed::index::{Reader, StoredPath, Writer};
use embed::indexing::{Indexer, Totals};

use super::super::args::{GlobalArguments, IndexLocation, ModelArguments};
use super::super::progress::TerminalProgress;
use super::super::report::{ExitStatus, counted, note, note_replacements};
use super::super::resolve::{self, Environment};
use super::super::usage::UsageError;

/// Embed documents and keep them in the index
#[derive(Debug, Args)]
#[command(after_help = "\
Every line of a text file that is not blank is a document. Indexing a file again replaces what \
the index has of it; another file is added. The index is made in .embed here, unless there is one \
here or above.")]
pub(crate) struct IndexArguments {
    /// Text files; '-' is standard input
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Embed everything in the index anew, with the model and settings given here, else the index's own
    #[arg(long)]
    rebuild: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    model: ModelArguments,
}

/// A source as typed and as stored.
struct NamedSource {
    source: Source,
    path: StoredPath,
}

pub(crate) fn run(arguments: &IndexArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let environment = Environment::read()?;
    if arguments.files.is_empty() && !arguments.rebuild {
        return Err(UsageError::NothingToIndex.into());
    }
    let folder = environment.index_to_write(&arguments.location);
    let sources = sources(&arguments.files, &environment, &folder)?;
    let totals = if arguments.rebuild {
        rebuild(arguments, global, &folder, &sources)?
    } else {
        add(arguments, global, &folder, &sources)?
    };
    note_replacements(global, totals.replaced_lines);
    let Totals { documents, tokens, truncated, .. } = totals;
    let seconds = started.elapsed().as_secs_f64();
    note(
        global,
        &format!(
            "indexed {} in {}: {}, {truncated} truncated, {seconds:.1} s",
            counted(documents, "document"),
            folder.display(),
            counted(tokens, "token"),
        ),
    );
    Ok(ExitStatus::Success)
}

fn sources(files: &[PathBuf], environment: &Environment, folder: &Path) -> anyhow::Result<Vec<NamedSource>> {
    let mut sources: Vec<NamedSource> = Vec::new();
    for file in files {
        let source = Source::from_argument(file);
        source.facts()?;
        let path = environment.stored(&source, folder)?;
        if sources.iter().all(|other| other.path != path) {
            sources.push(NamedSource { source, path });
        }
    }
    Ok(sources)
}

fn add(
    arguments: &IndexArguments,
    global: &GlobalArguments,
    folder: &Path,
    sources: &[NamedSource],
) -> anyhow::Result<Totals> {
    if !resolve::holds_index(folder)? {
        let model = resolve::model_of_flags(&arguments.model)?;
        return add_sources(Indexer::create(&model, folder), global, sources);
    }
    let writer = Writer::open(folder)?;
    resolve::refuse_other_query_prefix(&arguments.model, folder, writer.settings())?;
    let model = resolve::model_of_index(&arguments.model, folder, writer.settings())?;
    add_sources(Indexer::new(&model, writer), global, sources)
}

fn add_sources(
    mut indexer: Indexer<'_>,
    global: &GlobalArguments,
    sources: &[NamedSource],
) -> anyhow::Result<Totals> {
    let bytes = resolve::total_bytes(sources.iter().map(|named| &named.source))?;
    let mut progress = TerminalProgress::new(bytes, resolve::progress_visibility(global));
    let mut totals = Totals::default();
    for NamedSource { source, path } in sources {
        totals += indexer.add(source, path, &mut progress)?;
    }
    indexer.close()?;
    Ok(totals)
}

/// Reads the named sources anew and carries the texts of the others over.
fn rebuild(
    arguments: &IndexArguments,
    global: &GlobalArguments,
    folder: &Path,
    sources: &[NamedSource],
) -> anyhow::Result<Totals> {
    let older = Reader::open(folder)?;
    let model = resolve::model_to_rebuild(&arguments.model, older.settings())?;
    let mut indexer = Indexer::rebuild(&model, folder)?;
    let mut progress = TerminalProgress::new(None, resolve::progress_visibility(global));
    let mut totals = Totals::default();
    for record in older.sources()? {
        if sources.iter().all(|named| named.path != record.path) {
            totals += indexer.carry_over(&older, &record, &mut progress)?;
        }
    }
    for NamedSource { source, path } in sources {
        totals += indexer.add(source, path, &mut progress)?;
    }
    drop(older);
    indexer.close()?;
    Ok(totals)
}

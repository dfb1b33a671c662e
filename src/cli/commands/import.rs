//! `embed import`: adds vectors of another program to the index.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use embed::engine::{EngineError, ImportRequest, Imported, IndexEditor};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::{IndexLocation, WriterArguments};
use crate::cli::args::model::GivenVectorsArguments;
use crate::cli::host::ProgramHost;
use crate::cli::progress::RowProgress;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::usage::UsageError;

/// Add vectors from a NumPy file to the index
#[derive(Debug, Args)]
#[command(after_help = "\
Rows are float32 or float16 and are scaled to length 1; a row of that length keeps every bit. \
Importing a file again replaces what the index holds from it. Documents written by \
'embed export --documents' return to the sources that they came from.")]
pub(crate) struct ImportArguments {
    /// The vectors: an .npy file of rows x dimension
    #[arg(value_name = "VECTORS.npy")]
    vectors: PathBuf,
    /// The texts of the rows: the lines of a .txt file, or of a .jsonl file with text, id and metadata
    #[arg(long, value_name = "FILE")]
    documents: Option<PathBuf>,
    #[command(flatten)]
    model: GivenVectorsArguments,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    writer: WriterArguments,
}

pub(crate) fn run(arguments: &ImportArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let host = ProgramHost::new(global)?;
    let folder = host.environment.index_to_write(&arguments.location)?;
    let request = ImportRequest {
        vectors: arguments.vectors.clone(),
        documents: arguments.documents.clone(),
        model: arguments.model.request(),
    };
    let mut progress = None;
    let mut advance = |done, rows| {
        let begin = || RowProgress::new(rows, "vectors", resolve::progress_visibility(global));
        progress.get_or_insert_with(begin).set(done);
    };
    let editor = IndexEditor::new(&folder, host).with_patience(arguments.writer.patience());
    let outcome = editor.import(&request, &mut advance);
    drop(progress);
    let (Imported { vectors, documents, sources }, dimension) =
        outcome.map_err(|error| name_file(error, &arguments.vectors))?;
    note(
        global,
        &format!(
            "imported {} of dimension {dimension} into {}: {}, {}, {:.1} s",
            counted(vectors, "vector"),
            editor.folder().display(),
            counted(documents, "document"),
            counted(sources, "source"),
            started.elapsed().as_secs_f64(),
        ),
    );
    Ok(ExitStatus::Success)
}

/// Names the file whose vectors have another dimension.
fn name_file(error: EngineError, vectors: &Path) -> anyhow::Error {
    match error {
        EngineError::OtherDimension { found, owner, expected } => {
            UsageError::OtherDimension { path: vectors.to_owned(), found, owner, expected }.into()
        }
        error => error.into(),
    }
}

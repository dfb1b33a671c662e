//! `embed import`: vectors that something else computed into the index.

use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::Args;
use embed::exchange::{Import, Imported};
use embed::index::Writer;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::model::GivenVectorsArguments;
use crate::cli::models;
use crate::cli::progress::RowProgress;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve::{self, Environment};

/// Put vectors from a NumPy file into the index
#[derive(Debug, Args)]
#[command(after_help = "\
Rows are float32 or float16 and are scaled to length 1; a row that has that length keeps every bit. \
Importing a file again replaces what the index has of it. Documents that 'embed export --documents' \
wrote go back to the sources that they came from.")]
pub(crate) struct ImportArguments {
    /// The vectors: an .npy file of rows x dimension
    #[arg(value_name = "VECTORS.npy")]
    vectors: PathBuf,
    /// The texts, row by row: lines of a .txt file, or of a .jsonl file with text, id and metadata
    #[arg(long, value_name = "FILE")]
    documents: Option<PathBuf>,
    #[command(flatten)]
    model: GivenVectorsArguments,
    #[command(flatten)]
    location: IndexLocation,
}

pub(crate) fn run(arguments: &ImportArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let started = Instant::now();
    let environment = Environment::read()?;
    let folder = environment.index_to_write(&arguments.location);
    let store = |path: &Path| environment.stored_source(path, &folder);
    let import = Import::check(&arguments.vectors, arguments.documents.as_deref(), &store)?;
    let mut writer = open_index(arguments, &import, &folder)?;
    let progress = RowProgress::new(import.rows(), resolve::progress_visibility(global));
    let imported = import.write(&mut writer, &mut |rows| progress.advance(rows))?;
    writer.close()?;
    drop(progress);
    let Imported { vectors, documents, sources } = imported;
    note(
        global,
        &format!(
            "imported {} of dimension {} into {}: {}, {}, {:.1} s",
            counted(vectors, "vector"),
            import.dimension(),
            folder.display(),
            counted(documents, "document"),
            counted(sources, "source"),
            started.elapsed().as_secs_f64(),
        ),
    );
    Ok(ExitStatus::Success)
}

/// The index to write to, which holds vectors of the same model and dimension or is new.
fn open_index(arguments: &ImportArguments, import: &Import<'_>, folder: &Path) -> anyhow::Result<Writer> {
    let model = arguments.model.choice();
    if !resolve::holds_index(folder)? {
        let settings = models::settings_to_import(&model, &arguments.vectors, import.dimension())?;
        return Ok(Writer::create(folder, &settings)?);
    }
    let writer = Writer::open(folder)?;
    models::refuse_other_query_prefix(model.query_prefix.as_deref(), folder, writer.settings())?;
    models::refuse_other_model(&model, folder, writer.settings())?;
    Ok(writer)
}

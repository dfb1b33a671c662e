//! `embed export`: writes vectors, ids, texts and metadata for other programs.

use std::fs::File;
use std::io::{self, BufWriter, Seek, Write};
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use embed::engine::{EngineError, Export, ExportFormat, ModelRequest, OutputFile};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::host::ProgramHost;
use crate::cli::interrupts::create_output;
use crate::cli::opening::open_index;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};
use crate::cli::usage::UsageError;

/// Write the vectors of the index to a file for other programs
#[derive(Debug, Args)]
#[command(after_help = "\
An .npy file holds the vectors alone; 'embed import' reads it back with the file of --documents. .jsonl and \
.parquet files hold one record per passage: id, source, document, line, end_line, text, metadata, embedding. \
An existing file is replaced only once the new one is complete.")]
pub(crate) struct ExportArguments {
    /// The file, in the format of its extension: .npy, .jsonl or .parquet; '-' writes JSON lines to standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Also write the texts of the rows to FILE.jsonl, for 'embed import --documents'
    #[arg(long, value_name = "FILE.jsonl")]
    documents: Option<PathBuf>,
    #[command(flatten)]
    location: IndexLocation,
}

pub(crate) fn run(arguments: &ExportArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let engine = open_index(&arguments.location, ModelRequest::default(), ProgramHost::new(global)?)?;
    let mut output = Output::create(&arguments.output)?;
    let mut documents = arguments.documents.as_deref().map(documents_file).transpose()?;
    if let (Output::File(_, output), Some(documents)) = (&output, &documents)
        && output.is_same(documents)
    {
        return Err(UsageError::OutputTwice { path: arguments.output.clone() }.into());
    }
    // Standard output may wait for its reader, so it is written after the snapshot of the index is closed.
    let (passages, dimension) = engine.export(|export, model| {
        let passages = output.write(export, &arguments.output)?;
        if let Some(documents) = &mut documents {
            let name = documents.path().to_owned();
            export.write_documents(documents, &name).map_err(EngineError::from)?;
        }
        Ok::<_, anyhow::Error>((passages, model.dimension))
    })?;
    documents.map_or(Ok(()), OutputFile::publish)?;
    output.publish()?;
    let (vectors, name) = (counted(passages, "vector"), arguments.output.display());
    note(global, &format!("exported {vectors} of dimension {dimension} to {name}"));
    Ok(ExitStatus::Success)
}

fn documents_file(path: &Path) -> anyhow::Result<OutputFile> {
    if ExportFormat::of(path).ok() != Some(ExportFormat::Jsonl) {
        return Err(UsageError::DocumentsFormat { path: path.to_owned() }.into());
    }
    Ok(create_output(path)?)
}

/// The output of the vectors.
enum Output {
    File(ExportFormat, OutputFile),
    /// Standard output, once everything is read: an unnamed file holds it until then.
    Stdout(BufWriter<File>),
}

impl Output {
    fn create(path: &Path) -> anyhow::Result<Self> {
        if path.as_os_str() == "-" {
            let spool = tempfile::tempfile().context("cannot make a temporary file")?;
            return Ok(Self::Stdout(BufWriter::new(spool)));
        }
        let format = ExportFormat::of(path).map_err(EngineError::from)?;
        Ok(Self::File(format, create_output(path)?))
    }

    fn write(&mut self, export: &Export<'_>, name: &Path) -> anyhow::Result<u64> {
        let (format, output): (_, &mut (dyn Write + Send)) = match self {
            Self::File(format, file) => (*format, file),
            Self::Stdout(spool) => (ExportFormat::Jsonl, spool),
        };
        Ok(export.write(format, output, name).map_err(EngineError::from)?)
    }

    fn publish(self) -> anyhow::Result<()> {
        match self {
            Self::File(_, file) => Ok(file.publish()?),
            Self::Stdout(spool) => {
                let mut spool = spool.into_inner().map_err(io::IntoInnerError::into_error)?;
                spool.rewind()?;
                let mut stdout = io::stdout().lock();
                io::copy(&mut spool, &mut stdout)?;
                Ok(stdout.flush()?)
            }
        }
    }
}

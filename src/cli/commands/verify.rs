//! `embed verify`: what is damaged in the index, and its repair.

use std::io::{self, Write};

use clap::Args;
use embed::engine::{Fault, IndexEditor, Repair};
use serde::Serialize;

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::{IndexLocation, WriterArguments};
use crate::cli::args::model::ModelArguments;
use crate::cli::host::ProgramHost;
use crate::cli::json;
use crate::cli::render::{counted, printable};
use crate::cli::report::{ExitStatus, note};

/// Check the index for damage
#[derive(Debug, Args)]
#[command(after_help = "\
Reads every vector, text, word and page of the index and compares them with their checksums and with each other. \
Prints one line per fault. The exit code is 0 if there is none, or if all were repaired, and 2 otherwise.")]
pub(crate) struct VerifyArguments {
    /// Repair the index: damaged vectors are embedded again from the stored texts, the rest is kept
    #[arg(long)]
    repair: bool,
    /// Write one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    writer: WriterArguments,
    #[command(flatten)]
    model: ModelArguments,
}

/// The findings; fields are only ever added.
#[derive(Serialize)]
struct Findings {
    faults: Vec<FaultRecord>,
    /// Null without --repair.
    repair: Option<RepairRecord>,
}

#[derive(Serialize)]
struct FaultRecord {
    file: String,
    fault: String,
}

#[derive(Serialize)]
struct RepairRecord {
    /// The number of vectors that were embedded again.
    embedded: u64,
    /// Ids of documents that were damaged and deleted.
    lost: Vec<String>,
    /// Faults that remain.
    remaining: Vec<FaultRecord>,
}

impl From<&Fault> for FaultRecord {
    fn from(fault: &Fault) -> Self {
        Self { file: fault.path.display().to_string(), fault: fault.what.to_string() }
    }
}

pub(crate) fn run(arguments: &VerifyArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::with_services(global, &arguments.model.service)?;
    let folder = host.environment.index_to_search(&arguments.location)?;
    let editor = IndexEditor::new(&folder, host).with_patience(arguments.writer.patience());
    let (faults, repair) = if arguments.repair {
        let repair = editor.repair(&arguments.model.request())?;
        (repair.faults.clone(), Some(repair))
    } else {
        (editor.verify()?, None)
    };
    print(&faults, repair.as_ref(), arguments.json)?;
    let remaining = repair.as_ref().map_or(&faults, |repair| &repair.left);
    let folder = editor.folder().display();
    match (&repair, faults.is_empty(), remaining.is_empty()) {
        (_, true, _) => note(global, &format!("{folder} is whole")),
        (Some(repair), false, true) => note_repair(global, &folder, repair),
        (Some(_), false, false) => {
            note(global, &format!("{} remain in {folder}", counted(remaining.len() as u64, "fault")));
        }
        (None, false, _) => {
            let count = counted(faults.len() as u64, "fault");
            note(global, &format!("{count} in {folder}; 'embed verify --repair' repairs the index"));
        }
    }
    Ok(if remaining.is_empty() { ExitStatus::Success } else { ExitStatus::Failure })
}

fn print(faults: &[Fault], repair: Option<&Repair>, as_json: bool) -> io::Result<()> {
    let mut output = io::stdout().lock();
    if as_json {
        let records = |faults: &[Fault]| faults.iter().map(FaultRecord::from).collect();
        let repair = repair.map(|repair| RepairRecord {
            embedded: repair.embedded,
            lost: repair.lost.clone(),
            remaining: records(&repair.left),
        });
        json::write_line(&mut output, &Findings { faults: records(faults), repair })?;
    } else {
        let remaining = repair.map_or(&[][..], |repair| &repair.left);
        for fault in faults.iter().chain(remaining) {
            writeln!(output, "{}", printable(&fault.to_string()))?;
        }
    }
    output.flush()
}

fn note_repair(global: &GlobalArguments, folder: &dyn std::fmt::Display, repair: &Repair) {
    let embedded = counted(repair.embedded, "vector");
    note(global, &format!("repaired {folder}: embedded {embedded} again"));
    for document in &repair.lost {
        note(global, &format!("the document {document} was damaged and is removed; index its source again"));
    }
}

//! `embed man`: the help of every command as manual pages.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::{Args, Command};
use clap_mangen::Man;

use crate::cli::args::global::GlobalArguments;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};

/// Write the manual pages of all commands to a folder
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  embed man ~/.local/share/man/man1 && man embed-search")]
pub(crate) struct ManArguments {
    /// The folder, which is created if it is missing
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

/// `program` is the whole command line.
pub(crate) fn run(
    arguments: &ManArguments,
    mut program: Command,
    global: &GlobalArguments,
) -> anyhow::Result<ExitStatus> {
    let folder = &arguments.folder;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    // Gives every subcommand its full name, `embed-search`.
    program.build();
    let pages = write_pages(folder, "embed", &program)?;
    note(global, &format!("wrote {} to {}", counted(pages, "page"), folder.display()));
    Ok(ExitStatus::Success)
}

/// Writes the page of `command` and those of the commands below it, and returns how many.
fn write_pages(folder: &Path, name: &str, command: &Command) -> anyhow::Result<u64> {
    write_page(folder, name, command)?;
    let mut pages = 1;
    for below in command.get_subcommands() {
        pages += write_pages(folder, &format!("{name}-{}", below.get_name()), below)?;
    }
    Ok(pages)
}

fn write_page(folder: &Path, name: &str, command: &Command) -> anyhow::Result<()> {
    let path = folder.join(format!("{name}.1"));
    let mut page = Vec::new();
    Man::new(command.clone()).title(name.to_uppercase()).render(&mut page)?;
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

//! `embed remove`: sources and documents out of the index.

use clap::Args;
use embed::index::{StoredPath, Writer};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve::{Environment, index_root};
use crate::cli::usage::UsageError;

/// Remove sources or documents from the index
#[derive(Debug, Args)]
#[command(after_help = "\
The files themselves stay. A document comes back when its source changes and is indexed again.")]
pub(crate) struct RemoveArguments {
    /// A source, a folder of sources, or the id of a document (source:line, or source:id)
    #[arg(value_name = "SOURCE|ID", required = true)]
    names: Vec<String>,
    #[command(flatten)]
    location: IndexLocation,
}

/// What was removed.
#[derive(Default)]
struct Removed {
    sources: u64,
    documents: u64,
}

pub(crate) fn run(arguments: &RemoveArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::read()?;
    let folder = environment.index_to_search(&arguments.location)?;
    let mut writer = Writer::open(&folder)?;
    let root = index_root(&folder, &environment.working_directory);
    let mut removed = Removed::default();
    for name in &arguments.names {
        let store = |typed: &str| environment.stored_source(typed.as_ref(), &folder);
        let named = store(name)?;
        let beneath = named.to_absolute(&root);
        let is_named = |path: &StoredPath| {
            *path == named
                || path
                    .to_absolute(&root)
                    .zip(beneath.as_ref())
                    .is_some_and(|(path, top)| path.starts_with(top))
        };
        let sources: Vec<StoredPath> =
            writer.sources()?.into_iter().map(|record| record.path).filter(is_named).collect();
        for path in &sources {
            writer.remove_source(path)?;
            removed.sources += 1;
        }
        if sources.is_empty() {
            remove_document(&mut writer, name, &store)?;
            removed.documents += 1;
        }
    }
    writer.close()?;
    let Removed { sources, documents } = removed;
    let (sources, documents) = (counted(sources, "source"), counted(documents, "document"));
    note(global, &format!("removed {sources} and {documents} from {}", folder.display()));
    Ok(ExitStatus::Success)
}

/// A source and a key may have colons of their own, so every colon is tried.
fn remove_document(
    writer: &mut Writer,
    id: &str,
    store: &dyn Fn(&str) -> Result<StoredPath, embed::index::Error>,
) -> anyhow::Result<()> {
    for (colon, _) in id.match_indices(':') {
        let path = store(&id[..colon])?;
        if writer.source(&path)?.is_some() && writer.remove_documents(&path, &[&id[colon + 1..]])? > 0 {
            return Ok(());
        }
    }
    Err(UsageError::NotIndexed { name: id.to_owned() }.into())
}

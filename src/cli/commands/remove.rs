//! `embed remove`: sources and documents out of the index.

use std::collections::HashSet;
use std::path::Path;

use clap::Args;
use embed::index::{self, Reader, StoredPath, Writer};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::render::counted;
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve::{Environment, index_root};
use crate::cli::terminal::confirm;
use crate::cli::usage::UsageError;

/// Remove sources or documents from the index
#[derive(Debug, Args)]
#[command(after_help = "\
The files themselves stay. A document comes back when its source changes and is indexed again.")]
pub(crate) struct RemoveArguments {
    /// A source, a folder of sources, or the id of a document (source:line, or source:id)
    #[arg(value_name = "SOURCE|ID", required = true)]
    names: Vec<String>,
    /// Remove every source of the index without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    location: IndexLocation,
}

/// What a name means.
enum Named {
    Sources(Vec<StoredPath>),
    /// Nothing that is a source, so it can only be the id of a document.
    Document(String),
}

pub(crate) fn run(arguments: &RemoveArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    if arguments.names.iter().any(String::is_empty) {
        return Err(UsageError::EmptyName.into());
    }
    let environment = Environment::read()?;
    let folder = environment.index_to_search(&arguments.location)?;
    let removal = Removal { folder: &folder, environment: &environment };
    // Nothing of the index is held while the user is asked.
    let all: Vec<StoredPath> =
        Reader::open(&folder)?.sources()?.into_iter().map(|record| record.path).collect();
    let named = removal.resolve(&arguments.names, &all)?;
    let sources: HashSet<&StoredPath> = named.iter().flat_map(Named::sources).collect();
    if sources.len() == all.len() && !all.is_empty() && !arguments.yes {
        confirm_all(&folder, all.len())?;
    }
    let documents = removal.carry_out(&named, &sources)?;
    let (sources, documents) = (counted(sources.len() as u64, "source"), counted(documents, "document"));
    note(global, &format!("removed {sources} and {documents} from {}", folder.display()));
    Ok(ExitStatus::Success)
}

fn confirm_all(folder: &Path, count: usize) -> Result<(), UsageError> {
    let sources = counted(count as u64, "source");
    let question = format!("Remove {sources}, all that the index {} has?", folder.display());
    match confirm(&question) {
        Some(true) => Ok(()),
        Some(false) => Err(UsageError::NotConfirmed),
        None => Err(UsageError::RemovesEverything { folder: folder.to_owned(), sources }),
    }
}

impl Named {
    fn sources(&self) -> &[StoredPath] {
        match self {
            Self::Sources(sources) => sources,
            Self::Document(_) => &[],
        }
    }
}

/// Where names are looked up.
struct Removal<'a> {
    folder: &'a Path,
    environment: &'a Environment,
}

impl Removal<'_> {
    fn store(&self, typed: &str) -> Result<StoredPath, index::Error> {
        self.environment.stored_source(typed.as_ref(), self.folder)
    }

    /// What each name means among the sources `all`: a source, a folder of sources, or a document.
    fn resolve(&self, names: &[String], all: &[StoredPath]) -> Result<Vec<Named>, index::Error> {
        let root = index_root(self.folder, &self.environment.working_directory);
        let resolve = |name: &String| {
            let path = self.store(name)?;
            let top = path.to_absolute(&root);
            let is_beneath = |source: &StoredPath| {
                source
                    .to_absolute(&root)
                    .zip(top.as_ref())
                    .is_some_and(|(source, top)| source.starts_with(top))
            };
            let sources: Vec<StoredPath> =
                all.iter().filter(|source| **source == path || is_beneath(source)).cloned().collect();
            Ok(if sources.is_empty() { Named::Document(name.clone()) } else { Named::Sources(sources) })
        };
        names.iter().map(resolve).collect()
    }

    /// Removes what is named and returns the number of documents that were named one by one.
    fn carry_out(&self, named: &[Named], sources: &HashSet<&StoredPath>) -> anyhow::Result<u64> {
        let mut writer = Writer::open(self.folder)?;
        let mut documents = 0;
        for named in named {
            if let Named::Document(id) = named {
                remove_document(&mut writer, id, &|typed| self.store(typed))?;
                documents += 1;
            }
        }
        for source in sources {
            writer.remove_source(source)?;
        }
        writer.close()?;
        Ok(documents)
    }
}

/// A source and a key may have colons of their own, so every colon is tried.
fn remove_document(
    writer: &mut Writer,
    id: &str,
    store: &dyn Fn(&str) -> Result<StoredPath, index::Error>,
) -> anyhow::Result<()> {
    for (colon, _) in id.match_indices(':') {
        let path = store(&id[..colon])?;
        if writer.source(&path)?.is_some() && writer.remove_documents(&path, &[&id[colon + 1..]])? > 0 {
            return Ok(());
        }
    }
    Err(UsageError::NotIndexed { name: id.to_owned() }.into())
}

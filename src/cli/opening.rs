//! The engine for a command: over the index, or over files that are read for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use embed::engine::{Engine, GatherRequest, GatheredEngine, ModelRequest, Models, Sources};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::location::IndexLocation;
use crate::cli::args::texts::TextOptions;
use crate::cli::host::ProgramHost;
use crate::cli::report::{note_left_out, note_unread};
use crate::cli::resolve;
use crate::cli::unknown::note_mostly_unknown;
use crate::cli::usage::{IndexUse, UsageError};

/// The engine over the texts of the index, or of `paths` if there are any.
pub(crate) fn open_texts(
    paths: &[PathBuf],
    options: &TextOptions,
    global: &GlobalArguments,
) -> anyhow::Result<Engine> {
    let TextOptions { location, corpus, model } = options;
    let host = ProgramHost::with_services(global, &model.service)?;
    if paths.is_empty() {
        resolve::refuse_reading_flags(corpus, IndexUse::Compare)?;
        return Ok(open_index(location, model.request(), host)?);
    }
    if location.folder.is_some() {
        return Err(UsageError::IndexAndPaths.into());
    }
    if paths.iter().filter(|path| path.as_os_str() == "-").count() > 1 {
        return Err(UsageError::StandardInputTwice.into());
    }
    let sources = Sources::find(paths, resolve::walk_options(corpus))?;
    let request = GatherRequest { reading: resolve::reading_request(corpus), ..GatherRequest::default() };
    gather(sources, &request, &model.request(), global, &host)
}

/// The engine over the index.
pub(crate) fn open_index(
    location: &IndexLocation,
    model: ModelRequest,
    host: Arc<ProgramHost>,
) -> Result<Engine, UsageError> {
    let folder = host.environment.index_to_search(location)?;
    Ok(Engine::open(&folder, model, host))
}

/// The engine over `sources`, which are read and embedded; reports what was left out.
pub(crate) fn gather(
    sources: Sources,
    request: &GatherRequest,
    model: &ModelRequest,
    global: &GlobalArguments,
    host: &Arc<ProgramHost>,
) -> anyhow::Result<Engine> {
    let embedder = Models::new(Arc::clone(host) as _).load(model)?;
    let name = embedder.description().name.clone();
    let mut progress = host.progress();
    let gathered = Engine::gather(sources, request, embedder, Arc::clone(host) as _, &mut progress);
    drop(progress);
    let GatheredEngine { engine, totals, left_out } = gathered.map_err(|error| note_unread(global, error))?;
    note_left_out(global, &left_out);
    note_mostly_unknown(global, &totals, &name);
    Ok(engine)
}

/// The folder of the index of `engine`, which is over one.
pub(crate) fn index_folder(engine: &Engine) -> &Path {
    engine.folder().expect("the engine is over an index")
}

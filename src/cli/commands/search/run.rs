//! From the arguments of a search to printed results.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use embed::engine::{
    Answers, Engine, EngineError, GatherRequest, SearchOptions, SearchRequest, SourceGlobs, Sources,
};

use crate::cli::args::by::ByArgument;
use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::notes;
use crate::cli::commands::search::printer::HitPrinter;
use crate::cli::commands::search::queries::{self, QueryPlan, TypedQuery};
use crate::cli::host::ProgramHost;
use crate::cli::listing::Listing;
use crate::cli::opening::{gather, open_index};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::usage::UsageError;

pub(crate) fn run(arguments: &SearchArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::with_services(global, &arguments.model.service)?;
    let filters = resolve::filters(&arguments.filters)?;
    if arguments.min_confidence.is_some() && arguments.by != ByArgument::Both {
        return Err(UsageError::ConfidenceBy { by: arguments.by.name() }.into());
    }
    let QueryPlan { queries, paths } = queries::plan(arguments)?;
    // A wrong path is reported before queries are read from standard input.
    let sources = Sources::find(&paths, resolve::walk_options(&arguments.corpus))
        .map_err(|error| queries::explain(error, arguments))?;
    let queries = queries.read(arguments, global)?;
    let reranking = arguments.reranking.load(Arc::clone(&host))?;
    let mut options = arguments.options();
    if let Some(reranking) = &reranking {
        options.top_k = reranking.hits_to_find(options.top_k);
        options.minimum_score = None;
    }
    let request = SearchRequest {
        queries: queries.iter().filter_map(TypedQuery::query).collect(),
        by: arguments.by.into(),
        like: arguments.like.clone(),
        plus: arguments.plus.clone(),
        minus: arguments.minus.clone(),
        filters: filters.clone(),
        sources: selected_sources(arguments, &paths)?,
        options,
    };
    let engine = if paths.is_empty() {
        open_index(&arguments.location, arguments.model.request(), Arc::clone(&host))?
    } else {
        let reading = resolve::reading_request(&arguments.corpus);
        let gathered = GatherRequest { reading, filters, references: arguments.like.clone() };
        gather(sources, &gathered, &arguments.model.request(), global, &host)?
    };
    let mut answers = answer(&engine, &request, arguments)?;
    if let Some(reranking) = reranking {
        let SearchOptions { top_k, minimum_score, .. } = arguments.options();
        let texts: Vec<Option<String>> = queries.iter().map(|query| query.text(request.by)).collect();
        reranking.apply(&texts, &mut answers, (top_k, minimum_score), global)?;
    }
    notes::note_marks_and_words(arguments, &queries, global);
    answers.remarks(&request).iter().for_each(|remark| note(global, remark));
    print(arguments, global, &queries, answers)
}

/// The sources of the index that --glob selects. Files of folders are selected when they are found.
fn selected_sources(
    arguments: &SearchArguments,
    paths: &[PathBuf],
) -> Result<Option<SourceGlobs>, EngineError> {
    let globs = &arguments.corpus.globs;
    if globs.is_empty() || !paths.is_empty() { Ok(None) } else { Ok(Some(SourceGlobs::new(globs)?)) }
}

fn answer(engine: &Engine, request: &SearchRequest, arguments: &SearchArguments) -> anyhow::Result<Answers> {
    engine.search(request).map_err(|error| match (error, &arguments.vector) {
        (EngineError::OtherDimension { found, owner, expected }, Some(path)) => {
            UsageError::OtherDimension { path: path.clone(), found, owner, expected }.into()
        }
        (error, _) => error.into(),
    })
}

fn print(
    arguments: &SearchArguments,
    global: &GlobalArguments,
    queries: &[TypedQuery],
    answers: Answers,
) -> anyhow::Result<ExitStatus> {
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let listing = Listing::begin(&mut output, form, |head| head.field("model", &answers.model).map(drop))?;
    let mut printer = HitPrinter::new(arguments, global, form, listing);
    for (query, hits) in queries.iter().zip(answers.hits) {
        for (rank, hit) in (1..).zip(hits) {
            printer.add(query, rank, hit)?;
        }
    }
    Ok(if printer.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

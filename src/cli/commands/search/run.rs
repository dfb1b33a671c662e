//! From the arguments of a search to printed results.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use embed::engine::{
    Answers, Engine, EngineError, GatherRequest, Hit, SearchOptions, SearchRequest, SourceGlobs, Sources,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::queries::{self, QueryPlan, TypedQuery};
use crate::cli::commands::search::record::{QueryColumn, SearchRecord};
use crate::cli::context::{SourceLines, Surroundings};
use crate::cli::host::ProgramHost;
use crate::cli::listing::Listing;
use crate::cli::opening::{gather, open_index};
use crate::cli::render::{Column, printable};
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::usage::UsageError;

/// A best hit below this is more likely of a wrong corpus than of the right one.
const LEAST_CONFIDENCE: f32 = 0.5;

pub(crate) fn run(arguments: &SearchArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let host = ProgramHost::new(global)?;
    let filters = resolve::filters(&arguments.filters)?;
    let QueryPlan { queries, paths } = queries::plan(arguments)?;
    // A wrong path is reported before queries are awaited from standard input.
    let sources = Sources::find(&paths, resolve::walk_options(&arguments.corpus))
        .map_err(|error| queries::explain(error, arguments))?;
    let queries = queries.read(global)?;
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
        gather(sources, &gathered, &arguments.model.request(), global, host)?
    };
    let mut answers = answer(&engine, &request, arguments)?;
    if let Some(reranking) = reranking {
        let SearchOptions { top_k, minimum_score, .. } = arguments.options();
        let texts: Vec<Option<&str>> = queries.iter().map(TypedQuery::label).collect();
        reranking.apply(&texts, &mut answers, (top_k, minimum_score), global)?;
    }
    print(arguments, global, &queries, answers)
}

/// What --glob selects of the index. Of folders, the files are selected when they are found.
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
    Answers { model, hits, lacks_words }: Answers,
) -> anyhow::Result<ExitStatus> {
    if lacks_words {
        note(
            global,
            "searched by meaning only: an older version made the index; 'embed index' adds its words",
        );
    }
    note_unanswered(queries, &hits, global);
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| head.field("model", &model).map(drop))?;
    let has_many = arguments.queries.is_some() || arguments.vector.is_some();
    let query_column = if has_many { QueryColumn::Shown } else { QueryColumn::Hidden };
    let mut sources = SourceLines::default();
    for (query, mut hits) in queries.iter().zip(hits) {
        hits.retain(|hit| is_confident(hit, arguments.min_confidence));
        for (rank, hit) in (1..).zip(hits) {
            let mut record = SearchRecord::new(query, rank, hit);
            if arguments.explain {
                record = record.explained();
            }
            listing.add(&record, &record.columns(query_column))?;
            if arguments.explain {
                listing.add_below(&[Column::Text(record.explanation())])?;
            }
            if let Some(around) = arguments.context {
                let Surroundings { lines, note: reason } = sources.around(&record.hit.passage, around);
                if let Some(reason) = &reason {
                    note(global, reason);
                }
                for line in lines {
                    listing.add_line_below(&line)?;
                }
            }
        }
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

fn confidence(hit: &Hit) -> Option<f32> {
    hit.parts.and_then(|parts| parts.confidence)
}

/// A hit of unknown confidence stays.
fn is_confident(hit: &Hit, minimum: Option<f32>) -> bool {
    minimum.zip(confidence(hit)).is_none_or(|(minimum, confidence)| confidence >= minimum)
}

/// Whether hits have a confidence and none reaches [`LEAST_CONFIDENCE`].
fn is_unanswered(hits: &[Hit]) -> bool {
    let mut confidences = hits.iter().filter_map(confidence).peekable();
    confidences.peek().is_some() && confidences.all(|confidence| confidence < LEAST_CONFIDENCE)
}

/// Says for which queries nothing stands out: one by its text, several by their number.
fn note_unanswered(queries: &[TypedQuery], hits: &[Vec<Hit>], global: &GlobalArguments) {
    let unanswered: Vec<&str> = queries
        .iter()
        .zip(hits)
        .filter(|(_, hits)| is_unanswered(hits))
        .filter_map(|(query, _)| query.label())
        .collect();
    match unanswered.as_slice() {
        [] => {}
        [query] => note(global, &format!("nothing here seems to answer \"{}\"", printable(query))),
        several => {
            note(
                global,
                &format!("nothing here seems to answer {} of {} queries", several.len(), queries.len()),
            );
        }
    }
}

//! From the arguments of a search to printed results.

use std::io::{self, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use embed::engine::{
    Answers, Engine, EngineError, GatherRequest, LocatedPassage, SearchOptions, SearchRequest, SourceGlobs,
    Sources,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::layout::HitLayout;
use crate::cli::commands::search::notes;
use crate::cli::commands::search::queries::{self, QueryPlan, TypedQuery};
use crate::cli::commands::search::record::{QueryColumn, SearchRecord};
use crate::cli::context::{SourceLines, Surroundings};
use crate::cli::host::ProgramHost;
use crate::cli::listing::{Block, Listing, ListingForm};
use crate::cli::opening::{gather, open_index};
use crate::cli::render::Column;
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve;
use crate::cli::usage::UsageError;

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
    Answers { model, hits, lacks_words, mostly_unknown_queries }: Answers,
) -> anyhow::Result<ExitStatus> {
    if lacks_words {
        note(
            global,
            "searched by meaning only: an older version made the index; 'embed index' adds its words",
        );
    }
    notes::note_unanswered(queries, &hits, global);
    notes::note_unknown_queries(arguments, global, mostly_unknown_queries, lacks_words);
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let layout = match form {
        ListingForm::Plain(style) => HitLayout::of(style),
        ListingForm::Json | ListingForm::Jsonl => None,
    };
    let mut listing = Listing::begin(&mut output, form, |head| head.field("model", &model).map(drop))?;
    let has_many = arguments.queries.is_some() || arguments.vector.is_some();
    let query_column = if has_many { QueryColumn::Shown } else { QueryColumn::Hidden };
    let mut context = Context { around: arguments.context, sources: SourceLines::default(), global };
    for (query, mut hits) in queries.iter().zip(hits) {
        hits.retain(|hit| notes::is_confident(hit, arguments.min_confidence));
        let words = query.words();
        for (rank, hit) in (1..).zip(hits) {
            let mut record = SearchRecord::new(query, rank, hit);
            if arguments.explain {
                record = record.explained();
            }
            let around = context.lines(&record.hit.passage);
            let explanation = arguments.explain.then(|| record.explanation());
            let Some(layout) = layout else {
                listing.add(&record, &record.columns(query_column))?;
                explanation.iter().try_for_each(|line| listing.add_below(&[Column::Text(line.clone())]))?;
                around.iter().try_for_each(|line| listing.add_line_below(line))?;
                continue;
            };
            let mut lines: Vec<String> =
                explanation.iter().map(|line| layout.fit(&format!("  {line}"))).collect();
            if around.is_empty() {
                lines.extend(layout.lines(&record.hit.passage, &words));
            } else {
                lines.extend(around.iter().map(|line| layout.fit(line)));
            }
            let query_name = record.query_name();
            let title = (has_many && rank == 1).then_some(query_name.as_str());
            listing.add_block(&record, &Block { title, head: &record.head(), lines: &lines })?;
        }
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

/// Shows the lines around hits where that is asked for.
struct Context<'a> {
    around: Option<u64>,
    sources: SourceLines,
    global: &'a GlobalArguments,
}

impl Context<'_> {
    /// The lines around a hit; none where they are not asked for or the source has no lines.
    fn lines(&mut self, located: &LocatedPassage) -> Vec<String> {
        let Some(around) = self.around else { return Vec::new() };
        let Surroundings { lines, note: reason } = self.sources.around(located, around);
        if let Some(reason) = &reason {
            note(self.global, reason);
        }
        lines
    }
}

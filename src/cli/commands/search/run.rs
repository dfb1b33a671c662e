//! From the arguments of a search to printed results.

use std::io::{self, BufWriter};

use embed::corpus::SourceFinder;

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::answers::{Answers, Asked};
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::queries::{self, Query, QueryPlan};
use crate::cli::commands::search::record::{QueryColumn, SearchRecord};
use crate::cli::context::{SourceLines, Surroundings};
use crate::cli::listing::Listing;
use crate::cli::report::{ExitStatus, note};
use crate::cli::resolve::{self, Environment};

pub(crate) fn run(arguments: &SearchArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::read()?;
    let filters = resolve::filters(&arguments.filters)?;
    let QueryPlan { queries, paths } = queries::plan(arguments)?;
    let finder = SourceFinder::new(&paths, resolve::walk_options(&arguments.corpus))
        .map_err(|error| queries::explain(error, arguments))?;
    let queries = queries.read(global)?;
    let asked = Asked { arguments, global, environment: &environment, filters, queries: &queries };
    let answers = if paths.is_empty() { asked.of_index()? } else { asked.of_sources(finder, &paths)? };
    print(arguments, global, &queries, answers)
}

fn print(
    arguments: &SearchArguments,
    global: &GlobalArguments,
    queries: &[Query],
    Answers { model, hits }: Answers,
) -> anyhow::Result<ExitStatus> {
    let mut output = BufWriter::new(io::stdout().lock());
    let form = resolve::listing_form(&arguments.output, global)?;
    let mut listing = Listing::begin(&mut output, form, |head| head.field("model", &model).map(drop))?;
    let has_many = arguments.queries.is_some() || arguments.vector.is_some();
    let query_column = if has_many { QueryColumn::Shown } else { QueryColumn::Hidden };
    let mut sources = SourceLines::default();
    for (query, hits) in queries.iter().zip(hits) {
        for (rank, hit) in (1..).zip(hits) {
            let record = SearchRecord::new(query, rank, hit);
            listing.add(&record, &record.columns(query_column))?;
            if let Some(around) = arguments.context {
                let Surroundings { lines, note: reason } = sources.around(&record.passage, around);
                reason.iter().for_each(|reason| note(global, reason));
                for line in lines {
                    listing.add_line_below(&line)?;
                }
            }
        }
    }
    Ok(if listing.end()? == 0 { ExitStatus::NothingFound } else { ExitStatus::Success })
}

//! Prints hits one by one: as a record, as a line, or on a terminal as a block of lines.

use std::io;

use embed::engine::{Hit, LocatedPassage};

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::layout::HitLayout;
use crate::cli::commands::search::queries::TypedQuery;
use crate::cli::commands::search::record::{QueryColumn, Shown, record};
use crate::cli::context::{SourceLines, Surroundings};
use crate::cli::listing::{Block, Listing, ListingForm};
use crate::cli::render::Column;
use crate::cli::report::note;

/// Prints the hits of a search.
pub(super) struct HitPrinter<'a> {
    arguments: &'a SearchArguments,
    global: &'a GlobalArguments,
    listing: Listing<'a>,
    /// On a terminal.
    layout: Option<HitLayout>,
    query_column: QueryColumn,
    sources: SourceLines,
}

impl<'a> HitPrinter<'a> {
    pub(super) fn new(
        arguments: &'a SearchArguments,
        global: &'a GlobalArguments,
        form: ListingForm,
        listing: Listing<'a>,
    ) -> Self {
        let layout = match form {
            ListingForm::Plain(style) => HitLayout::of(style),
            ListingForm::Json | ListingForm::Jsonl => None,
        };
        let has_many = arguments.queries.is_some() || arguments.vector.is_some();
        let query_column = if has_many { QueryColumn::Shown } else { QueryColumn::Hidden };
        Self { arguments, global, listing, layout, query_column, sources: SourceLines::default() }
    }

    /// Prints the hit of rank `rank`, from 1, of a query.
    pub(super) fn add(&mut self, query: &TypedQuery, rank: usize, hit: Hit) -> io::Result<()> {
        let mut record = record(query, rank, hit);
        if self.arguments.explain {
            record = record.explained();
        }
        let explanation = self.arguments.explain.then(|| record.explanation());
        let around = self.lines_around(&record.hit.passage);
        let Some(layout) = self.layout else {
            self.listing.add(&record, &record.columns(self.query_column))?;
            explanation.into_iter().try_for_each(|line| self.listing.add_below(&[Column::Text(line)]))?;
            return around.iter().try_for_each(|line| self.listing.add_line_below(line));
        };
        let mut lines: Vec<String> =
            explanation.iter().map(|line| layout.fit(&format!("  {line}"))).collect();
        if around.is_empty() {
            lines.extend(layout.lines(&record.hit.passage, &query.words()));
        } else {
            lines.extend(around.iter().map(|line| layout.fit(line)));
        }
        let query_name = record.query_name();
        let is_first_of_many = self.query_column == QueryColumn::Shown && rank == 1;
        let title = is_first_of_many.then_some(query_name.as_str());
        self.listing.add_block(&record, &Block { title, head: &record.head(), lines: &lines })
    }

    /// Ends the listing and returns the number of hits.
    pub(super) fn end(self) -> io::Result<usize> {
        self.listing.end()
    }

    /// The lines around a hit; none without `--context`, or if the source has no lines.
    fn lines_around(&mut self, located: &LocatedPassage) -> Vec<String> {
        let Some(around) = self.arguments.context else { return Vec::new() };
        let Surroundings { lines, note: reason } = self.sources.around(located, around);
        if let Some(reason) = &reason {
            note(self.global, reason);
        }
        lines
    }
}

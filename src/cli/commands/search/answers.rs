//! The hits of every query, from the index or from files that are read for it.

use std::path::PathBuf;

use embed::corpus::{Found, SourceFinder};
use embed::filter::Filters;
use embed::index::Reader;
use embed::model::Model;
use embed::scan::Rows;
use embed::search::{
    Collection, Hit, Restriction, Term, Wanted, combine, combine_terms, direction_of, rows_of_id,
    search_index, whole_documents,
};
use embed::vectors::{RowId, UnitVectors};

use super::super::super::args::GlobalArguments;
use super::super::super::progress::TerminalProgress;
use super::super::super::report::note_left_out;
use super::super::super::resolve::{self, Environment};
use super::super::super::usage::UsageError;
use super::SearchArguments;
use super::queries::Query;

/// What is asked.
pub(super) struct Asked<'a> {
    pub(super) arguments: &'a SearchArguments,
    pub(super) global: &'a GlobalArguments,
    pub(super) environment: &'a Environment,
    pub(super) filters: Filters,
    pub(super) queries: &'a [Query],
}

/// Hits of each query, and the model that found them.
pub(super) struct Answers {
    pub(super) model: String,
    pub(super) hits: Vec<Vec<Hit>>,
}

impl Asked<'_> {
    pub(super) fn of_index(&self) -> anyhow::Result<Answers> {
        let folder = self.environment.index_to_search(&self.arguments.location)?;
        let reader = Reader::open(&folder)?;
        let model = resolve::model_of_index(&self.arguments.model, &folder, reader.settings())?;
        let store = |typed: &str| self.environment.stored_source(typed, &folder);
        let liked = self.liked(|id| Ok(rows_of_id(&reader, id, &store)?))?;
        let rows = Rows::new(reader.rows(), reader.settings().dimension);
        let vectors = self.vectors(&model, rows, &liked)?;
        let excluded = whole_documents(&reader, &liked.concat())?;
        let restriction = Restriction { filters: &self.filters, excluded: &excluded };
        let show_source = |path: &_| self.environment.shown_source(path, &folder);
        let hits = search_index(&reader, &vectors, self.arguments.options(), &restriction, &show_source)?;
        Ok(Answers { model: model.name().to_owned(), hits })
    }

    pub(super) fn of_sources(&self, finder: SourceFinder, paths: &[PathBuf]) -> anyhow::Result<Answers> {
        let model = resolve::model_of_flags(&self.arguments.model)?;
        let collection = self.read(&model, finder, paths)?;
        let liked = self.liked(|id| Ok(collection.rows_of_id(id)))?;
        let vectors = self.vectors(&model, Rows::from(collection.vectors()), &liked)?;
        let excluded = collection.whole_documents(&liked.concat());
        let hits = collection.search(&vectors, self.arguments.options(), &excluded);
        Ok(Answers { model: model.name().to_owned(), hits })
    }

    fn read(&self, model: &Model, finder: SourceFinder, paths: &[PathBuf]) -> anyhow::Result<Collection> {
        let mut sources = Vec::new();
        let mut skipped = Vec::new();
        for found in finder {
            match found {
                Found::Source(source) => sources.push(source),
                Found::Skipped(file) => skipped.push(file),
            }
        }
        if sources.is_empty() && skipped.is_empty() {
            return Err(UsageError::NoFiles { names: resolve::listed(paths) }.into());
        }
        let wanted = Wanted {
            read: &resolve::read_options(&self.arguments.corpus, model),
            filters: &self.filters,
            liked: &self.arguments.like,
        };
        let bytes = resolve::total_bytes(&sources);
        let mut progress = TerminalProgress::new(bytes, resolve::progress_visibility(self.global));
        let mut gathered = Collection::read(model, &sources, &wanted, &mut progress)?;
        drop(progress);
        for file in skipped {
            gathered.left_out.add_file(file);
        }
        note_left_out(self.global, &gathered.left_out);
        if gathered.collection.is_empty() && self.filters.is_empty() {
            return Err(UsageError::NoText { names: resolve::listed(paths) }.into());
        }
        Ok(gathered.collection)
    }

    /// The rows of every document that is liked.
    fn liked(&self, find: impl Fn(&str) -> anyhow::Result<Vec<RowId>>) -> anyhow::Result<Vec<Vec<RowId>>> {
        let find_some = |id: &String| {
            let rows = find(id)?;
            if rows.is_empty() { Err(UsageError::UnknownId { id: id.clone() }.into()) } else { Ok(rows) }
        };
        self.arguments.like.iter().map(find_some).collect()
    }

    /// The vectors to search with, one for each query: its text, and what is added and taken away.
    fn vectors(&self, model: &Model, rows: Rows<'_>, liked: &[Vec<RowId>]) -> anyhow::Result<UnitVectors> {
        let cancels_out = |_| UsageError::NoDirection;
        let directions: Vec<UnitVectors> =
            liked.iter().map(|own| direction_of(rows, own)).collect::<Result<_, _>>().map_err(cancels_out)?;
        let plus = embed_texts(model, &self.arguments.plus)?;
        let minus = embed_texts(model, &self.arguments.minus)?;
        let added = directions.iter().chain([&plus]).flat_map(UnitVectors::rows).map(Term::Plus);
        let terms: Vec<Term<'_>> = added.chain(minus.rows().map(Term::Minus)).collect();
        let texts: Vec<&str> = self.queries.iter().filter_map(text_of).collect();
        let combined = if texts.is_empty() {
            combine_terms(model.dimension(), &terms)
        } else {
            combine(&embed_texts(model, &texts)?, &terms)
        };
        Ok(combined.map_err(cancels_out)?)
    }
}

fn text_of(query: &Query) -> Option<&str> {
    match query {
        Query::Text { text, .. } => Some(text),
        Query::Sum { .. } => None,
    }
}

fn embed_texts<S: AsRef<str> + Sync>(model: &Model, texts: &[S]) -> anyhow::Result<UnitVectors> {
    Ok(model.embed_queries(texts)?.vectors)
}

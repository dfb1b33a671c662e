//! The hits of every query, from the index or from files that are read for it.

use std::path::PathBuf;

use embed::corpus::SourceFinder;
use embed::filter::Filters;
use embed::index::Reader;
use embed::model::{Model, ModelError};
use embed::scan::Rows;
use embed::search::{
    Hit, Restriction, Searchable, Selection, Term, combine, combine_terms, direction_of, rows_of_id,
    search_index, whole_documents,
};
use embed::vectors::{Dimension, RowId, UnitVectors};

use crate::cli::args::global::GlobalArguments;
use crate::cli::args::model::ModelChoice;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::queries::Query;
use crate::cli::models::{self, Purpose};
use crate::cli::reading::Reading;
use crate::cli::resolve::Environment;
use crate::cli::usage::UsageError;

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
        let indexed = reader.settings();
        self.check_dimension(indexed.dimension(), "the index")?;
        let model = if self.needs_model() {
            let index = (folder.as_path(), indexed);
            Some(models::model_of_index(&self.arguments.model.choice(), self.global, index, Purpose::Search)?)
        } else {
            // No vector is computed.
            let flags = ModelChoice { precision: None, ..self.arguments.model.choice() };
            models::refuse_other_model(&flags, &folder, indexed)?;
            None
        };
        let store = |typed: &str| self.environment.stored_source(typed.as_ref(), &folder);
        let liked = self.liked(|id| Ok(rows_of_id(&reader, id, &store)?))?;
        let rows = reader.rows();
        let vectors = self.vectors(model.as_ref(), rows, &liked)?;
        let excluded = whole_documents(&reader, &liked.concat())?;
        let restriction = Restriction { filters: &self.filters, excluded: &excluded };
        let show_source = |path: &_| self.environment.shown_source(path, &folder);
        let hits = search_index(&reader, &vectors, self.arguments.options(), &restriction, &show_source)?;
        Ok(Answers { model: indexed.model.name.clone(), hits })
    }

    pub(super) fn of_sources(&self, finder: SourceFinder, paths: &[PathBuf]) -> anyhow::Result<Answers> {
        let model = models::model_of_flags(&self.arguments.model.choice(), self.global)?;
        self.check_dimension(model.dimension(), "the model")?;
        let SearchArguments { corpus, like, .. } = self.arguments;
        let reading = Reading { paths, corpus, filters: &self.filters, liked: like };
        let collection = reading.read(&model, finder, self.global)?;
        let liked = self.liked(|id| Ok(collection.rows_of_id(id).into_iter().map(RowId).collect()))?;
        let vectors = self.vectors(Some(&model), collection.vectors(), &liked)?;
        let selection = Selection { filters: &self.filters, excluded: like };
        let hits = collection.search(&vectors, self.arguments.options(), &selection)?;
        Ok(Answers { model: model.name().to_owned(), hits })
    }

    /// Whether there is a text to embed.
    fn needs_model(&self) -> bool {
        let SearchArguments { plus, minus, .. } = self.arguments;
        let is_text = |query: &Query| matches!(query, Query::Text { .. });
        !plus.is_empty() || !minus.is_empty() || self.queries.iter().any(is_text)
    }

    /// The vectors to search for must be as wide as those of `owner`.
    fn check_dimension(&self, expected: Dimension, owner: &str) -> Result<(), UsageError> {
        let Some(path) = &self.arguments.vector else { return Ok(()) };
        let widths = self.queries.iter().filter_map(vector_of).map(<[f32]>::len);
        match widths.filter_map(Dimension::new).find(|found| *found != expected) {
            None => Ok(()),
            Some(found) => Err(UsageError::OtherDimension {
                path: path.clone(),
                found,
                owner: owner.to_owned(),
                expected,
            }),
        }
    }

    /// The rows of every document that is liked.
    fn liked(&self, find: impl Fn(&str) -> anyhow::Result<Vec<RowId>>) -> anyhow::Result<Vec<Vec<RowId>>> {
        let find_some = |id: &String| {
            let rows = find(id)?;
            if rows.is_empty() { Err(UsageError::UnknownId { id: id.clone() }.into()) } else { Ok(rows) }
        };
        self.arguments.like.iter().map(find_some).collect()
    }

    /// The vectors to search with, one for each query, with what is added and taken away. The model is there if
    /// there is a text to embed.
    fn vectors(
        &self,
        model: Option<&Model>,
        rows: Rows<'_>,
        liked: &[Vec<RowId>],
    ) -> anyhow::Result<UnitVectors> {
        let cancels_out = |_| UsageError::NoDirection;
        let embed = |texts: &[&str]| match model {
            Some(model) if !texts.is_empty() => Ok(model.embed_queries(texts)?.vectors),
            _ => Ok::<_, ModelError>(UnitVectors::new(rows.dimension())),
        };
        let directions: Vec<UnitVectors> =
            liked.iter().map(|own| direction_of(rows, own)).collect::<Result<_, _>>().map_err(cancels_out)?;
        let (plus, minus) = (embed(&strings(&self.arguments.plus))?, embed(&strings(&self.arguments.minus))?);
        let added = directions.iter().chain([&plus]).flat_map(UnitVectors::rows).map(Term::Plus);
        let terms: Vec<Term<'_>> = added.chain(minus.rows().map(Term::Minus)).collect();
        let texts: Vec<&str> = self.queries.iter().filter_map(text_of).collect();
        let mut asked = embed(&texts)?;
        self.queries.iter().filter_map(vector_of).for_each(|vector| asked.push_unit(vector));
        let combined =
            if asked.is_empty() { combine_terms(rows.dimension(), &terms) } else { combine(&asked, &terms) };
        Ok(combined.map_err(cancels_out)?)
    }
}

fn text_of(query: &Query) -> Option<&str> {
    match query {
        Query::Text { text, .. } => Some(text),
        Query::Vector { .. } | Query::Sum { .. } => None,
    }
}

fn vector_of(query: &Query) -> Option<&[f32]> {
    match query {
        Query::Vector { vector, .. } => Some(vector),
        Query::Text { .. } | Query::Sum { .. } => None,
    }
}

fn strings(texts: &[String]) -> Vec<&str> {
    texts.iter().map(String::as_str).collect()
}

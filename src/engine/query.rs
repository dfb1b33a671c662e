//! Search requests and their answers.

use super::models::ModelMatch;
use super::{Engine, EngineError, UnknownConfidence};
use crate::corpus::SourceGlobs;
use crate::embedding::{ModelDescription, Role, embed_texts};
use crate::filter::Filters;
use crate::model::BUNDLED_NAME;
use crate::search::{
    Grouping, Hit, LEAST_TEXTS_OF_CONFIDENCE, Ranks, SearchOptions, SearchQuery, Searchable, Selection, Span,
    Term, combine, combine_terms,
};
use crate::vectors::{Dimension, UnitVectors};
use crate::words::WordQuery;

/// More queries than this can take longer than a writer waits.
const MOST_BRIEF_QUERIES: usize = 64;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// A text.
    Text(String),
    /// A vector of length 1.
    Vector(Vec<f32>),
}

/// How passages are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SearchBy {
    /// The similarity of vectors.
    Meaning,
    /// The words of the query that a passage has. Over an index, no model is loaded.
    Words,
    /// Both. Vectors, and searches with reference documents or with added or subtracted texts, are ranked by meaning.
    #[default]
    Both,
}

/// A search. `like`, `plus` and `minus` are combined with every query; without a query, they form one.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    /// The queries; each has its own list of hits.
    pub queries: Vec<Query>,
    /// How passages are ranked.
    pub by: SearchBy,
    /// Ids of documents that hits should be similar to; they are excluded from the hits.
    pub like: Vec<String>,
    /// Texts whose meaning is added to every query.
    pub plus: Vec<String>,
    /// Texts whose meaning is subtracted from every query.
    pub minus: Vec<String>,
    /// The conditions on a document.
    pub filters: Filters,
    /// Which sources are searched; `None` for all.
    pub sources: Option<SourceGlobs>,
    /// Which hits are returned, and how many.
    pub options: SearchOptions,
}

/// The hits of every query.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Answers {
    /// The name of the model.
    pub model: String,
    /// One list for each query, best first; a single list for a search without queries.
    pub hits: Vec<Vec<Hit>>,
    /// Whether the index has no words, so that the search used meaning only. An older version made the index, and no
    /// writer has opened it since.
    pub lacks_words: bool,
    /// Queries that are mostly outside the vocabulary of the model
    /// ([`Embedder::is_mostly_unknown`](crate::embedding::Embedder::is_mostly_unknown)): their vectors are
    /// uninformative, so a search by both answers them by words alone.
    pub mostly_unknown_queries: usize,
    /// Tokens that were encoded for the queries.
    pub tokens: usize,
    /// Queries that are longer than the model reads: their vectors are those of their beginnings.
    pub truncated_queries: usize,
    /// Fields of filters that no document has: those of all filters where nothing was found, else those that a document without
    /// the field satisfies.
    pub missing_fields: Vec<String>,
    /// Whether nothing was found because no source is selected ([`SearchRequest::sources`]).
    pub selects_no_source: bool,
}

impl SearchRequest {
    /// The 3 passages most similar to `text`.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::queries(vec![Query::Text(text.into())])
    }

    /// The 3 passages most similar to each of `queries`.
    #[must_use]
    pub fn queries(queries: Vec<Query>) -> Self {
        Self {
            queries,
            by: SearchBy::default(),
            like: Vec::new(),
            plus: Vec::new(),
            minus: Vec::new(),
            filters: Filters::default(),
            sources: None,
            options: SearchOptions {
                top_k: 3,
                minimum_score: None,
                minimum_confidence: None,
                grouping: Grouping::Passages,
                ranks: Ranks::Omitted,
            },
        }
    }

    /// Whether there is a text to embed.
    fn has_text(&self) -> bool {
        let is_text = |query: &Query| matches!(query, Query::Text(_));
        !self.plus.is_empty() || !self.minus.is_empty() || self.queries.iter().any(is_text)
    }

    /// Whether documents or texts are added to the queries, or subtracted from them.
    pub(super) fn has_terms(&self) -> bool {
        !self.like.is_empty() || !self.plus.is_empty() || !self.minus.is_empty()
    }

    /// Whether vectors are compared.
    fn compares_vectors(&self) -> bool {
        self.by != SearchBy::Words
    }

    /// The words of each query that is searched for by words.
    fn words(&self) -> Vec<Option<WordQuery>> {
        let by_words = match self.by {
            SearchBy::Meaning => false,
            SearchBy::Words => true,
            SearchBy::Both => !self.has_terms(),
        };
        let words = |query: &Query| match query {
            Query::Text(text) if by_words => Some(WordQuery::parse(text)),
            _ => None,
        };
        self.queries.iter().map(words).collect()
    }

    /// Refuses a search by words that needs vectors.
    fn check(&self) -> Result<(), EngineError> {
        let is_vector = |query: &Query| matches!(query, Query::Vector(_));
        if self.by == SearchBy::Words && (self.has_terms() || self.queries.iter().any(is_vector)) {
            return Err(EngineError::WordsOfVectors);
        }
        Ok(())
    }

    fn vectors(&self) -> impl Iterator<Item = &[f32]> {
        self.queries.iter().filter_map(|query| match query {
            Query::Vector(vector) => Some(vector.as_slice()),
            Query::Text(_) => None,
        })
    }
}

impl Engine {
    /// The hits of every query.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownId`], [`EngineError::OtherDimension`], [`EngineError::NoDirection`],
    /// [`EngineError::WordsOfVectors`], [`EngineError::NoWords`], [`EngineError::UnknownConfidence`], a refusal of the model,
    /// and failure to embed texts or to read the store.
    pub fn search(&self, request: &SearchRequest) -> Result<Answers, EngineError> {
        request.check()?;
        let words = request.words();
        let span = if request.queries.len() > MOST_BRIEF_QUERIES { Span::Lasting } else { Span::Brief };
        if !request.compares_vectors() {
            return self.with_snapshot(span, |snapshot| self.answer_request(request, &words, None, snapshot));
        }
        self.answer(
            span,
            |model| self.embed_request(request, &words, model),
            |snapshot, embedded| {
                let vectors = embedded.query_vectors(&request.like, snapshot)?;
                self.answer_request(request, &words, Some((&vectors, &embedded)), snapshot)
            },
        )
    }

    fn answer_request(
        &self,
        request: &SearchRequest,
        words: &[Option<WordQuery>],
        embedded: Option<(&UnitVectors, &EmbeddedRequest)>,
        snapshot: &dyn Searchable,
    ) -> Result<Answers, EngineError> {
        let (vectors, embedded) = embedded.unzip();
        let mostly_unknown = embedded.map_or(&[][..], |embedded| &embedded.mostly_unknown);
        let lacks_words = words.iter().any(Option::is_some) && !snapshot.has_words()?;
        let needs_words = vectors.is_none() || words.iter().flatten().any(WordQuery::has_conditions);
        if let (true, true, Some(folder)) = (lacks_words, needs_words, self.folder()) {
            return Err(EngineError::NoWords { folder: folder.to_owned() });
        }
        let selection = Selection {
            filters: &request.filters,
            sources: request.sources.as_ref(),
            excluded: &request.like,
        };
        let count = vectors.map_or(words.len(), UnitVectors::len);
        let is_unknown = |index: usize| mostly_unknown.get(index) == Some(&true);
        let query = |index: usize| {
            let words = words.get(index).and_then(Option::as_ref);
            let by_words_alone = is_unknown(index) && words.is_some() && !lacks_words;
            SearchQuery { vector: vectors.map(|all| all.row(index)).filter(|_| !by_words_alone), words }
        };
        let queries: Vec<SearchQuery<'_>> = (0..count).map(query).collect();
        if request.options.minimum_confidence.is_some()
            && let Some(reason) = unknown_confidence(&queries, snapshot)?
        {
            return Err(EngineError::UnknownConfidence(reason));
        }
        let mut hits = snapshot.search(&queries, request.options, &selection)?;
        if snapshot.model().name != BUNDLED_NAME {
            forget_confidence(&mut hits);
        }
        let is_nothing_found = hits.iter().all(Vec::is_empty);
        let missing_fields = if is_nothing_found {
            missing_fields(&request.filters, snapshot)?
        } else {
            missing_fields(&request.filters.satisfied_by_absence(), snapshot)?
        };
        let selects_no_source = match (&request.sources, is_nothing_found) {
            (Some(globs), true) => !snapshot.has_source(&|source| globs.select(source))?,
            _ => false,
        };
        Ok(Answers {
            missing_fields,
            selects_no_source,
            tokens: embedded.map_or(0, |embedded| embedded.tokens),
            truncated_queries: embedded.map_or(0, |embedded| embedded.truncated),
            model: snapshot.model().name.clone(),
            hits,
            lacks_words,
            mostly_unknown_queries: mostly_unknown.iter().filter(|unknown| **unknown).count(),
        })
    }

    /// Embeds the texts of `request` for comparison with vectors of `model`. The model is loaded only if there is a
    /// text.
    fn embed_request(
        &self,
        request: &SearchRequest,
        words: &[Option<WordQuery>],
        model: &ModelDescription,
    ) -> Result<EmbeddedRequest, EngineError> {
        self.check_dimension(request, model)?;
        let embedder = if request.has_text() {
            Some(self.embedder(model)?)
        } else {
            self.check_model(model, ModelMatch::AnyPrecision)?;
            None
        };
        let (mut truncated, mut tokens) = (0, 0);
        let mut embed = |texts: &[&str]| match &embedder {
            Some(embedder) if !texts.is_empty() => {
                let output = embed_texts(&**embedder, Role::Query, texts)?;
                truncated += output.truncated;
                tokens += output.tokens;
                Ok(output.vectors)
            }
            _ => Ok::<_, EngineError>(UnitVectors::new(model.dimension)),
        };
        let texts = request.queries.iter().zip(words).filter_map(|(query, words)| match query {
            Query::Text(text) => Some(words.as_ref().map_or(text.as_str(), |words| words.text.as_str())),
            Query::Vector(_) => None,
        });
        let texts = embed(&texts.collect::<Vec<_>>())?;
        let mut strings = |texts: &[String]| embed(&texts.iter().map(String::as_str).collect::<Vec<_>>());
        let (plus, minus) = (strings(&request.plus)?, strings(&request.minus)?);
        let mut texts = texts.rows();
        let mut queries = UnitVectors::new(model.dimension);
        for query in &request.queries {
            queries.push_unit(match query {
                Query::Text(_) => texts.next().expect("every text has a vector"),
                Query::Vector(vector) => vector,
            });
        }
        let is_unknown = |query: &Query| match (query, &embedder) {
            (Query::Text(text), Some(embedder)) => embedder.is_mostly_unknown(text),
            _ => false,
        };
        Ok(EmbeddedRequest {
            queries,
            plus,
            minus,
            tokens,
            truncated,
            mostly_unknown: request.queries.iter().map(is_unknown).collect(),
        })
    }

    fn check_dimension(&self, request: &SearchRequest, model: &ModelDescription) -> Result<(), EngineError> {
        let expected = model.dimension;
        let mut found = request.vectors().filter_map(|vector| Dimension::new(vector.len()));
        match found.find(|found| *found != expected) {
            None => Ok(()),
            Some(found) => Err(EngineError::OtherDimension { found, owner: self.owner(model), expected }),
        }
    }
}

/// The fields of `filters` that no document has.
fn missing_fields(filters: &Filters, snapshot: &dyn Searchable) -> Result<Vec<String>, EngineError> {
    let mut missing = Vec::new();
    for presence in filters.presence() {
        if !snapshot.has_field(&presence)? {
            missing.push(presence.field_name());
        }
    }
    Ok(missing)
}

/// Why hits of `queries` have no confidence; `None` where they have one.
fn unknown_confidence(
    queries: &[SearchQuery<'_>],
    snapshot: &dyn Searchable,
) -> Result<Option<UnknownConfidence>, EngineError> {
    let (model, passages) = (&snapshot.model().name, snapshot.text_count());
    Ok(if queries.iter().any(|query| query.words.is_none()) {
        Some(UnknownConfidence::NoWords)
    } else if queries.iter().any(|query| query.vector.is_none()) {
        Some(UnknownConfidence::NoMeaning)
    } else if model != BUNDLED_NAME {
        Some(UnknownConfidence::OtherModel { model: model.clone() })
    } else if passages < LEAST_TEXTS_OF_CONFIDENCE {
        Some(UnknownConfidence::FewPassages { passages })
    } else if !snapshot.has_words()? {
        Some(UnknownConfidence::OlderIndex)
    } else {
        None
    })
}

/// Confidence is calibrated for the bundled model alone.
fn forget_confidence(hits: &mut [Vec<Hit>]) {
    for parts in hits.iter_mut().flatten().filter_map(|hit| hit.parts.as_mut()) {
        parts.confidence = None;
    }
}

/// The vectors of a request, each rows x dimension.
struct EmbeddedRequest {
    /// In the order of the queries.
    queries: UnitVectors,
    plus: UnitVectors,
    minus: UnitVectors,
    /// Tokens of all texts.
    tokens: usize,
    /// The number of texts that were truncated.
    truncated: usize,
    /// For each query, whether it is mostly outside the vocabulary.
    mostly_unknown: Vec<bool>,
}

impl EmbeddedRequest {
    /// The vectors to search with: one for each query, with the terms and the documents of the ids `like` added.
    fn query_vectors(&self, like: &[String], snapshot: &dyn Searchable) -> Result<UnitVectors, EngineError> {
        let Self { queries, plus, minus, .. } = self;
        let directions: Vec<UnitVectors> =
            like.iter().map(|id| direction_of(id, snapshot)).collect::<Result<_, _>>()?;
        let added = directions.iter().chain([plus]).flat_map(UnitVectors::rows).map(Term::Plus);
        let terms: Vec<Term<'_>> = added.chain(minus.rows().map(Term::Minus)).collect();
        let combined = if queries.is_empty() {
            combine_terms(queries.dimension(), &terms)
        } else {
            combine(queries, &terms)
        };
        combined.map_err(|_| EngineError::NoDirection)
    }
}

/// The direction of all passages that `id` names.
fn direction_of(id: &str, snapshot: &dyn Searchable) -> Result<UnitVectors, EngineError> {
    let matches = snapshot.find(id)?;
    if matches.passages.is_empty() {
        return Err(EngineError::UnknownId { id: id.to_owned() });
    }
    let terms: Vec<Term<'_>> = matches.vectors.rows().map(Term::Plus).collect();
    combine_terms(snapshot.model().dimension, &terms).map_err(|_| EngineError::NoDirection)
}

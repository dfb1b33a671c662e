//! The queries of a search, from its arguments and flags.

use std::path::{Path, PathBuf};

use embed::engine::{
    CorpusError, EngineError, InputFormat, NpyReader, Origin, Query, ReadOptions, SearchBy, Source,
    WordQuery, name_of_sum,
};

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::query_words::QueryWords;
use crate::cli::render::counted;
use crate::cli::report::{note, note_replacements};
use crate::cli::resolve;
use crate::cli::usage::{IndexUse, UsageError};

/// A query, as results name it.
#[derive(Debug)]
pub(super) enum TypedQuery {
    /// A text, and its line if it comes from a file.
    Text { text: String, line: Option<u64> },
    /// A vector of length 1, and its row in the file, from 1.
    Vector { vector: Vec<f32>, row: u64 },
    /// The sum of `--like`, `--plus` and `--minus` alone.
    Sum { label: String },
}

impl TypedQuery {
    /// The engine's query, without the added and subtracted terms.
    pub(super) fn query(&self) -> Option<Query> {
        match self {
            Self::Text { text, .. } => Some(Query::Text(text.clone())),
            Self::Vector { vector, .. } => Some(Query::Vector(vector.clone())),
            Self::Sum { .. } => None,
        }
    }

    /// The text for a cross-encoder, without quotation marks and excluded words if `by` treats them as conditions;
    /// `None` unless the query is a text.
    pub(super) fn text(&self, by: SearchBy) -> Option<String> {
        match self {
            Self::Text { text, .. } if by == SearchBy::Meaning => Some(text.clone()),
            Self::Text { text, .. } => Some(WordQuery::parse(text).text),
            Self::Vector { .. } | Self::Sum { .. } => None,
        }
    }

    /// The text with its marks read; `None` unless the query is a text.
    pub(super) fn marks(&self) -> Option<WordQuery> {
        match self {
            Self::Text { text, .. } => Some(WordQuery::parse(text)),
            Self::Vector { .. } | Self::Sum { .. } => None,
        }
    }

    /// The name of the query in results; `None` for a vector, which is named by its row.
    pub(super) fn label(&self) -> Option<&str> {
        match self {
            Self::Text { text, .. } => Some(text),
            Self::Vector { .. } => None,
            Self::Sum { label } => Some(label),
        }
    }

    /// The words that are highlighted in hits.
    pub(super) fn words(&self) -> QueryWords {
        match self {
            Self::Text { text, .. } => QueryWords::of(text),
            Self::Vector { .. } | Self::Sum { .. } => QueryWords::default(),
        }
    }

    pub(super) const fn line(&self) -> Option<u64> {
        match self {
            Self::Text { line, .. } => *line,
            Self::Vector { row, .. } => Some(*row),
            Self::Sum { .. } => None,
        }
    }
}

/// The origin of the queries, and the paths to search instead of the index.
pub(super) struct QueryPlan<'a> {
    pub(super) queries: Queries<'a>,
    pub(super) paths: Vec<PathBuf>,
}

/// The origin of the queries.
pub(super) enum Queries<'a> {
    Argument(&'a str),
    Lines(&'a Path),
    Rows(&'a Path),
    Sum(String),
}

pub(super) fn plan(arguments: &SearchArguments) -> Result<QueryPlan<'_>, UsageError> {
    let SearchArguments { queries, vector, like, plus, minus, words, .. } = arguments;
    let label = || name_of_sum(like, plus, minus);
    let (queries, paths) = match (queries, vector, words.as_slice()) {
        (Some(file), _, paths) => (Queries::Lines(file), paths),
        (None, Some(file), paths) => (Queries::Rows(file), paths),
        (None, None, paths) if !like.is_empty() => (Queries::Sum(label()), paths),
        (None, None, [query, paths @ ..]) => (Queries::Argument(query), paths),
        (None, None, []) if !plus.is_empty() => (Queries::Sum(label()), [].as_slice()),
        (None, None, []) => return Err(UsageError::MissingQuery),
    };
    let streams = paths.iter().filter(|path| *path == "-").count();
    let query_stream = matches!(queries, Queries::Lines(file) if file.as_os_str() == "-");
    if streams + usize::from(query_stream) > 1 {
        return Err(UsageError::StandardInputTwice);
    }
    if !paths.is_empty() && arguments.location.folder.is_some() {
        return Err(UsageError::IndexAndPaths);
    }
    if paths.is_empty() {
        resolve::refuse_reading_flags(&arguments.corpus, IndexUse::Search)?;
    }
    Ok(QueryPlan { queries, paths: paths.iter().map(PathBuf::from).collect() })
}

/// Distinguishes a missing file from a word of an unquoted query.
pub(super) fn explain(error: EngineError, arguments: &SearchArguments) -> anyhow::Error {
    let has_query = arguments.queries.is_none() && arguments.vector.is_none() && arguments.like.is_empty();
    let EngineError::Corpus(CorpusError::NotFound { name }) = &error else { return error.into() };
    match arguments.words.first() {
        Some(query) if has_query && is_word(query) && is_word(name) => {
            UsageError::UnquotedQuery(error).into()
        }
        _ if !has_query => UsageError::NoQueryTaken(error).into(),
        _ => error.into(),
    }
}

/// Whether `text` is a single word, and not a path.
fn is_word(text: &str) -> bool {
    let within_sentence = text.trim_end_matches('.');
    !within_sentence.contains(|character: char| matches!(character, '/' | '.') || character.is_whitespace())
}

impl Queries<'_> {
    /// The queries, each of which has something to look for.
    pub(super) fn read(
        self,
        arguments: &SearchArguments,
        global: &GlobalArguments,
    ) -> anyhow::Result<Vec<TypedQuery>> {
        let queries = match self {
            Self::Argument(text) => vec![TypedQuery::Text { text: text.to_owned(), line: None }],
            Self::Lines(file) => read_lines(&Source::from_argument(file), global)?,
            Self::Rows(file) => read_rows(file)?,
            Self::Sum(label) => vec![TypedQuery::Sum { label }],
        };
        for query in &queries {
            if let TypedQuery::Text { text, line } = query {
                check(text, *line, arguments)?;
            }
        }
        if arguments.reranking.is_on() && queries.iter().all(|query| query.marks().is_none()) {
            return Err(UsageError::NothingToRerankFor.into());
        }
        Ok(queries)
    }
}

/// Refuses a query that has nothing to look for.
fn check(text: &str, line: Option<u64>, arguments: &SearchArguments) -> Result<(), UsageError> {
    let is_empty = |text: &str| text.chars().all(|char| char.is_whitespace() || char == '"');
    if is_empty(text) {
        return Err(line.map_or(UsageError::EmptyQuery, |line| UsageError::EmptyQueryLine { line }));
    }
    if arguments.reads_marks() && is_empty(&WordQuery::parse(text).text) {
        return Err(UsageError::OnlyExcluded { query: text.to_owned() });
    }
    Ok(())
}

fn read_rows(file: &Path) -> anyhow::Result<Vec<TypedQuery>> {
    let vectors = NpyReader::open(file)?.next_rows(usize::MAX)?;
    if vectors.is_empty() {
        return Err(UsageError::NoQueryVectors { path: file.to_owned() }.into());
    }
    let query = |(row, vector): (u64, &[f32])| TypedQuery::Vector { vector: vector.to_owned(), row };
    Ok((1..).zip(vectors.rows()).map(query).collect())
}

fn read_lines(source: &Source, global: &GlobalArguments) -> anyhow::Result<Vec<TypedQuery>> {
    let options = ReadOptions { format: Some(InputFormat::Lines), ..ReadOptions::default() };
    let no_passages = |_: &str| 0;
    let mut reader = source.read(Origin::Named, &options, &no_passages)?;
    let mut queries = Vec::new();
    for document in reader.by_ref() {
        let document = document?;
        let line = document.line;
        queries.extend(
            document.passages.into_iter().map(|passage| TypedQuery::Text { text: passage.text, line }),
        );
    }
    if queries.is_empty() {
        return Err(UsageError::NoQueries { name: source.description() }.into());
    }
    let statistics = reader.statistics();
    if statistics.blank_lines > 0 {
        note(global, &format!("skipped {}", counted(statistics.blank_lines, "blank line")));
    }
    note_replacements(global, statistics.replaced_lines);
    Ok(queries)
}

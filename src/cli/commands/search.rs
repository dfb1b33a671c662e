//! `embed search`: the passages nearest to a query, from the index or straight from files.

use std::borrow::Cow;
use std::io::{self, BufWriter};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;
use embed::corpus::Source;
use embed::exchange::NpyReader;
use embed::index::Reader;
use embed::model::{Model, ModelError};
use embed::search::{Collection, Hit, LocatedPassage, SearchOptions, search_index};
use embed::vectors::{Dimension, UnitVectors};

use super::super::args::{GlobalArguments, IndexLocation, ModelArguments, at_least_one};
use super::super::progress::TerminalProgress;
use super::super::render::{Format, PlainStyle, QueryColumn, Record, write_records};
use super::super::report::{ExitStatus, counted, note, note_replacements};
use super::super::resolve::{self, Environment};
use super::super::usage::UsageError;

/// Find the passages nearest in meaning to a query
#[derive(Debug, Args)]
#[command(
    override_usage = "embed search [OPTIONS] QUERY [FILE]...\n       embed search [OPTIONS] --queries FILE [FILE]...\n       embed search [OPTIONS] --vector FILE.npy [FILE]..."
)]
#[command(after_help = "\
Examples:
  embed search \"how do I return\"                 search the index
  embed search \"how do I return\" docs.txt        search a file, without an index
  embed search --queries questions.txt --jsonl   search for every line of a file
  tail -n 1000 app.log | embed search \"disk full\" -")]
pub(crate) struct SearchArguments {
    /// The query, and files to search instead of the index ('-' is standard input); with --queries or --vector all are files
    #[arg(value_name = "QUERY] [FILE")]
    words: Vec<String>,
    /// Search for every line of FILE ('-' is standard input)
    #[arg(long, value_name = "FILE")]
    queries: Option<PathBuf>,
    /// Search for every row of a NumPy file, of the dimension of what is searched
    #[arg(long, value_name = "FILE.npy", conflicts_with_all = ["queries", "query_prefix"])]
    vector: Option<PathBuf>,
    /// Results a query at the most
    #[arg(short = 'k', long, value_name = "K", default_value = "3", value_parser = at_least_one)]
    top_k: NonZeroUsize,
    /// The lowest score of a result, from -1 to 1
    #[arg(long, value_name = "SCORE", allow_negative_numbers = true, value_parser = score)]
    min_score: Option<f32>,
    /// Write one JSON document
    #[arg(long, conflicts_with = "jsonl")]
    json: bool,
    /// Write a JSON object a line
    #[arg(long)]
    jsonl: bool,
    #[command(flatten)]
    location: IndexLocation,
    #[command(flatten)]
    model: ModelArguments,
}

fn score(text: &str) -> Result<f32, String> {
    match text.parse::<f32>() {
        Ok(score) if score.is_finite() => Ok(score),
        _ => Err("it must be a number, such as 0.5".to_owned()),
    }
}

/// What to search for, and its line or row where it comes from a file.
struct Query {
    /// `None` for a vector.
    text: Option<String>,
    line: Option<u64>,
}

/// What is searched, as the words say.
struct Request {
    queries: Vec<Query>,
    /// A row for every query, where they are vectors.
    vectors: Option<UnitVectors>,
    sources: Vec<Source>,
}

/// Hits of each query, and the model that found them.
struct Answers {
    model: String,
    hits: Vec<Vec<Hit>>,
}

pub(crate) fn run(arguments: &SearchArguments, global: &GlobalArguments) -> anyhow::Result<ExitStatus> {
    let environment = Environment::read()?;
    let request = request(arguments, global)?;
    let answers = if request.sources.is_empty() {
        answer_from_index(arguments, &environment, &request)?
    } else {
        answer_from_sources(arguments, global, &request)?
    };
    let format = format(arguments, global, &environment);
    let records = records(&request.queries, answers.hits);
    write_records(&mut BufWriter::new(io::stdout().lock()), format, &answers.model, &records)?;
    Ok(if records.is_empty() { ExitStatus::NothingFound } else { ExitStatus::Success })
}

fn request(arguments: &SearchArguments, global: &GlobalArguments) -> anyhow::Result<Request> {
    let (queries, files) = match (&arguments.queries, &arguments.vector, arguments.words.as_slice()) {
        (Some(file), _, files) => (Queries::Lines(file), files),
        (None, Some(file), files) => (Queries::Rows(file), files),
        (None, None, [query, files @ ..]) => (Queries::Argument(query), files),
        (None, None, []) => return Err(UsageError::MissingQuery.into()),
    };
    let sources: Vec<Source> = files.iter().map(|file| Source::from_argument(Path::new(file))).collect();
    let streams = sources.iter().filter(|source| **source == Source::Stdin).count();
    let query_stream = matches!(queries, Queries::Lines(file) if file.as_os_str() == "-");
    if streams + usize::from(query_stream) > 1 {
        return Err(UsageError::StandardInputTwice.into());
    }
    for source in &sources {
        source.facts()?;
    }
    let (queries, vectors) = queries.read(global)?;
    Ok(Request { queries, vectors, sources })
}

/// Where the queries come from.
enum Queries<'a> {
    Argument(&'a str),
    Lines(&'a Path),
    Rows(&'a Path),
}

impl Queries<'_> {
    /// The queries, and their vectors where they are none but vectors.
    fn read(&self, global: &GlobalArguments) -> anyhow::Result<(Vec<Query>, Option<UnitVectors>)> {
        match *self {
            Self::Argument(text) if text.trim().is_empty() => Err(UsageError::EmptyQuery.into()),
            Self::Argument(text) => Ok((vec![Query { text: Some(text.to_owned()), line: None }], None)),
            Self::Lines(file) => Ok((read_queries(&Source::from_argument(file), global)?, None)),
            Self::Rows(file) => {
                let rows = NpyReader::open(file)?.next_rows(usize::MAX)?;
                if rows.is_empty() {
                    return Err(UsageError::NoQueryVectors { path: file.to_owned() }.into());
                }
                let queries = (1..=rows.len() as u64).map(|row| Query { text: None, line: Some(row) });
                Ok((queries.collect(), Some(rows)))
            }
        }
    }
}

fn read_queries(source: &Source, global: &GlobalArguments) -> anyhow::Result<Vec<Query>> {
    let mut reader = source.lines()?;
    let mut queries = Vec::new();
    for document in reader.by_ref() {
        let document = document?;
        let line = document.line;
        queries.extend(document.passages.into_iter().map(|passage| Query { text: Some(passage.text), line }));
    }
    if queries.is_empty() {
        return Err(UsageError::NoQueries { name: source.name() }.into());
    }
    if reader.blank_lines() > 0 {
        note(global, &format!("skipped {}", counted(reader.blank_lines(), "blank line")));
    }
    note_replacements(global, reader.replaced_lines());
    Ok(queries)
}

fn answer_from_index(
    arguments: &SearchArguments,
    environment: &Environment,
    request: &Request,
) -> anyhow::Result<Answers> {
    let folder = environment.index_to_search(&arguments.location)?;
    let reader = Reader::open(&folder)?;
    let indexed = reader.settings();
    let vectors = if let Some(vectors) = &request.vectors {
        resolve::refuse_other_model(&arguments.model, &folder, indexed)?;
        refuse_other_dimension(arguments, vectors, indexed.dimension, "the index")?;
        Cow::Borrowed(vectors)
    } else {
        let model = resolve::model_of_index(&arguments.model, &folder, indexed)?;
        Cow::Owned(embed_queries(&model, &request.queries)?)
    };
    let show_source = |path: &_| environment.shown_source(path, &folder);
    let hits = search_index(&reader, &vectors, options(arguments), &show_source)?;
    Ok(Answers { model: indexed.model.clone(), hits })
}

fn answer_from_sources(
    arguments: &SearchArguments,
    global: &GlobalArguments,
    request: &Request,
) -> anyhow::Result<Answers> {
    let model = resolve::model_of_flags(&arguments.model)?;
    if let Some(vectors) = &request.vectors {
        refuse_other_dimension(arguments, vectors, model.dimension(), "the model")?;
    }
    let bytes = resolve::total_bytes(&request.sources)?;
    let mut progress = TerminalProgress::new(bytes, resolve::progress_visibility(global));
    let (collection, totals) = Collection::read(&model, &request.sources, &mut progress)?;
    drop(progress);
    note_replacements(global, totals.replaced_lines);
    let vectors = match &request.vectors {
        Some(vectors) => Cow::Borrowed(vectors),
        None => Cow::Owned(embed_queries(&model, &request.queries)?),
    };
    let hits = collection.search(&vectors, options(arguments));
    Ok(Answers { model: model.name().to_owned(), hits })
}

fn embed_queries(model: &Model, queries: &[Query]) -> Result<UnitVectors, ModelError> {
    let texts: Vec<&str> = queries.iter().filter_map(|query| query.text.as_deref()).collect();
    Ok(model.embed_queries(&texts)?.vectors)
}

/// The rows of `--vector` must be as wide as those of `owner`.
fn refuse_other_dimension(
    arguments: &SearchArguments,
    vectors: &UnitVectors,
    expected: Dimension,
    owner: &str,
) -> Result<(), UsageError> {
    let found = vectors.dimension();
    if found == expected {
        return Ok(());
    }
    let path = arguments.vector.clone().expect("only --vector gives vectors");
    Err(UsageError::OtherDimension { path, found, owner: owner.to_owned(), expected })
}

fn options(arguments: &SearchArguments) -> SearchOptions {
    SearchOptions { top_k: arguments.top_k.get(), minimum_score: arguments.min_score }
}

fn format(arguments: &SearchArguments, global: &GlobalArguments, environment: &Environment) -> Format {
    match (arguments.json, arguments.jsonl) {
        (true, _) => Format::Json,
        (_, true) => Format::Jsonl,
        (false, false) => Format::Plain(PlainStyle {
            width: resolve::terminal_width(),
            color: environment.color(global.color),
            queries: match (&arguments.queries, &arguments.vector) {
                (None, None) => QueryColumn::Hidden,
                _ => QueryColumn::Shown,
            },
        }),
    }
}

fn records(queries: &[Query], hits: Vec<Vec<Hit>>) -> Vec<Record> {
    let answered = queries.iter().zip(hits);
    answered
        .flat_map(|(query, hits)| (1..).zip(hits).map(move |(rank, hit)| record(query, rank, hit)))
        .collect()
}

fn record(query: &Query, rank: usize, hit: Hit) -> Record {
    let LocatedPassage { source, document, ordinal, passage, metadata } = hit.passage;
    let document = format!("{source}:{document}");
    let id = if ordinal == 0 { document.clone() } else { format!("{document}#{}", u64::from(ordinal) + 1) };
    Record {
        query: query.text.clone(),
        query_line: query.line,
        rank,
        score: hit.score,
        id,
        source,
        line: passage.lines.map(|(line, _)| line),
        end_line: passage.lines.map(|(_, end_line)| end_line),
        start_byte: passage.bytes.map(|(start, _)| start),
        end_byte: passage.bytes.map(|(_, end)| end),
        document,
        text: passage.text,
        metadata,
    }
}

//! Hints for sources that cannot be read: the library names the fault, this page the flag that mends it.

use anyhow::Error;
use embed::corpus::CorpusError;
use embed::engine::EngineError;
use embed::indexing::IndexingError;
use embed::search::CollectionError;
use embed::streaming::StreamError;

/// How to mend a source that could not be read.
pub(crate) fn corpus_hint(error: &Error) -> Option<&'static str> {
    match corpus_error(error)? {
        CorpusError::NotText { .. } => Some("if it is UTF-16, give its --encoding"),
        CorpusError::StandardInputTwice => Some("give - once"),
        CorpusError::TooLarge { .. } => Some("read it line by line with --input-format lines"),
        CorpusError::TooManyAttributes { .. } => Some("read it as it is with --input-format code"),
        CorpusError::NoTextField { .. } => Some("name the field of the text with --text"),
        CorpusError::NoIdField { .. } => Some("name another field with --id"),
        CorpusError::NoRecord { .. } => Some("give its format with --input-format"),
        CorpusError::NotJsonArray { .. } => Some("for an object a line, give --input-format jsonl"),
        CorpusError::NotRecords { .. } => Some("give --input-format lines, csv, tsv, jsonl or json"),
        _ => None,
    }
}

/// The error of the corpus, by itself or in what it made fail.
fn corpus_error(error: &Error) -> Option<&CorpusError> {
    if let Some(error) = error.downcast_ref::<EngineError>() {
        return match error {
            EngineError::Corpus(error) | EngineError::Indexing(IndexingError::Corpus(error)) => Some(error),
            _ => None,
        };
    }
    if let Some(IndexingError::Corpus(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(CollectionError::Corpus(error)) = error.downcast_ref() {
        return Some(error);
    }
    if let Some(StreamError::Corpus(error)) = error.downcast_ref() {
        return Some(error);
    }
    error.downcast_ref()
}

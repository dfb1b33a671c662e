//! From sources to documents and their passages.
//!
//! A *source* is a file or standard input. It holds *documents*; a document has one or more *passages*, each a text
//! that gets a vector of its own.
//!
//! - [`SourceFinder`] turns the user's arguments into sources, walking folders.
//! - [`Source::read`] opens one, and [`DocumentReader`] yields its documents one by one. Memory is bounded by
//!   [`ReadLimits`], not by the size of a source; only of the user's own ids a hash of 16 bytes each is kept, to find
//!   repeated ones.
//! - [`DocumentReader::finish`] tells what the source was ([`SourceReport`]): size, time and SHA-256, to see later
//!   whether it changed, and what was skipped or replaced.
//! - [`Source::records`] yields every line or row in its place, the faulty ones too, for answers line by line.
//!
//! What a document is follows from the [`InputFormat`]: a line, a row, a JSON object, or the whole file split into
//! passages. Plain text alone is read differently when it was found by walking ([`Origin`]).
//!
//! A fault in one row or one walked file never costs another: it is skipped and counted. A fault in a source that the
//! user named, or one that puts the rest of a source in doubt, is a [`CorpusError`].

mod document;
mod encoding;
mod error;
mod format;
mod html;
mod identity;
mod json;
mod lines;
mod located;
mod measure;
mod offsets;
mod passages;
mod placed;
mod reader;
mod records;
mod source;
mod statistics;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod tokens;
mod values;
mod walk;
mod whole;

pub use document::{Document, Passage, PassagePlace, passage_key};
pub use encoding::Encoding;
pub use error::CorpusError;
pub use format::{InputFormat, Origin};
pub use identity::canonical;
pub use located::LocatedPassage;
pub use measure::ContentFacts;
pub use passages::PassageSettings;
pub use placed::{PlacedRecord, PlacedRecords, TextRecord};
pub use reader::{DocumentReader, ReadLimits, ReadOptions, SourceReport};
pub use records::FieldChoice;
pub use source::{Source, SourceFacts};
pub use statistics::{ReadStatistics, RowProblem, RowTally};
pub use tokens::TokenCounter;
pub use walk::{
    Found, FoundSource, Hidden, IgnoreFiles, Links, SkipReason, SkippedFile, SourceFinder, WalkOptions,
};

//! From sources to documents and their passages.
//!
//! A *source* is a file or standard input. It holds *documents*; a document has one or more *passages*, each a text
//! with its own vector.
//!
//! - [`SourceFinder`] turns the user's arguments into sources, walking folders. A file is yielded once, by its
//!   [`canonical`] path.
//! - [`Source::read`] opens one, and [`DocumentReader`] yields its documents one by one. Memory is bounded by
//!   [`ReadLimits`], not by the size of a source; for each of the user's own ids, a hash of 16 bytes is kept to detect
//!   duplicates.
//! - [`DocumentReader::finish`] returns facts about the source ([`SourceReport`]): size, time and SHA-256, to detect
//!   changes later, and counts of what was skipped or replaced.
//! - [`Source::records`] yields every line or row in its place, including invalid ones, for answers line by line.
//!
//! The [`InputFormat`] determines the documents: a line, a row, a JSON object, or the whole file split into passages.
//! Only plain text is read differently when it was found by walking ([`Origin`]).
//!
//! An error in one row or one walked file never affects another: the row or file is skipped and counted. An error in a
//! source that the user named, or one that makes the rest of a source doubtful, is a [`CorpusError`].
//!
//! # Lines
//!
//! Line ends are `\n` and `\r\n`. White space of any script is trimmed from both ends of a text. Bytes that are not
//! UTF-8 become U+FFFD.
//!
//! | a line that | as a document | in its place |
//! | --- | --- | --- |
//! | is blank | is counted | has no text |
//! | has a NUL byte | is an error of the source | is malformed |
//! | exceeds [`ReadLimits::text_bytes`] | is cut and counted | is too long, since the user gets the text back whole |
//!
//! # Rows
//!
//! - The text consists of the fields in [`FieldChoice::text`], each trimmed, joined by a space. If no field is named,
//!   the text is the field with a usual name (`text`, `content`, `body`…) of the first record that has one. If none of
//!   the first records has one, a document has the texts of all fields that hold words, each on a line.
//! - The text of an array is that of its elements; that of a number or a boolean is its JSON; null and objects have
//!   none. A row without a text is skipped, or reported in its place.
//! - An id is a trimmed string or a number. A row without one, or with that of an earlier row, is skipped. Where no id
//!   field is named, the id is the line, with `#n` for the n-th document that starts on it.
//! - The other fields are metadata. The fields of text and id are not, unless they are reached by a path.
//! - Values of tables have their apparent type; ids and texts are verbatim.
//! - Blank lines between the rows of a table or of an array are ignored. Between JSON objects, one per line, they are
//!   skipped, or reported in their place as rows without a text.
//! - A text beyond [`ReadLimits::text_bytes`] is cut. Metadata beyond its limits is cut and counted; in its place, a row
//!   keeps all fields, since the user gets them back.
//! - A row beyond [`ReadLimits::row_bytes`], or of a table with more than 65,536 fields, is skipped.

mod budget;
mod document;
mod document_format;
mod encoding;
mod error;
mod facts;
mod finder;
mod format;
mod found;
mod front_matter;
mod generated;
mod globs;
mod html;
mod identity;
mod json;
mod json_fields;
mod lines;
mod located;
mod lookahead;
mod measure;
mod offsets;
mod options;
mod passages;
mod pipe;
mod placed;
mod reader;
mod records;
mod rows;
mod sentences;
mod source;
mod statistics;
mod stream;
mod table;
#[cfg(test)]
mod tests;
mod text_rows;
mod tokens;
mod values;
mod walk;
mod whole;
mod word_fields;

pub use document::{Document, Passage, PassagePlace, contextual_text, passage_key};
pub use encoding::{TextEncoding, UnknownEncoding, open_decoded};
pub use error::CorpusError;
pub use facts::{ContentFacts, SourceFacts};
pub use finder::SourceFinder;
pub use format::{InputFormat, Origin, UnknownFormat};
pub use found::{Found, FoundSource, SkipReason, SkippedFile};
pub use globs::SourceGlobs;
pub use identity::canonical;
pub use located::LocatedPassage;
pub use options::{FieldChoice, PageExtent, ReadLimits, ReadOptions};
pub use passages::PassageSettings;
pub use placed::{PlacedRecord, PlacedRecords, TextRecord};
pub use reader::{DocumentReader, SourceReport};
pub use sentences::sentences;
pub use source::Source;
pub use statistics::{ReadStatistics, RowProblem, RowTally};
pub use tokens::TokenCounter;
pub use walk::{Hidden, IgnoreFiles, WalkOptions};

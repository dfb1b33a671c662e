//! From sources to documents and their passages.
//!
//! A *source* is a file or standard input. It holds *documents*; a document has one or more *passages*, each a text
//! that gets a vector of its own. In a plain text file every non-blank line is a document of one passage.

mod document;
mod error;
mod lines;
mod source;

pub use document::{Document, Passage};
pub use error::CorpusError;
pub use lines::LineReader;
pub use source::{Source, SourceFacts};

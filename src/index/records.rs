//! What goes into an index and what comes out of it.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::StoredPath;
use crate::corpus::{PassagePlace, passage_key};
use crate::vectors::RowId;

/// The number of a source; never reused within an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(super) i64);

/// The number of a document; never reused within an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub(super) i64);

/// The first 16 bytes of the SHA-256 of an embedded text: equal texts have equal vectors, so that a vector is
/// found by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextHash([u8; 16]);

impl TextHash {
    /// The hash of a text as the model is shown it, without the document prefix.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha256::digest(text)[..16]);
        Self(hash)
    }

    pub(super) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The SHA-256 of the bytes of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// How a source looked when it was read, by which a later run sees whether it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceVersion {
    /// The size in bytes.
    pub size: Option<u64>,
    /// The time of the last change, in nanoseconds since 1970 in UTC.
    pub modified_ns: Option<i64>,
    /// The hash of the bytes.
    pub content: Option<ContentHash>,
}

/// A source that is about to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSource {
    /// Where it is.
    pub path: StoredPath,
    /// How it is split into documents and passages, in the words of the reader of sources.
    pub rule: Value,
    /// How it looks now.
    pub version: SourceVersion,
}

/// A document that is about to be added to a source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewDocument<'text> {
    /// The line number or the user's own id; unique within the source.
    pub key: &'text str,
    /// The line that the document begins on, counted from 1.
    pub line: Option<u64>,
    /// The user's own fields.
    pub metadata: Option<&'text Value>,
}

/// Where a passage stands in its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// The first line, counted from 1.
    pub line: Option<u64>,
    /// The last line, counted from 1.
    pub end_line: Option<u64>,
    /// The offset of the first byte, counted from 0.
    pub start_byte: Option<u64>,
    /// The offset after the last byte.
    pub end_byte: Option<u64>,
}

/// A passage that is about to be added to a document.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NewPassage<'text> {
    /// The document it is a part of.
    pub document: DocumentId,
    /// Its position among the passages of the document, counted from 0.
    pub ordinal: u32,
    /// Where it stands in the source.
    pub span: Span,
    /// The text to show.
    pub text: &'text str,
    /// The hash of the text that was embedded.
    pub hash: TextHash,
}

/// A passage as a search shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PassageRecord {
    /// The row of its vector.
    pub row: RowId,
    /// Its source.
    pub source: StoredPath,
    /// The key of its document: the line number or the user's own id.
    pub document: String,
    /// The line that the document begins on, counted from 1.
    pub document_line: Option<u64>,
    /// Its position among the passages of the document, counted from 0.
    pub ordinal: u32,
    /// The passages before it in its document that start on the same line.
    pub earlier_on_line: usize,
    /// Where it stands in the source.
    pub span: Span,
    /// Its text.
    pub text: String,
    /// The user's own fields of the document.
    pub metadata: Option<Value>,
}

impl PassageRecord {
    /// The passage's own name within its source, as [`crate::corpus::Document::passage_key`] has it.
    #[must_use]
    pub fn key(&self) -> String {
        let (index, line) = (self.ordinal as usize, self.span.line);
        passage_key(&self.document, PassagePlace { index, line, earlier_on_line: self.earlier_on_line })
    }
}

/// A visible source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    /// Its number.
    pub id: SourceId,
    /// Where it is.
    pub path: StoredPath,
    /// How it was split.
    pub rule: Value,
    /// How it looked when it was read.
    pub version: SourceVersion,
    /// The number of its documents.
    pub documents: u64,
    /// The number of its passages.
    pub passages: u64,
}

/// How much an index holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counts {
    /// Visible sources.
    pub sources: u64,
    /// Documents of visible sources.
    pub documents: u64,
    /// Passages of visible sources, which is the number of live rows.
    pub passages: u64,
    /// Committed rows of the live generation, dead and pending ones included.
    pub rows: u64,
}

impl Counts {
    /// Rows that a search passes over in vain: those of replaced, removed and pending content.
    #[must_use]
    pub const fn dead_rows(&self) -> u64 {
        self.rows - self.passages
    }
}

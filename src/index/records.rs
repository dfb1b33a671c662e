//! What an index records beside passages: sources, their versions, hashes and counts.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::path::StoredPath;

/// The number of a source; never reused within an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub(crate) i64);

/// The number of a document; never reused within an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub(super) i64);

/// The first 16 bytes of the SHA-256 of an embedded text. Equal texts have equal vectors, so the hash finds a vector
/// that is known already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TextHash([u8; 16]);

impl TextHash {
    /// The hash of a text without the document prefix.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut hash = [0; 16];
        hash.copy_from_slice(&Sha256::digest(text)[..16]);
        Self(hash)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// The SHA-256 of the bytes of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentHash(pub [u8; 32]);

/// What was recorded of a source when it was read. A later run compares it to see whether the source changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceVersion {
    /// The size in bytes.
    pub size: Option<u64>,
    /// When its content was last modified, in nanoseconds since 1970 in UTC; anyone may set it.
    pub modified_ns: Option<i64>,
    /// When its content or its description was last changed, in nanoseconds since 1970 in UTC; set by the system
    /// alone. `None` where the system has no such time.
    pub changed_ns: Option<i64>,
    /// The number of the file in its file system; `None` where the system has none.
    pub inode: Option<u64>,
    /// The hash of the bytes.
    pub content: Option<ContentHash>,
}

/// A source that is about to be read.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSource {
    /// Where it is.
    pub path: StoredPath,
    /// How it is read and split, in the form that the reader of sources defines.
    pub rule: Value,
    /// What is known of it now.
    pub version: SourceVersion,
}

/// A visible source.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceRecord {
    /// Its number.
    pub id: SourceId,
    /// Where it is.
    pub path: StoredPath,
    /// How it was read and split.
    pub rule: Value,
    /// What was recorded when it was read.
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
    /// Rows that a search reads for nothing: those of replaced, removed and pending content.
    #[must_use]
    pub const fn dead_rows(&self) -> u64 {
        self.rows - self.passages
    }
}

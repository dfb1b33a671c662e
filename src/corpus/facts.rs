//! What a source was when it was read, to tell later whether it changed.

/// What the file system says of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceFacts {
    /// Bytes; `None` for a stream.
    pub size: Option<u64>,
    /// When the content was last modified, in nanoseconds since 1970; `None` for a stream.
    pub modified_nanoseconds: Option<i64>,
    /// When the system last changed the content or the description, in nanoseconds since 1970; `None` for a stream,
    /// and where the system keeps no such time.
    pub changed_nanoseconds: Option<i64>,
    /// The number of the file in its file system; `None` for a stream, and where the system has none.
    pub inode: Option<u64>,
}

/// What a source holds, known once it is read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentFacts {
    /// Bytes read.
    pub bytes: u64,
    /// SHA-256 of those bytes.
    pub sha256: [u8; 32],
}

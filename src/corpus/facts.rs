//! Facts about a source when it was read, to detect changes later.

/// The file system's facts about a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceFacts {
    /// Bytes; `None` for a stream.
    pub size: Option<u64>,
    /// When the content was last modified, in nanoseconds since 1970; `None` for a stream.
    pub modified_nanoseconds: Option<i64>,
    /// When the content or the inode last changed, in nanoseconds since 1970; `None` for a stream, and on systems
    /// without such a time.
    pub changed_nanoseconds: Option<i64>,
    /// The inode of the file; `None` for a stream, and on systems without inodes.
    pub inode: Option<u64>,
}

/// Facts about the content of a source, known once it is read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentFacts {
    /// Bytes read.
    pub bytes: u64,
    /// SHA-256 of those bytes.
    pub sha256: [u8; 32],
}

//! What a source is made of.

/// A unit of a source that a user would call one thing: a line, a file, a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Names the document within its source: its line number, or an id of the user's own.
    pub key: String,
    /// The line it starts on, counted from 1; `None` where lines mean nothing.
    pub line: Option<u64>,
    /// The user's own fields.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// Its texts in order, at least one.
    pub passages: Vec<Passage>,
}

/// A text that gets a vector of its own, and where it stands in its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passage {
    /// The text, without surrounding white space.
    pub text: String,
    /// First and last line, counted from 1; `None` where lines mean nothing.
    pub lines: Option<(u64, u64)>,
    /// First byte, and the byte after the last; `None` where the text is not a stretch of the source.
    pub bytes: Option<(u64, u64)>,
}

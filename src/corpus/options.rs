//! How sources are read; the same for all sources of a run.

use super::encoding::TextEncoding;
use super::format::InputFormat;
use super::passages::PassageSettings;

/// How sources are read.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The format of every source; `None` derives it from the name of each.
    pub format: Option<InputFormat>,
    /// How bytes become text.
    pub encoding: TextEncoding,
    /// Which fields of a record are its text and its id.
    pub fields: FieldChoice,
    /// How large passages are.
    pub passages: PassageSettings,
    /// How much of an HTML page is read.
    pub page: PageExtent,
    /// How much is held in memory.
    pub limits: ReadLimits,
}

/// How much of an HTML page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageExtent {
    /// What the page is about: its only `main` or `article`, or else all but navigation, links before and after the text,
    /// remarks at the side, footers, controls, and what is hidden.
    #[default]
    Main,
    /// All that is text.
    Whole,
}

/// Which fields of a record are its text and its id. A name that is not a field itself is a path through objects, its
/// steps joined by dots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldChoice {
    /// The fields whose texts, joined by a space, are the text: `title` and `text` are then BEIR's own. With none,
    /// `text` or another usual name.
    pub text: Vec<String>,
    /// The field that holds the user's own id; with none, the line is the id.
    pub id: Option<String>,
}

/// The most bytes of each kind that are held in memory at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Of a text that is embedded as it is, and of any other field of a record. Of a longer one the start is kept, and
    /// the cut is counted. It is far more than a model reads.
    pub text_bytes: u64,
    /// Of all fields of a record that are neither its text nor its id. What exceeds it is left out, and counted as cut.
    pub metadata_bytes: u64,
    /// Of a row of a table or an object of JSON. A larger one is skipped and counted.
    pub row_bytes: u64,
    /// Of a source that is split into passages. A larger one is an error.
    pub file_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { text_bytes: 1 << 20, metadata_bytes: 4 << 20, row_bytes: 64 << 20, file_bytes: 64 << 20 }
    }
}

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
    /// The size of passages.
    pub passages: PassageSettings,
    /// How much of an HTML page is read.
    pub page: PageExtent,
    /// Limits on memory.
    pub limits: ReadLimits,
}

/// How much of an HTML page is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PageExtent {
    /// The main content: the only `main` or `article`, or else all but navigation, links before and after the text,
    /// asides, footers, controls, and hidden elements.
    #[default]
    Main,
    /// All text.
    Whole,
}

/// Which fields of a record are its text and its id. A name that is not a field itself is a path through objects, its
/// steps joined by dots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldChoice {
    /// The fields whose texts are joined by a space: `title` and `text` reproduce BEIR's texts. If empty, `text` or
    /// another usual name.
    pub text: Vec<String>,
    /// The field with the user's own id; if `None`, the line is the id.
    pub id: Option<String>,
}

/// The most bytes of each kind that are held in memory at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The limit of a text that is embedded whole, and of any other field of a record. Longer ones are cut and counted.
    /// The limit is far above that of models.
    pub text_bytes: u64,
    /// The limit of all fields of a record that are neither its text nor its id. The excess is left out and counted as
    /// cut.
    pub metadata_bytes: u64,
    /// The limit of a row of a table or an object of JSON. Larger ones are skipped and counted.
    pub row_bytes: u64,
    /// The limit of a source that is split into passages. A larger one is an error.
    pub file_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { text_bytes: 1 << 20, metadata_bytes: 4 << 20, row_bytes: 64 << 20, file_bytes: 64 << 20 }
    }
}

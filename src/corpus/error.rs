//! What can be wrong with a source.

use std::io;

use super::InputFormat;

/// Why a source cannot be read. `name` is the source as the user knows it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// There is no such file.
    #[error("no file {name}")]
    NotFound {
        /// The source.
        name: String,
    },
    /// A folder where a file is meant.
    #[error("{name} is a folder, not a file")]
    Folder {
        /// The source.
        name: String,
    },
    /// The folder of an index, whose files are no one's text.
    #[error("{name} is an index, not a source; name the folder that it is in")]
    IndexFolder {
        /// The folder.
        name: String,
    },
    /// The system does not let it be read.
    #[error("cannot read {name}")]
    Read {
        /// The source.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// A NUL byte: no text file has one.
    #[error("{name} is not a text file: line {line} has a NUL byte; if it is UTF-16, give its --encoding")]
    NotText {
        /// The source.
        name: String,
        /// The line, counted from 1.
        line: u64,
    },
    /// Nothing but white space where a document is a line.
    #[error("{name} has no text: every line is blank")]
    Blank {
        /// The source.
        name: String,
    },
    /// No document.
    #[error("{name} has no text")]
    Empty {
        /// The source.
        name: String,
    },
    /// An id holds the source's name as text, so the name must be text.
    #[error("the file name {name:?} is not UTF-8; rename the file")]
    NameNotUtf8 {
        /// The name, its faulty bytes replaced.
        name: String,
    },
    /// Standard input can be read once.
    #[error("standard input is named twice; give - once")]
    StandardInputTwice,
    /// A file that is split into passages is held in memory.
    #[error(
        "{name} is larger than {limit} bytes, the most that is split into passages; read it with --input-format lines"
    )]
    TooLarge {
        /// The source.
        name: String,
        /// The most bytes that are read whole.
        limit: u64,
    },
    /// No record has a text.
    #[error("no record of {name} has a text; name its field with --text; it has: {}", fields.join(", "))]
    NoTextField {
        /// The source.
        name: String,
        /// The fields of the first record.
        fields: Vec<String>,
    },
    /// No record has an id of the user's own.
    #[error("no record of {name} has the id field {field:?}; name another with --id; it has: {}", fields.join(", "))]
    NoIdField {
        /// The source.
        name: String,
        /// The field that was asked for.
        field: String,
        /// The fields of the first record.
        fields: Vec<String>,
    },
    /// Every row is faulty, so the format is in doubt.
    #[error("{name} has no JSON object: line {line} is the first that is none; give its --input-format")]
    NoRecord {
        /// The source.
        name: String,
        /// The first faulty line, counted from 1.
        line: u64,
    },
    /// The rest of a table is one field.
    #[error("a quote of {name} is never closed, in the row that starts on line {line}; double or remove it")]
    UnclosedQuote {
        /// The source.
        name: String,
        /// The line, counted from 1.
        line: u64,
    },
    /// What should be one JSON array is not.
    #[error(
        "{name} is no JSON array of objects: {problem} on line {line}; for an object a line, give --input-format jsonl"
    )]
    NotJsonArray {
        /// The source.
        name: String,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong there.
        problem: &'static str,
    },
    /// Records are asked for of a format whose document is the whole file.
    #[error(
        "{name} would be read as {format}, which has no records; give --input-format lines, csv, tsv, jsonl or json"
    )]
    NotRecords {
        /// The source.
        name: String,
        /// How it would be read.
        format: InputFormat,
    },
    /// A pattern that chooses files.
    #[error("the pattern {pattern:?} is not a glob: {problem}")]
    Glob {
        /// The pattern as typed.
        pattern: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Passages must move forward.
    #[error("an overlap of {overlap} tokens does not fit passages of {tokens}; it must be smaller")]
    Overlap {
        /// The overlap asked for, in tokens.
        overlap: usize,
        /// The most tokens of a passage.
        tokens: usize,
    },
    /// A character encoding that the web does not know.
    #[error(
        "no encoding is called {label:?}; give auto, utf-8, utf-16le, latin1 or another label of the web"
    )]
    UnknownEncoding {
        /// What was typed.
        label: String,
    },
    /// A format that is not read.
    #[error("no input format is called {name:?}; give one of {known}")]
    UnknownFormat {
        /// What was typed.
        name: String,
        /// The formats that are read.
        known: String,
    },
}

//! Errors of sources.
//!
//! Messages name sources, fields and limits. A front end adds its own hints, such as a flag.

use std::io;
use std::time::Duration;

use super::format::InputFormat;

/// Why a source cannot be read. `name` is the source as shown to the user.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// There is no such file.
    #[error("no file {name}")]
    NotFound {
        /// The source.
        name: String,
    },
    /// A folder where a file is expected.
    #[error("{name} is a folder, not a file")]
    Folder {
        /// The source.
        name: String,
    },
    /// The folder of an index. Its files are not sources.
    #[error("{name} is an index, not a source; name the folder that it is in")]
    IndexFolder {
        /// The folder.
        name: String,
    },
    /// The system does not permit reading it.
    #[error("cannot read {name}")]
    Read {
        /// The source.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// A named pipe that no program has opened for writing.
    #[error("cannot read {name}: no program opened the pipe for writing within {} seconds", waited.as_secs_f64())]
    NoWriter {
        /// The pipe.
        name: String,
        /// The time that was spent waiting for a writer.
        waited: Duration,
    },
    /// A NUL byte, which no text file has.
    #[error("{name} is not a text file: line {line} has a NUL byte")]
    NotText {
        /// The source.
        name: String,
        /// The line, counted from 1.
        line: u64,
    },
    /// Only white space, in a format where every line is a document.
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
    /// A generated file that the user did not name.
    #[error("{name} is generated or minified")]
    Generated {
        /// The source.
        name: String,
    },
    /// Ids contain the name of the source as text, so the name must be text.
    #[error("the file name {name:?} is not UTF-8; rename the file")]
    NameNotUtf8 {
        /// The name, with invalid bytes replaced.
        name: String,
    },
    /// Standard input can be read once.
    #[error("standard input is named twice")]
    StandardInputTwice,
    /// A file that is split into passages is held in memory.
    #[error("{name} is larger than {limit} bytes, the most that is split into passages")]
    TooLarge {
        /// The source.
        name: String,
        /// The most bytes that are read whole.
        limit: u64,
    },
    /// A tag of a page is too wide to be read.
    #[error("{name} has a tag with more than {limit} attributes")]
    TooManyAttributes {
        /// The source.
        name: String,
        /// The most attributes of a tag.
        limit: usize,
    },
    /// A table of commas seems to be one of another separator.
    #[error("the values of {name} seem to be separated by {separator:?}, not by ','")]
    OtherSeparator {
        /// The source.
        name: String,
        /// What the header and the first row have instead of commas.
        separator: char,
    },
    /// No record has a text.
    #[error("no record of {name} has a text field; it has: {}", list(fields))]
    NoTextField {
        /// The source.
        name: String,
        /// The fields of the first record.
        fields: Vec<String>,
    },
    /// No record has the user's id field.
    #[error("no record of {name} has the id field {field:?}; it has: {}", list(fields))]
    NoIdField {
        /// The source.
        name: String,
        /// The field that should hold the id.
        field: String,
        /// The fields of the first record.
        fields: Vec<String>,
    },
    /// Every row is faulty, so the format is in doubt.
    #[error("{name} has no JSON object: line {line} is the first that is not one")]
    NoRecord {
        /// The source.
        name: String,
        /// The first faulty line, counted from 1.
        line: u64,
    },
    /// The header of a table, or every row of a source, is longer than the limit on rows.
    #[error("no row of {name} can be read: the first, on line {line}, is longer than {limit} bytes")]
    RowTooLong {
        /// The source.
        name: String,
        /// The line on which the first row starts, counted from 1.
        line: u64,
        /// The most bytes of a row.
        limit: u64,
    },
    /// The header of a table, or every row of it, has more fields than a row may have.
    #[error("no row of {name} can be read: the first, on line {line}, has more than {limit} fields")]
    TooManyFields {
        /// The source.
        name: String,
        /// The line on which the first row starts, counted from 1.
        line: u64,
        /// The most fields of a row.
        limit: usize,
    },
    /// A quote is never closed, so the rest of a table is one field.
    #[error("a quote of {name} is never closed, in the row that starts on line {line}; double or remove it")]
    UnclosedQuote {
        /// The source.
        name: String,
        /// The line, counted from 1.
        line: u64,
    },
    /// The source is not a JSON array of objects.
    #[error("{name} is not a JSON array of objects: {problem} on line {line}")]
    NotJsonArray {
        /// The source.
        name: String,
        /// The line, counted from 1.
        line: u64,
        /// The error on that line.
        problem: &'static str,
    },
    /// Records are requested of a format whose document is the whole file.
    #[error("{name} would be read as {format}, which has no records")]
    NotRecords {
        /// The source.
        name: String,
        /// The format of the source.
        format: InputFormat,
    },
    /// A pattern that selects files.
    #[error("the pattern {pattern:?} is not a glob: {problem}")]
    Glob {
        /// The pattern as typed.
        pattern: String,
        /// The error in the pattern.
        problem: String,
    },
    /// The overlap is not smaller than a passage, so passages would not advance.
    #[error("an overlap of {overlap} tokens does not fit passages of {tokens}; it must be smaller")]
    Overlap {
        /// The overlap, in tokens.
        overlap: usize,
        /// The most tokens of a passage.
        tokens: usize,
    },
}

/// The most names of fields in a message, and the most characters of each.
const LISTED_FIELDS: usize = 20;
const LISTED_CHARACTERS: usize = 40;

fn list(fields: &[String]) -> String {
    let mut names: Vec<String> = fields.iter().take(LISTED_FIELDS).map(|name| shortened(name)).collect();
    if let Some(more) = fields.len().checked_sub(LISTED_FIELDS).filter(|&more| more > 0) {
        names.push(format!("and {more} more"));
    }
    names.join(", ")
}

fn shortened(name: &str) -> String {
    match name.char_indices().nth(LISTED_CHARACTERS) {
        Some((end, _)) => format!("{}…", &name[..end]),
        None => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_lists_no_more_fields_than_a_line_has_room_for() {
        let fields: Vec<String> = (0..65_536).map(|column| format!("column_{column}")).collect();
        let message = CorpusError::NoTextField { name: "wide.csv".to_owned(), fields }.to_string();
        assert!(message.ends_with("column_19, and 65516 more"), "{message}");
        let fields = vec!["é".repeat(1 << 20)];
        let message = CorpusError::NoTextField { name: "long.csv".to_owned(), fields }.to_string();
        assert!(message.chars().count() < 120, "{message}");
    }
}

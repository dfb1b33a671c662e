//! What can be wrong with a source.

use std::io;

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
    /// The system does not let it be read.
    #[error("cannot read {name}")]
    Read {
        /// The source.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// A NUL byte: no text file has one.
    #[error("{name} is not a text file: line {line} has a NUL byte")]
    NotText {
        /// The source.
        name: String,
        /// The line, counted from 1.
        line: u64,
    },
    /// Nothing but white space.
    #[error("{name} has no text: every line is blank")]
    Empty {
        /// The source.
        name: String,
    },
}

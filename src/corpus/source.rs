//! Files and standard input, opened for reading.

use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::{CorpusError, LineReader};

/// Large reads keep the system calls of a gigabyte in the thousands.
const BUFFER_BYTES: usize = 256 * 1024;

/// Where documents come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A file, by the path that the user typed.
    File(PathBuf),
    /// Standard input, typed as `-`.
    Stdin,
}

/// What the file system says of a source, to tell later whether it changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SourceFacts {
    /// Bytes; `None` for a stream.
    pub size: Option<u64>,
    /// Nanoseconds since 1970; `None` for a stream.
    pub modified_nanoseconds: Option<i64>,
}

impl Source {
    /// The source that `argument` names: `-` is standard input.
    #[must_use]
    pub fn from_argument(argument: &Path) -> Self {
        if argument.as_os_str() == "-" { Self::Stdin } else { Self::File(argument.to_owned()) }
    }

    /// How the user knows it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Stdin => "-".to_owned(),
        }
    }

    /// Its size and time, without reading it.
    ///
    /// # Errors
    ///
    /// [`CorpusError::NotFound`], [`CorpusError::Folder`] or [`CorpusError::Read`].
    pub fn facts(&self) -> Result<SourceFacts, CorpusError> {
        let Self::File(path) = self else { return Ok(SourceFacts::default()) };
        let metadata = fs::metadata(path).map_err(|error| self.read_error(error))?;
        if metadata.is_dir() {
            return Err(CorpusError::Folder { name: self.name() });
        }
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        Ok(SourceFacts {
            size: metadata.is_file().then_some(metadata.len()),
            modified_nanoseconds: modified.and_then(|age| i64::try_from(age.as_nanos()).ok()),
        })
    }

    /// Opens it as lines of text, each a document.
    ///
    /// # Errors
    ///
    /// As [`Source::facts`].
    pub fn lines(&self) -> Result<LineReader<BufReader<Box<dyn Read>>>, CorpusError> {
        self.facts()?;
        let reader: Box<dyn Read> = match self {
            Self::File(path) => Box::new(File::open(path).map_err(|error| self.read_error(error))?),
            Self::Stdin => Box::new(io::stdin()),
        };
        Ok(LineReader::new(BufReader::with_capacity(BUFFER_BYTES, reader), self.name()))
    }

    fn read_error(&self, source: io::Error) -> CorpusError {
        match source.kind() {
            ErrorKind::NotFound => CorpusError::NotFound { name: self.name() },
            ErrorKind::IsADirectory => CorpusError::Folder { name: self.name() },
            _ => CorpusError::Read { name: self.name(), source },
        }
    }
}

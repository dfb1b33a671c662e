//! Files and standard input, opened for reading.

use std::fs::{self, Metadata};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::error::CorpusError;
use super::facts::{ContentFacts, SourceFacts};
use super::format::{InputFormat, Origin};
use super::generated::looks_generated;
use super::json::{starts_as_array_of_objects, starts_as_line_with_text};
use super::measure::MeasuredReader;
use super::options::ReadOptions;
use super::pipe::{self, OpenError};
use super::placed::PlacedRecords;
use super::reader::{DocumentReader, OpenSource};
use super::stream::TextStream;
use super::tokens::TokenCounter;

/// The argument for standard input.
const STDIN: &str = "-";

/// Where documents come from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Source {
    /// A file, by the path that the user typed or that was found below it.
    File(PathBuf),
    /// Standard input, typed as `-`.
    Stdin,
}

impl Source {
    /// The source that `argument` names: `-` is standard input.
    #[must_use]
    pub fn from_argument(argument: &Path) -> Self {
        if argument.as_os_str() == STDIN { Self::Stdin } else { Self::File(argument.to_owned()) }
    }

    /// The beginning of the ids of its documents: the path, or `-`. A file of that name is `./-`. Bytes of a path that
    /// are not UTF-8 are replaced; such a file is not read.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::File(path) if path == Path::new(STDIN) => plain(path).display().to_string(),
            Self::File(path) => path.display().to_string(),
            Self::Stdin => STDIN.to_owned(),
        }
    }

    /// Its name in messages: the path, or "standard input".
    #[must_use]
    pub fn description(&self) -> String {
        match self {
            Self::File(_) => self.name(),
            Self::Stdin => "standard input".to_owned(),
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
        self.facts_of(&metadata)
    }

    /// Opens it and reads only the first block. Waits at most 10 seconds for the writer of a named pipe.
    ///
    /// # Errors
    ///
    /// As [`Source::facts`]; [`CorpusError::NoWriter`]; [`CorpusError::NameNotUtf8`]; [`CorpusError::NotText`] if the
    /// first block has a NUL byte; [`CorpusError::Overlap`]. Reading documents can return further errors.
    pub fn read<'a>(
        &self,
        origin: Origin,
        options: &ReadOptions,
        counter: &'a dyn TokenCounter,
    ) -> Result<DocumentReader<'a>, CorpusError> {
        let mut stream = self.open_text(options)?;
        let format = self.format(origin, options, &mut stream)?;
        if origin == Origin::Walked && looks_generated(stream.peek()?, format, Path::new(&self.name())) {
            return Err(CorpusError::Generated { name: self.description() });
        }
        let title = if stream.facts().size.is_some() { self.title(format) } else { None };
        DocumentReader::new(OpenSource { stream, format, title }, options, counter)
    }

    /// Opens it for its records, each in its place, and reads only the first block. Waits at most 10 seconds for the
    /// writer of a named pipe.
    ///
    /// # Errors
    ///
    /// As [`Source::facts`]; [`CorpusError::NoWriter`]; [`CorpusError::NameNotUtf8`]; [`CorpusError::NotRecords`]
    /// for a format whose documents are whole files.
    pub fn records(&self, options: &ReadOptions) -> Result<PlacedRecords, CorpusError> {
        let mut stream = self.open_text(options)?;
        let format = self.format(Origin::Named, options, &mut stream)?;
        PlacedRecords::new(stream, format, options)
    }

    /// As [`Source::records`], where each line is meant to be read by itself: standard input whose first line is a JSON object
    /// with the field `text` is read as such lines, unless the options give the format.
    ///
    /// # Errors
    ///
    /// As [`Source::records`]; [`CorpusError::NotText`] where the first block has a NUL byte.
    pub fn text_records(&self, options: &ReadOptions) -> Result<PlacedRecords, CorpusError> {
        let mut stream = self.open_text(options)?;
        stream.expect_text()?;
        let is_open = *self == Self::Stdin && options.format.is_none();
        let format = if is_open && starts_as_line_with_text(&mut stream)? {
            InputFormat::Jsonl
        } else {
            self.format(Origin::Named, options, &mut stream)?
        };
        PlacedRecords::new(stream, format, options)
    }

    fn open_text(&self, options: &ReadOptions) -> Result<TextStream, CorpusError> {
        let (reader, facts) = self.open()?;
        TextStream::new(self.description(), reader, options.encoding, facts)
    }

    fn format(
        &self,
        origin: Origin,
        options: &ReadOptions,
        stream: &mut TextStream,
    ) -> Result<InputFormat, CorpusError> {
        Ok(match (options.format, self) {
            (Some(format), _) => format,
            (None, Self::Stdin) => InputFormat::Lines,
            (None, Self::File(path)) => match InputFormat::detect(path, origin) {
                InputFormat::Json if !starts_as_array_of_objects(stream)? => InputFormat::Code,
                format => format,
            },
        })
    }

    /// The title that its name implies: for code with the ending, which tells the language.
    fn title(&self, format: InputFormat) -> Option<String> {
        let Self::File(path) = self else { return None };
        let name = if format == InputFormat::Code { path.file_name() } else { path.file_stem() };
        name.and_then(|name| name.to_str()).map(str::to_owned)
    }

    /// Reads it to its end for its size and digest, whatever its format. Standard input and pipes are then consumed.
    ///
    /// # Errors
    ///
    /// As [`Source::facts`], [`CorpusError::NoWriter`] and [`CorpusError::NameNotUtf8`].
    pub fn measure(&self) -> Result<ContentFacts, CorpusError> {
        let (reader, _) = self.open()?;
        MeasuredReader::new(reader).finish().map_err(|error| self.read_error(error))
    }

    fn open(&self) -> Result<(Box<dyn Read + Send>, SourceFacts), CorpusError> {
        let Self::File(path) = self else { return Ok((Box::new(io::stdin()), SourceFacts::default())) };
        if path.to_str().is_none() {
            return Err(CorpusError::NameNotUtf8 { name: self.description() });
        }
        let file = pipe::open(path).map_err(|error| match error {
            OpenError::Io(error) => self.read_error(error),
            OpenError::NoWriter { waited } => CorpusError::NoWriter { name: self.description(), waited },
        })?;
        // Metadata of the open file, so that size and time belong to the content even if the path is replaced
        // meanwhile.
        let metadata = file.metadata().map_err(|error| self.read_error(error))?;
        let facts = self.facts_of(&metadata)?;
        Ok((Box::new(file), facts))
    }

    fn facts_of(&self, metadata: &Metadata) -> Result<SourceFacts, CorpusError> {
        if metadata.is_dir() {
            return Err(CorpusError::Folder { name: self.description() });
        }
        if !metadata.is_file() {
            return Ok(SourceFacts::default());
        }
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let (changed_nanoseconds, inode) = change_time_and_inode(metadata);
        Ok(SourceFacts {
            size: Some(metadata.len()),
            modified_nanoseconds: modified.and_then(|age| i64::try_from(age.as_nanos()).ok()),
            changed_nanoseconds,
            inode,
        })
    }

    fn read_error(&self, source: io::Error) -> CorpusError {
        match source.kind() {
            ErrorKind::NotFound => CorpusError::NotFound { name: self.description() },
            ErrorKind::IsADirectory => CorpusError::Folder { name: self.description() },
            _ => CorpusError::Read { name: self.description(), source },
        }
    }
}

#[cfg(unix)]
fn change_time_and_inode(metadata: &Metadata) -> (Option<i64>, Option<u64>) {
    use std::os::unix::fs::MetadataExt;
    let seconds = metadata.ctime().checked_mul(1_000_000_000);
    let changed = seconds.and_then(|nanoseconds| nanoseconds.checked_add(metadata.ctime_nsec()));
    (changed, Some(metadata.ino()))
}

#[cfg(not(unix))]
const fn change_time_and_inode(_metadata: &Metadata) -> (Option<i64>, Option<u64>) {
    (None, None)
}

/// The path without a leading `./`, as walking `.` gives it, unless it would then be standard input.
pub(super) fn plain(path: &Path) -> PathBuf {
    match path.strip_prefix(".") {
        _ if path == Path::new(STDIN) => Path::new(".").join(STDIN),
        Ok(stripped) if stripped != Path::new(STDIN) && !stripped.as_os_str().is_empty() => {
            stripped.to_owned()
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_never_named_as_standard_input_is() {
        assert_eq!(Source::from_argument(Path::new("-")), Source::Stdin);
        for (path, name) in
            [("-", "./-"), ("./-", "./-"), ("./a/-", "./a/-"), ("./a.md", "./a.md"), ("a/-", "a/-")]
        {
            assert_eq!(Source::File(PathBuf::from(path)).name(), name, "{path}");
        }
        for (path, walked) in [("./-", "./-"), ("./a.md", "a.md"), ("./a/-", "a/-"), ("a/-", "a/-")] {
            assert_eq!(plain(Path::new(path)), Path::new(walked), "{path}");
        }
    }
}

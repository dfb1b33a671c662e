//! The results of the search for sources.

use std::{fs, io};

use super::error::CorpusError;
use super::format::Origin;
use super::options::ReadOptions;
use super::reader::DocumentReader;
use super::source::Source;
use super::tokens::TokenCounter;

/// A step of the search for sources.
#[derive(Debug)]
pub enum Found {
    /// A source.
    Source(FoundSource),
    /// A file that was found by walking and cannot be a source.
    Skipped(SkippedFile),
}

/// A source and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundSource {
    /// The source.
    pub source: Source,
    /// How it was found.
    pub origin: Origin,
}

/// A file found by walking that has no documents.
#[derive(Debug)]
pub struct SkippedFile {
    /// The file as shown to the user.
    pub name: String,
    /// The reason.
    pub reason: SkipReason,
}

/// Why a file found by walking has no documents.
#[derive(Debug)]
#[non_exhaustive]
pub enum SkipReason {
    /// It has a NUL byte.
    Binary,
    /// It exceeds the limit on files that are read whole.
    TooLarge,
    /// A symbolic link. Only links that the user named are followed.
    Link,
    /// A pipe, a socket or a device.
    Special,
    /// Its name is not UTF-8.
    NameNotUtf8,
    /// The system does not permit reading it.
    Unreadable(io::Error),
    /// A lock file of a package manager, by its name.
    LockFile,
    /// A generated or minified file, by its name, its first lines or the length of its lines.
    Generated,
    /// An SVG drawing, by its name.
    Drawing,
    /// Its content is invalid, or lacks the requested fields.
    Unusable(CorpusError),
}

impl FoundSource {
    /// The size of a file in bytes; `None` for a stream, and where it is unknown.
    #[must_use]
    pub fn size(&self) -> Option<u64> {
        let Source::File(path) = &self.source else { return None };
        let metadata = fs::metadata(path).ok()?;
        metadata.is_file().then_some(metadata.len())
    }

    /// Opens the source and yields its documents; how it is read depends on how it was found.
    ///
    /// # Errors
    ///
    /// The errors of [`Source::read`].
    pub fn read<'a>(
        &self,
        options: &ReadOptions,
        counter: &'a dyn TokenCounter,
    ) -> Result<DocumentReader<'a>, CorpusError> {
        self.source.read(self.origin, options, counter)
    }

    /// Turns an error in reading this source into a skipped file, if the source was found by walking.
    ///
    /// # Errors
    ///
    /// The error itself if the user named the source, or if no source can be read with these options.
    pub fn skip(&self, error: CorpusError) -> Result<SkippedFile, CorpusError> {
        let reason = match error {
            error if self.origin == Origin::Named => return Err(error),
            CorpusError::Overlap { .. } => return Err(error),
            CorpusError::NotText { .. } => SkipReason::Binary,
            CorpusError::TooLarge { .. } => SkipReason::TooLarge,
            CorpusError::NameNotUtf8 { .. } => SkipReason::NameNotUtf8,
            CorpusError::Generated { .. } => SkipReason::Generated,
            CorpusError::NotFound { .. } => SkipReason::Unreadable(io::ErrorKind::NotFound.into()),
            CorpusError::Read { source, .. } => SkipReason::Unreadable(source),
            error => SkipReason::Unusable(error),
        };
        Ok(SkippedFile { name: self.source.name(), reason })
    }
}

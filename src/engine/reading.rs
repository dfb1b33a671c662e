//! Which files are read and how: requests and their defaults.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use super::EngineError;
use crate::corpus::{
    FieldChoice, Found, FoundSource, InputFormat, PageExtent, PassageSettings, ReadLimits, ReadOptions,
    SkippedFile, SourceFinder, TextEncoding, WalkOptions,
};
use crate::embedding::Embedder;

/// How files are read. Omitted settings have defaults.
#[derive(Debug, Clone, Default)]
pub struct ReadingRequest {
    /// The format of every file; by default, the name of a file decides.
    pub format: Option<InputFormat>,
    /// The encoding of files without a byte-order mark.
    pub encoding: TextEncoding,
    /// Which fields of tables and JSON are text and id.
    pub fields: FieldChoice,
    /// The most tokens of a passage; by default 256, or the model's limit if that is lower.
    pub passage_tokens: Option<NonZeroUsize>,
    /// The number of tokens that a passage repeats from the previous one; by default an eighth of a passage.
    pub passage_overlap: Option<usize>,
    /// How much of HTML pages is read.
    pub page: PageExtent,
}

impl ReadingRequest {
    /// Fills in the defaults for `embedder`.
    pub(super) fn resolve(&self, embedder: &dyn Embedder) -> ReadOptions {
        let longest = || PassageSettings::DEFAULT_TOKENS.min(embedder.longest_document());
        let passages =
            PassageSettings::of_tokens(self.passage_tokens.map_or_else(longest, NonZeroUsize::get));
        ReadOptions {
            format: self.format,
            encoding: self.encoding,
            fields: self.fields.clone(),
            passages: PassageSettings {
                overlap: self.passage_overlap.unwrap_or(passages.overlap),
                ..passages
            },
            page: self.page,
            limits: ReadLimits::default(),
        }
    }
}

/// Files, folders and standard input that a caller named. All of them exist.
pub struct Sources {
    paths: Vec<PathBuf>,
    finder: SourceFinder,
}

impl Sources {
    /// The sources at `paths`, of which `-` is standard input.
    ///
    /// # Errors
    ///
    /// A [`CorpusError`](crate::corpus::CorpusError) if a path does not exist or a pattern is invalid.
    pub fn find(paths: &[PathBuf], walk: WalkOptions) -> Result<Self, EngineError> {
        Ok(Self { paths: paths.to_vec(), finder: SourceFinder::new(paths, walk)? })
    }

    /// The paths, as named.
    #[must_use]
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Walks the folders.
    pub(super) fn collect(self) -> Result<(Vec<FoundSource>, Vec<SkippedFile>), EngineError> {
        let (mut sources, mut skipped) = (Vec::new(), Vec::new());
        for found in self.finder {
            match found {
                Found::Source(source) => sources.push(source),
                Found::Skipped(file) => skipped.push(file),
            }
        }
        if sources.is_empty() && skipped.is_empty() {
            return Err(EngineError::NoFiles { paths: self.paths });
        }
        Ok((sources, skipped))
    }
}

/// The bytes of all sources; `None` where one is a stream.
pub(super) fn total_bytes(sources: &[FoundSource]) -> Option<u64> {
    // A source whose size is unknown is reported when it is read.
    sources.iter().map(|found| found.source.facts().unwrap_or_default().size).sum()
}

//! Documents of any source, one by one, whatever its format.

use std::fmt;

use super::json::{JsonArray, JsonLines};
use super::lines::LineReader;
use super::measure::ContentFacts;
use super::records::{FieldChoice, RecordReader};
use super::stream::TextStream;
use super::table::{Dialect, Table};
use super::whole::WholeReader;
use super::{
    CorpusError, Document, Encoding, InputFormat, PassageSettings, ReadStatistics, SourceFacts, TokenCounter,
};

/// How sources are read; the same for all sources of a run.
#[derive(Debug, Clone, Default)]
pub struct ReadOptions {
    /// The format of every source; `None` tells it from the name of each.
    pub format: Option<InputFormat>,
    /// How bytes become text.
    pub encoding: Encoding,
    /// Which fields of a record are its text and its id.
    pub fields: FieldChoice,
    /// How large passages are.
    pub passages: PassageSettings,
    /// How much is held in memory.
    pub limits: ReadLimits,
}

/// The most bytes of each kind that are held in memory at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Of a line that is a document. More is left out of its text and counted; it is far more than a model reads.
    pub line_bytes: u64,
    /// Of a row of a table or an object of JSON. A larger one is skipped and counted.
    pub row_bytes: u64,
    /// Of a source that is split into passages. A larger one is an error.
    pub file_bytes: u64,
}

impl Default for ReadLimits {
    fn default() -> Self {
        Self { line_bytes: 1 << 20, row_bytes: 64 << 20, file_bytes: 64 << 20 }
    }
}

/// A way to cut a stream into documents.
pub(super) trait DocumentFormat {
    /// The next document; `None` at the end.
    fn next_document(
        &mut self,
        stream: &mut TextStream,
        statistics: &mut ReadStatistics,
    ) -> Result<Option<Document>, CorpusError>;
}

/// The documents of one source, in order. After an error there are no more.
pub struct DocumentReader<'a> {
    stream: TextStream,
    format: Box<dyn DocumentFormat + Send + 'a>,
    input_format: InputFormat,
    statistics: ReadStatistics,
    state: State,
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    Reading,
    Over,
}

/// What a source was, once it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SourceReport {
    /// What the file system said when it was opened.
    pub facts: SourceFacts,
    /// Of the whole content.
    pub content: ContentFacts,
    /// What became of it.
    pub statistics: ReadStatistics,
    /// How it was read.
    pub format: InputFormat,
}

impl<'a> DocumentReader<'a> {
    pub(super) fn new(
        stream: TextStream,
        input_format: InputFormat,
        options: &ReadOptions,
        counter: &'a dyn TokenCounter,
    ) -> Result<Self, CorpusError> {
        let mut reader = Self {
            stream,
            format: format_reader(input_format, options, counter),
            input_format,
            statistics: ReadStatistics::default(),
            state: State::Reading,
        };
        options.passages.check()?;
        reader.stream.expect_text()?;
        Ok(reader)
    }

    /// How the source is read.
    #[must_use]
    pub const fn format(&self) -> InputFormat {
        self.input_format
    }

    /// Bytes of the source read so far.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.stream.bytes_read()
    }

    /// Counts so far.
    #[must_use]
    pub const fn statistics(&self) -> &ReadStatistics {
        &self.statistics
    }

    /// Reads past what is left and tells what the whole was.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Read`].
    pub fn finish(self) -> Result<SourceReport, CorpusError> {
        Ok(SourceReport {
            facts: self.stream.facts(),
            statistics: self.statistics,
            format: self.input_format,
            content: self.stream.finish()?,
        })
    }
}

impl Iterator for DocumentReader<'_> {
    type Item = Result<Document, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == State::Over {
            return None;
        }
        let next = self.format.next_document(&mut self.stream, &mut self.statistics).transpose();
        match &next {
            Some(Ok(document)) => {
                self.statistics.documents += 1;
                self.statistics.passages += document.passages.len() as u64;
            }
            Some(Err(_)) | None => self.state = State::Over,
        }
        next
    }
}

impl fmt::Debug for DocumentReader<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("DocumentReader")
            .field("stream", &self.stream)
            .field("format", &self.input_format)
            .field("statistics", &self.statistics)
            .finish_non_exhaustive()
    }
}

fn format_reader<'a>(
    format: InputFormat,
    options: &ReadOptions,
    counter: &'a dyn TokenCounter,
) -> Box<dyn DocumentFormat + Send + 'a> {
    let ReadLimits { line_bytes, row_bytes, file_bytes } = options.limits;
    let fields = || options.fields.clone();
    match format {
        InputFormat::Lines => Box::new(LineReader::new(line_bytes)),
        InputFormat::Csv => Box::new(RecordReader::new(Table::new(Dialect::Commas, row_bytes), fields())),
        InputFormat::Tsv => Box::new(RecordReader::new(Table::new(Dialect::Tabs, row_bytes), fields())),
        InputFormat::Jsonl => Box::new(RecordReader::new(JsonLines::new(row_bytes), fields())),
        InputFormat::Json => Box::new(RecordReader::new(JsonArray::new(row_bytes), fields())),
        InputFormat::Text | InputFormat::Markdown | InputFormat::Html | InputFormat::Code => {
            Box::new(WholeReader::new(format, options.passages, file_bytes, counter))
        }
    }
}

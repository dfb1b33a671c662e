//! Documents of a source of any format, one by one.

use std::fmt;

use super::document::Document;
use super::document_format::DocumentFormat;
use super::error::CorpusError;
use super::facts::{ContentFacts, SourceFacts};
use super::format::InputFormat;
use super::json::{JsonArray, JsonLines};
use super::lines::LineReader;
use super::options::ReadOptions;
use super::records::RecordReader;
use super::rows::RowSource;
use super::statistics::ReadStatistics;
use super::stream::TextStream;
use super::table::{Dialect, Table};
use super::tokens::TokenCounter;
use super::whole::WholeReader;

/// The documents of one source, in order. After an error there are no more.
pub struct DocumentReader<'a> {
    stream: TextStream,
    format: Box<dyn DocumentFormat + Send + 'a>,
    input_format: InputFormat,
    statistics: ReadStatistics,
    state: ReaderState,
}

/// A source that is about to be read.
pub(super) struct OpenSource {
    pub(super) stream: TextStream,
    pub(super) format: InputFormat,
    /// The title; `None` for a stream.
    pub(super) title: Option<String>,
}

#[derive(Debug, PartialEq, Eq)]
enum ReaderState {
    Reading,
    Over,
}

/// The report on a source that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceReport {
    /// The file system's facts when it was opened.
    pub facts: SourceFacts,
    /// Facts about the whole content.
    pub content: ContentFacts,
    /// Counts of what was read, replaced and left out.
    pub statistics: ReadStatistics,
    /// How it was read.
    pub format: InputFormat,
    /// The fields that were joined to the texts of documents, because no field is named as text and the user named
    /// none.
    pub joined_fields: Option<Vec<String>>,
}

impl<'a> DocumentReader<'a> {
    pub(super) fn new(
        OpenSource { stream, format: input_format, title }: OpenSource,
        options: &ReadOptions,
        counter: &'a dyn TokenCounter,
    ) -> Result<Self, CorpusError> {
        let mut reader = Self {
            stream,
            format: format_reader(input_format, title, options, counter),
            input_format,
            statistics: ReadStatistics::default(),
            state: ReaderState::Reading,
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

    /// Reads the rest and returns the facts of the whole.
    ///
    /// # Errors
    ///
    /// [`CorpusError::Read`].
    pub fn finish(self) -> Result<SourceReport, CorpusError> {
        Ok(SourceReport {
            facts: self.stream.facts(),
            statistics: self.statistics,
            format: self.input_format,
            joined_fields: self.format.joined_fields().map(<[String]>::to_vec),
            content: self.stream.finish()?,
        })
    }
}

impl Iterator for DocumentReader<'_> {
    type Item = Result<Document, CorpusError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.state == ReaderState::Over {
            return None;
        }
        let next = self.format.next_document(&mut self.stream, &mut self.statistics).transpose();
        match &next {
            Some(Ok(document)) => {
                self.statistics.documents += 1;
                self.statistics.passages += document.passages.len() as u64;
            }
            Some(Err(_)) | None => self.state = ReaderState::Over,
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
    title: Option<String>,
    options: &ReadOptions,
    counter: &'a dyn TokenCounter,
) -> Box<dyn DocumentFormat + Send + 'a> {
    let limits = options.limits;
    match format {
        InputFormat::Lines => Box::new(LineReader::new(limits.text_bytes)),
        InputFormat::Csv => records(Table::new(Dialect::Commas, limits.row_bytes), options),
        InputFormat::Tsv => records(Table::new(Dialect::Tabs, limits.row_bytes), options),
        InputFormat::Jsonl => records(JsonLines::new(limits.row_bytes), options),
        InputFormat::Json => records(JsonArray::new(limits.row_bytes), options),
        InputFormat::Text | InputFormat::Markdown | InputFormat::Html | InputFormat::Code => {
            Box::new(WholeReader::new(format, title, options, counter))
        }
    }
}

fn records<S: RowSource + Send + 'static>(rows: S, options: &ReadOptions) -> Box<dyn DocumentFormat + Send> {
    Box::new(RecordReader::new(rows, options.fields.clone(), options.limits))
}

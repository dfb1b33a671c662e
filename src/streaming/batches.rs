//! From records that arrive to batches of vectors.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::thread::{self, JoinHandle};

use super::queue::{Disconnected, Receiver, Sender, queue};
use crate::corpus::{CorpusError, PlacedRecord, PlacedRecords, RowProblem, TextRecord};
use crate::model::{Model, ModelError, TokenizedText};
use crate::vectors::UnitVectors;

/// Bytes of input that are read ahead.
const AHEAD_BYTES: u64 = 1 << 20;

/// Bytes of records that are tokenized together: enough for all threads.
const TOKENIZED_BYTES: u64 = 64 * 1024;

/// Bytes of records of a batch at the most, for records that have much beside their text.
const BATCH_BYTES: u64 = 8 << 20;

/// Why a stream ends early. What came before was given out.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum StreamError {
    /// The rest of the source cannot be read.
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    Model(#[from] ModelError),
}

/// What a text is to be compared with, which decides its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TextRole {
    /// It is searched for.
    Query,
    /// It is searched.
    Document,
}

/// How a stream is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamOptions {
    /// Tokens of a batch at the most, special tokens included; a longer text is a batch of its own. Fewer bring answers
    /// sooner while input is plenty, more need less time for all.
    pub batch_tokens: NonZeroUsize,
    /// Of every text.
    pub role: TextRole,
}

/// Records that were encoded together, in order.
#[derive(Debug)]
pub struct EncodedBatch {
    records: Vec<PlacedRecord>,
    /// A row for each record that has a text.
    vectors: UnitVectors,
}

/// A record with its vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EncodedRecord<'a> {
    /// The line on which it starts, counted from 1.
    pub line: u64,
    /// Its text and vector, or why it has none.
    pub content: Result<(&'a TextRecord, &'a [f32]), RowProblem>,
}

impl EncodedBatch {
    /// The records in order.
    pub fn records(&self) -> impl Iterator<Item = EncodedRecord<'_>> {
        let mut rows = self.vectors.rows();
        self.records.iter().map(move |record| EncodedRecord {
            line: record.line,
            content: record
                .content
                .as_ref()
                .map(|text| (text, rows.next().expect("every text has a row")))
                .map_err(|problem| *problem),
        })
    }
}

/// The batches of a stream, as they can be made. Nothing is promised of what follows an error.
///
/// Dropping it leaves the reading thread to end with its input, or with the next record.
#[derive(Debug)]
pub struct EncodedStream<'a> {
    model: &'a Model,
    options: StreamOptions,
    arrivals: Receiver<Result<PlacedRecord, CorpusError>>,
    reading: Option<JoinHandle<()>>,
    waiting: Waiting,
    failure: Option<CorpusError>,
}

/// Records that arrived and are tokenized, but not encoded.
#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<TokenizedRecord>,
    tokens: usize,
    bytes: u64,
}

#[derive(Debug)]
struct TokenizedRecord {
    record: PlacedRecord,
    /// `None` of a record without a text.
    tokens: Option<TokenizedText>,
}

impl TokenizedRecord {
    /// A record without a text counts as one token, so that a batch of such ends, too.
    fn weight(&self) -> usize {
        self.tokens.as_ref().map_or(1, |tokens| tokens.ids.len())
    }
}

impl<'a> EncodedStream<'a> {
    /// Begins to read `records` on another thread.
    ///
    /// # Errors
    ///
    /// [`StreamError::Model`] where the model's tokenizer cannot be made.
    pub fn new(
        model: &'a Model,
        records: PlacedRecords,
        options: StreamOptions,
    ) -> Result<Self, StreamError> {
        model.tokenizer().prepare()?;
        let (sender, arrivals) = queue(AHEAD_BYTES);
        let reading = Some(thread::spawn(move || read_ahead(records, &sender)));
        Ok(Self { model, options, arrivals, reading, waiting: Waiting::default(), failure: None })
    }

    fn next_batch(&mut self) -> Result<Option<EncodedBatch>, StreamError> {
        self.gather()?;
        let batch = self.waiting.take_batch(self.options.batch_tokens.get());
        if batch.is_empty() {
            return match self.failure.take() {
                Some(failure) => Err(failure.into()),
                None => Ok(None),
            };
        }
        let (records, tokens): (Vec<_>, Vec<_>) =
            batch.into_iter().map(|waiting| (waiting.record, waiting.tokens)).unzip();
        let tokens: Vec<TokenizedText> = tokens.into_iter().flatten().collect();
        Ok(Some(EncodedBatch { records, vectors: self.model.embed_tokens(&tokens)?.vectors }))
    }

    /// Takes in what has arrived until it fills a batch, and waits only where there is nothing at all.
    fn gather(&mut self) -> Result<(), StreamError> {
        while self.waiting.tokens < self.options.batch_tokens.get() && self.waiting.bytes < BATCH_BYTES {
            let records = self.arrived();
            if records.is_empty() {
                break;
            }
            self.tokenize(records)?;
        }
        Ok(())
    }

    fn arrived(&mut self) -> Vec<PlacedRecord> {
        let mut records = Vec::new();
        let mut bytes = 0;
        while bytes < TOKENIZED_BYTES && self.failure.is_none() {
            let idle = records.is_empty() && self.waiting.records.is_empty();
            match if idle { self.arrivals.receive() } else { self.arrivals.receive_now() } {
                Some(Ok(record)) => {
                    bytes += record.bytes;
                    records.push(record);
                }
                Some(Err(failure)) => self.failure = Some(failure),
                None => {
                    if idle {
                        self.join_reading();
                    }
                    break;
                }
            }
        }
        records
    }

    /// The queue of a thread that panicked ends as that of one that is through.
    fn join_reading(&mut self) {
        if let Some(Err(panic)) = self.reading.take().map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
    }

    fn tokenize(&mut self, records: Vec<PlacedRecord>) -> Result<(), StreamError> {
        let prefix = match self.options.role {
            TextRole::Query => &self.model.settings().query_prefix,
            TextRole::Document => &self.model.settings().document_prefix,
        };
        let texts: Vec<String> = records
            .iter()
            .filter_map(|record| record.content.as_ref().ok())
            .map(|record| format!("{prefix}{}", record.text))
            .collect();
        let mut tokens = self.model.tokenizer().tokenize_all(&texts)?.into_iter();
        for record in records {
            let tokens = record.content.is_ok().then(|| tokens.next().expect("every text is tokenized"));
            self.waiting.push(TokenizedRecord { record, tokens });
        }
        Ok(())
    }
}

impl Iterator for EncodedStream<'_> {
    type Item = Result<EncodedBatch, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

impl Waiting {
    fn push(&mut self, record: TokenizedRecord) {
        self.tokens += record.weight();
        self.bytes += record.record.bytes;
        self.records.push_back(record);
    }

    /// The first records that have together no more than `limit` tokens; at least one, if there is one.
    fn take_batch(&mut self, limit: usize) -> Vec<TokenizedRecord> {
        let (mut batch, mut tokens) = (Vec::new(), 0);
        while let Some(weight) = self.records.front().map(TokenizedRecord::weight)
            && (batch.is_empty() || tokens + weight <= limit)
        {
            tokens += weight;
            batch.extend(self.records.pop_front());
        }
        self.bytes -= batch.iter().map(|taken| taken.record.bytes).sum::<u64>();
        self.tokens -= tokens;
        batch
    }
}

/// Sends every record on, until there are no more or nobody wants them.
fn read_ahead(records: PlacedRecords, sender: &Sender<Result<PlacedRecord, CorpusError>>) {
    for record in records {
        let bytes = record.as_ref().map_or(0, |record| record.bytes);
        if let Err(Disconnected) = sender.send(record, bytes) {
            break;
        }
    }
}

//! From records that arrive to batches of vectors.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use rayon::prelude::*;

use super::queue::{Disconnected, Receiver, Sender, queue};
use crate::corpus::{CorpusError, PlacedRecord, PlacedRecords, RowProblem, TextRecord};
use crate::embedding::{Batch, EmbedError, Embedder, Role, embed_texts};
use crate::vectors::UnitVectors;

/// Bytes of input to read ahead.
const AHEAD_BYTES: u64 = 1 << 20;

/// Bytes of records that are counted together: enough for all threads.
const TOKENIZED_BYTES: u64 = 64 * 1024;

/// The most bytes of records in a batch; limits records with large fields besides their text.
const BATCH_BYTES: u64 = 8 << 20;

/// Why a stream ends early. The records before the error have been yielded.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum StreamError {
    /// The rest of the source cannot be read.
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    Embed(#[from] EmbedError),
}

/// How a stream is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamOptions {
    /// The most tokens of a batch, special tokens included; a longer text forms its own batch. Smaller batches give
    /// earlier answers, larger ones less total time.
    pub batch_tokens: NonZeroUsize,
    /// The role of every text.
    pub role: Role,
}

impl StreamOptions {
    /// Tokens of a batch that takes little more time in total than larger ones.
    ///
    /// A token of usual text has about four bytes, of which the embedder's own batch has a certain number; batches of local
    /// models are smaller here than there, so that answers come sooner.
    #[must_use]
    pub fn usual_batch_tokens(embedder: &dyn Embedder) -> NonZeroUsize {
        const OF_LOCAL_MODELS: NonZeroUsize = NonZeroUsize::new(4096).expect("4096 is not 0");
        match embedder.batch() {
            Batch::LOCAL => OF_LOCAL_MODELS,
            batch => NonZeroUsize::new(batch.bytes / 4).unwrap_or(OF_LOCAL_MODELS),
        }
    }
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
    /// Its text and vector, or the problem that prevents them.
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

/// The batches of a stream, each as soon as it can be encoded. After an error the iterator is unspecified.
///
/// After a drop, the reading thread ends with its next record or at the end of its input.
#[derive(Debug)]
pub struct EncodedStream<'a> {
    embedder: &'a dyn Embedder,
    options: StreamOptions,
    input: Input,
    waiting: Waiting,
    failure: Option<CorpusError>,
}

/// Where records come from.
#[derive(Debug)]
enum Input {
    /// A thread that reads ahead.
    Ahead { arrivals: Receiver<Result<PlacedRecord, CorpusError>>, reading: Option<JoinHandle<()>> },
    /// The source itself, if no thread can be started: only one record at a time is known to be available.
    Direct(Box<PlacedRecords>),
}

/// Records that arrived and are counted, but not encoded.
#[derive(Debug, Default)]
struct Waiting {
    records: VecDeque<WeighedRecord>,
    tokens: usize,
    bytes: u64,
}

#[derive(Debug)]
struct WeighedRecord {
    record: PlacedRecord,
    /// Tokens, special ones included. A record without a text counts as one token, so that a batch of such records
    /// ends, too.
    tokens: usize,
}

impl<'a> EncodedStream<'a> {
    /// Starts to read `records`, on another thread if one can be started.
    pub fn new(embedder: &'a dyn Embedder, records: PlacedRecords, options: StreamOptions) -> Self {
        Self { embedder, options, input: Input::new(records), waiting: Waiting::default(), failure: None }
    }

    fn next_batch(&mut self) -> Result<Option<EncodedBatch>, StreamError> {
        self.gather();
        let batch = self.waiting.take_batch(self.options.batch_tokens.get());
        if batch.is_empty() {
            return match self.failure.take() {
                Some(failure) => Err(failure.into()),
                None => Ok(None),
            };
        }
        let texts: Vec<&str> = batch.iter().filter_map(text_of).collect();
        let vectors = embed_texts(self.embedder, self.options.role, &texts)?.vectors;
        Ok(Some(EncodedBatch { records: batch, vectors }))
    }

    /// Takes the records that have arrived, up to a full batch; waits only if there are none.
    fn gather(&mut self) {
        while self.waiting.tokens < self.options.batch_tokens.get() && self.waiting.bytes < BATCH_BYTES {
            let records = self.arrived();
            if records.is_empty() {
                break;
            }
            self.weigh(records);
        }
    }

    fn arrived(&mut self) -> Vec<PlacedRecord> {
        let mut records = Vec::new();
        let mut bytes = 0;
        while bytes < TOKENIZED_BYTES && self.failure.is_none() {
            let idle = records.is_empty() && self.waiting.records.is_empty();
            match if idle { self.input.receive() } else { self.input.receive_now() } {
                Some(Ok(record)) => {
                    bytes += record.bytes;
                    records.push(record);
                }
                Some(Err(failure)) => self.failure = Some(failure),
                None => break,
            }
        }
        records
    }

    fn weigh(&mut self, records: Vec<PlacedRecord>) {
        const SPECIAL_TOKENS: usize = 2;
        let embedder = self.embedder;
        let tokens_of = |record: &PlacedRecord| match text_of(record) {
            Some(text) => embedder.count_tokens(text) + SPECIAL_TOKENS,
            None => 1,
        };
        let tokens: Vec<usize> = records.par_iter().map(tokens_of).collect();
        for (record, tokens) in records.into_iter().zip(tokens) {
            self.waiting.push(WeighedRecord { record, tokens });
        }
    }
}

impl Input {
    fn new(records: PlacedRecords) -> Self {
        // The thread receives the records after it has started, so that they are not lost if it cannot be started.
        let (work, given) = mpsc::channel::<(PlacedRecords, Sender<_>)>();
        let reading = thread::Builder::new().spawn(move || {
            if let Ok((records, sender)) = given.recv() {
                read_ahead(records, &sender);
            }
        });
        let Ok(reading) = reading else { return Self::Direct(Box::new(records)) };
        let (sender, arrivals) = queue(AHEAD_BYTES);
        match work.send((records, sender)) {
            Ok(()) => Self::Ahead { arrivals, reading: Some(reading) },
            Err(mpsc::SendError((records, _))) => Self::Direct(Box::new(records)),
        }
    }

    /// Waits for the next record; `None` at the end.
    fn receive(&mut self) -> Option<Result<PlacedRecord, CorpusError>> {
        match self {
            Self::Ahead { arrivals, reading } => arrivals.receive().or_else(|| {
                // The queue ends in the same way whether the thread panicked or finished.
                if let Some(Err(panic)) = reading.take().map(JoinHandle::join) {
                    std::panic::resume_unwind(panic);
                }
                None
            }),
            Self::Direct(records) => records.next(),
        }
    }

    /// The next record, if it is available without waiting.
    fn receive_now(&mut self) -> Option<Result<PlacedRecord, CorpusError>> {
        match self {
            Self::Ahead { arrivals, .. } => arrivals.receive_now(),
            Self::Direct(_) => None,
        }
    }
}

fn text_of(record: &PlacedRecord) -> Option<&str> {
    record.content.as_ref().ok().map(|record| record.text.as_str())
}

impl Iterator for EncodedStream<'_> {
    type Item = Result<EncodedBatch, StreamError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_batch().transpose()
    }
}

impl Waiting {
    fn push(&mut self, record: WeighedRecord) {
        self.tokens += record.tokens;
        self.bytes += record.record.bytes;
        self.records.push_back(record);
    }

    /// The longest prefix of records with at most `limit` tokens in total; at least one record, if there is one.
    fn take_batch(&mut self, limit: usize) -> Vec<PlacedRecord> {
        let (mut batch, mut tokens) = (Vec::new(), 0);
        while let Some(next) = self.records.front()
            && (batch.is_empty() || tokens + next.tokens <= limit)
        {
            tokens += next.tokens;
            batch.extend(self.records.pop_front().map(|taken| taken.record));
        }
        self.bytes -= batch.iter().map(|taken: &PlacedRecord| taken.bytes).sum::<u64>();
        self.tokens -= tokens;
        batch
    }
}

/// Sends records until there are no more or the receiver is gone.
fn read_ahead(records: PlacedRecords, sender: &Sender<Result<PlacedRecord, CorpusError>>) {
    for record in records {
        let bytes = record.as_ref().map_or(0, |record| record.bytes);
        if let Err(Disconnected) = sender.send(record, bytes) {
            break;
        }
    }
}

//! Documents of a source, embedded batch by batch.

use crate::corpus::{CorpusError, Document, LineReader, Source};
use crate::model::{Model, ModelError};
use crate::vectors::UnitVectors;

/// Text of a batch in bytes: enough for batches of equal lengths, little enough to lose when a run is cut short.
const BATCH_BYTES: usize = 128 * 1024;

/// Passages of a batch at the most: short texts are committed about as often as long ones.
const BATCH_PASSAGES: usize = 4096;

/// Told how far an indexing run is.
pub trait Progress {
    /// A source is opened; `source` is its name as the user knows it.
    fn begin(&mut self, source: &str);
    /// A batch is embedded.
    fn advance(&mut self, step: Step);
}

/// What one batch added, and the sums since the source was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the source that the batch took.
    pub bytes: u64,
    /// What the source took and gave so far.
    pub totals: Totals,
}

/// What a source, or several, took and gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Totals {
    /// Documents read.
    pub documents: u64,
    /// Passages embedded.
    pub passages: u64,
    /// Tokens encoded, special tokens included.
    pub tokens: u64,
    /// Passages longer than the model's longest length, whose end is not in their vector.
    pub truncated: u64,
    /// Lines in which bytes that are not UTF-8 were replaced.
    pub replaced_lines: u64,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.passages += other.passages;
        self.tokens += other.tokens;
        self.truncated += other.truncated;
        self.replaced_lines += other.replaced_lines;
    }
}

/// Documents of one source and the vectors of their passages, in the same order.
#[derive(Debug)]
pub struct EmbeddedDocuments {
    /// At least one.
    pub documents: Vec<Document>,
    /// One row for each passage of each document.
    pub vectors: UnitVectors,
}

/// Embeds every document of `source` and hands them to `sink` in batches.
///
/// # Errors
///
/// A [`CorpusError`] ([`CorpusError::Empty`] where there is no document), a [`ModelError`], or what `sink` gives.
pub fn embed_source<E>(
    model: &Model,
    source: &Source,
    progress: &mut dyn Progress,
    mut sink: impl FnMut(EmbeddedDocuments) -> Result<(), E>,
) -> Result<Totals, E>
where
    E: From<CorpusError> + From<ModelError>,
{
    progress.begin(&source.name());
    let mut reader = source.lines()?;
    let mut totals = Totals::default();
    let mut bytes_before = 0;
    loop {
        let documents = next_batch(&mut reader)?;
        if documents.is_empty() {
            break;
        }
        totals.documents += documents.len() as u64;
        totals.replaced_lines = reader.replaced_lines();
        let embedded = embed_documents(model, documents, &mut totals)?;
        sink(embedded)?;
        let bytes = reader.bytes_read() - bytes_before;
        bytes_before = reader.bytes_read();
        progress.advance(Step { bytes, totals });
    }
    if totals.documents == 0 {
        return Err(CorpusError::Empty { name: source.name() }.into());
    }
    Ok(totals)
}

fn next_batch<R: std::io::BufRead>(reader: &mut LineReader<R>) -> Result<Vec<Document>, CorpusError> {
    let mut documents = Vec::new();
    let (mut bytes, mut passages) = (0, 0);
    while bytes < BATCH_BYTES && passages < BATCH_PASSAGES {
        let Some(document) = reader.next().transpose()? else { break };
        passages += document.passages.len();
        bytes += document.passages.iter().map(|passage| passage.text.len()).sum::<usize>();
        documents.push(document);
    }
    Ok(documents)
}

fn embed_documents(
    model: &Model,
    documents: Vec<Document>,
    totals: &mut Totals,
) -> Result<EmbeddedDocuments, ModelError> {
    let texts: Vec<&str> = documents
        .iter()
        .flat_map(|document| &document.passages)
        .map(|passage| passage.text.as_str())
        .collect();
    let embedded = model.embed_documents(&texts)?;
    totals.passages += texts.len() as u64;
    totals.tokens += embedded.tokens as u64;
    totals.truncated += embedded.truncated as u64;
    Ok(EmbeddedDocuments { documents, vectors: embedded.vectors })
}

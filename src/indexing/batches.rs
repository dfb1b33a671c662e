//! Documents of a source, embedded batch by batch.

use std::borrow::Cow;
use std::collections::HashMap;

use rayon::prelude::*;

use crate::corpus::{
    CorpusError, Document, DocumentReader, FoundSource, InputFormat, Passage, ReadOptions, SourceReport,
};
use crate::embedding::{Batch, EmbedError, Embedder, Role, embed_texts};
use crate::index::TextHash;
use crate::vectors::UnitVectors;

/// Receives the progress of a run.
pub trait Progress {
    /// The plan is known: the bytes to read, or `None` if it includes a stream. Does nothing by default.
    fn plan(&mut self, _bytes: Option<u64>) {}
    /// A source is opened; `source` is its name as shown to the user.
    fn begin(&mut self, source: &str);
    /// A batch is embedded.
    fn advance(&mut self, step: Step);
}

/// One batch, and the sums since the source was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the source that were read for the batch.
    pub bytes: u64,
    /// Counts since the source was opened.
    pub totals: Totals,
}

/// Counts of one source or several.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Totals {
    /// Documents stored.
    pub documents: u64,
    /// Their passages.
    pub passages: u64,
    /// The number of texts that were embedded because their vectors were not known.
    pub embedded: u64,
    /// Tokens encoded, special tokens included.
    pub tokens: u64,
    /// The number of texts that exceed the model's limit and were truncated.
    pub truncated: u64,
    /// Texts that are mostly outside the vocabulary ([`Embedder::is_mostly_unknown`]), embedded or not.
    pub mostly_unknown: u64,
    /// The place of the first of them.
    pub first_mostly_unknown: Option<String>,
}

impl std::ops::AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.documents += other.documents;
        self.passages += other.passages;
        self.embedded += other.embedded;
        self.tokens += other.tokens;
        self.truncated += other.truncated;
        self.mostly_unknown += other.mostly_unknown;
        self.first_mostly_unknown = self.first_mostly_unknown.take().or(other.first_mostly_unknown);
    }
}

impl Totals {
    /// Counts the texts of `documents`, which are of `source`, that are mostly outside the vocabulary of `embedder`.
    pub(super) fn count_mostly_unknown(
        &mut self,
        embedder: &dyn Embedder,
        source: &str,
        documents: &[Document],
    ) {
        let passages: Vec<(&Document, usize)> = documents
            .iter()
            .flat_map(|document| (0..document.passages.len()).map(move |index| (document, index)))
            .collect();
        let is_unknown = |(document, index): &(&Document, usize)| {
            embedder.is_mostly_unknown(&document.passages[*index].contextual_text())
        };
        let unknown: Vec<(&Document, usize)> = passages.into_par_iter().filter(is_unknown).collect();
        self.mostly_unknown += unknown.len() as u64;
        if let (None, Some(&(document, index))) = (&self.first_mostly_unknown, unknown.first()) {
            self.first_mostly_unknown = Some(match document.passages[index].lines {
                Some((line, _)) => format!("{source}:{line}"),
                None => format!("{source}:{}", document.passage_key(index)),
            });
        }
    }
}

/// Documents of one source with the hashes and vectors of their passages, in the same order.
#[derive(Debug)]
pub struct EmbeddedDocuments {
    /// At least one.
    pub documents: Vec<Document>,
    /// One for each passage of each document.
    pub hashes: Vec<TextHash>,
    /// One row for each passage of each document.
    pub vectors: UnitVectors,
}

/// Receives embedded documents.
pub trait DocumentSink {
    /// Why a document cannot be stored.
    type Error: From<CorpusError> + From<EmbedError>;

    /// Whether the sink accepts a document.
    fn wants(&mut self, document: &Document) -> bool;

    /// The known vectors of texts: for each of `hashes` a vector, or `None` if it must be embedded.
    ///
    /// # Errors
    ///
    /// An error of the sink.
    fn known_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, Self::Error>;

    /// Stores documents.
    ///
    /// # Errors
    ///
    /// An error of the sink.
    fn take(&mut self, embedded: EmbeddedDocuments) -> Result<(), Self::Error>;
}

/// A source that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSource {
    /// Counts of the documents that the sink accepted.
    pub totals: Totals,
    /// The report on the whole source.
    pub report: SourceReport,
}

/// Embeds every document of `found` that `sink` accepts, and passes them to `sink` in batches.
///
/// # Errors
///
/// A [`CorpusError`] ([`CorpusError::Blank`] or [`CorpusError::Empty`] if there is no document), an [`EmbedError`], or
/// an error of `sink`.
pub fn embed_source<S: DocumentSink>(
    embedder: &dyn Embedder,
    found: &FoundSource,
    options: &ReadOptions,
    progress: &mut dyn Progress,
    sink: &mut S,
) -> Result<ReadSource, S::Error> {
    let name = found.source.description();
    progress.begin(&name);
    let count = |text: &str| embedder.count_tokens(text);
    let mut reader = found.read(options, &count)?;
    let mut totals = Totals::default();
    let mut bytes_before = 0;
    loop {
        let documents = next_batch(&mut reader, embedder.batch(), |document| sink.wants(document))?;
        if documents.is_empty() {
            break;
        }
        let batch = embed_documents(embedder, documents, sink, &mut totals)?;
        totals.count_mostly_unknown(embedder, &name, &batch.documents);
        sink.take(batch)?;
        let bytes = reader.bytes_read() - bytes_before;
        bytes_before = reader.bytes_read();
        progress.advance(Step { bytes, totals: totals.clone() });
    }
    let report = reader.finish()?;
    expect_documents(&report, name)?;
    Ok(ReadSource { totals, report })
}

/// Refuses the source `name` if it has no document.
pub(super) fn expect_documents(report: &SourceReport, name: String) -> Result<(), CorpusError> {
    match (report.statistics.documents, report.format) {
        (0, InputFormat::Lines) => Err(CorpusError::Blank { name }),
        (0, _) => Err(CorpusError::Empty { name }),
        _ => Ok(()),
    }
}

fn next_batch(
    reader: &mut DocumentReader<'_>,
    batch: Batch,
    mut wants: impl FnMut(&Document) -> bool,
) -> Result<Vec<Document>, CorpusError> {
    let mut documents = Vec::new();
    let (mut bytes, mut passages) = (0, 0);
    while bytes < batch.bytes && passages < batch.texts {
        let Some(document) = reader.next().transpose()? else { break };
        if wants(&document) {
            passages += document.passages.len();
            bytes += document.passages.iter().map(|passage| passage.text.len()).sum::<usize>();
            documents.push(document);
        }
    }
    Ok(documents)
}

pub(super) fn embed_documents<S: DocumentSink>(
    embedder: &dyn Embedder,
    documents: Vec<Document>,
    sink: &mut S,
    totals: &mut Totals,
) -> Result<EmbeddedDocuments, S::Error> {
    let texts: Vec<Cow<'_, str>> =
        documents.iter().flat_map(|document| &document.passages).map(Passage::contextual_text).collect();
    totals.documents += documents.len() as u64;
    totals.passages += texts.len() as u64;
    let hashes: Vec<TextHash> = texts.iter().map(|text| TextHash::of(text)).collect();
    let known = sink.known_vectors(&hashes)?;
    let vectors = fill_in(embedder, &texts, &hashes, known, totals)?;
    Ok(EmbeddedDocuments { documents, hashes, vectors })
}

/// The vectors of `texts`: known vectors bit for bit, the others embedded. Equal texts are embedded once.
fn fill_in(
    embedder: &dyn Embedder,
    texts: &[Cow<'_, str>],
    hashes: &[TextHash],
    known: Vec<Option<Vec<f32>>>,
    totals: &mut Totals,
) -> Result<UnitVectors, EmbedError> {
    let mut unknown: Vec<&str> = Vec::new();
    let mut rows: HashMap<TextHash, usize> = HashMap::new();
    for ((text, hash), known) in texts.iter().zip(hashes).zip(&known) {
        if known.is_none() {
            rows.entry(*hash).or_insert_with(|| {
                unknown.push(text);
                unknown.len() - 1
            });
        }
    }
    let computed = embed_texts(embedder, Role::Document, &unknown)?;
    totals.embedded += unknown.len() as u64;
    totals.tokens += computed.tokens as u64;
    totals.truncated += computed.truncated as u64;
    if unknown.len() == texts.len() {
        return Ok(computed.vectors);
    }
    let mut vectors = UnitVectors::new(embedder.description().dimension);
    for (hash, known) in hashes.iter().zip(known) {
        match known {
            Some(vector) => vectors.push_unit(&vector),
            None => vectors.push_unit(computed.vectors.row(rows[hash])),
        }
    }
    Ok(vectors)
}

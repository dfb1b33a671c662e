//! Small sources that are embedded together, for embedders whose batches are larger than such a source.
//!
//! A source is read, embedded and committed by itself. With a service, that would be a request for every small file. So
//! the texts of adjacent small sources are embedded ahead in one batch; then each source is read again and finds its
//! vectors here.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::corpus::{Document, FoundSource, ReadOptions};
use crate::embedding::{Batch, EmbedError, Embedded, Embedder, Input, ModelDescription, Role, embed_texts};
use crate::index::TextHash;
use crate::vectors::UnitVectors;

/// An embedder that knows the vectors of texts that were embedded ahead.
#[derive(Debug)]
pub(crate) struct Ahead<'a> {
    embedder: &'a dyn Embedder,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The row of each text.
    rows: HashMap<TextHash, usize>,
    vectors: UnitVectors,
    /// Counts of the texts that were embedded ahead and not yet reported to a caller.
    tokens: usize,
    truncated: usize,
}

impl<'a> Ahead<'a> {
    pub(crate) fn new(embedder: &'a dyn Embedder) -> Self {
        let vectors = UnitVectors::new(embedder.description().dimension);
        let state = State { rows: HashMap::new(), vectors, tokens: 0, truncated: 0 };
        Self { embedder, state: Mutex::new(state) }
    }

    /// Embeds the documents of the first of `sources` together, without those that `is_known` knows, and returns how many
    /// sources the caller may read before the next call: as many as fit a batch, and at least one. Of a local model nothing
    /// is embedded ahead, nor of a source that is too large or cannot be read.
    pub(crate) fn embed_first<'s, E: From<EmbedError>>(
        &self,
        sources: impl IntoIterator<Item = &'s FoundSource>,
        options: &ReadOptions,
        is_known: impl FnMut(&[TextHash]) -> Result<Vec<bool>, E>,
    ) -> Result<usize, E> {
        let batch = self.batch();
        let (mut texts, mut bytes, mut together) = (Vec::new(), 0, 0);
        if batch != Batch::LOCAL {
            for source in sources {
                // A stream can be read only once.
                let Some(size) = source.size() else { break };
                bytes += size;
                if bytes > batch.bytes as u64 {
                    break;
                }
                let Some(more) = self.read(source, options, batch.texts - texts.len()) else { break };
                texts.extend(more);
                together += 1;
            }
        }
        self.embed_texts(texts, is_known)?;
        Ok(together.max(1))
    }

    /// The texts of `source`, if there are at most `most`; no texts if it cannot be read to its end.
    fn read(&self, source: &FoundSource, options: &ReadOptions, most: usize) -> Option<Vec<String>> {
        let count = |text: &str| self.embedder.count_tokens(text);
        let Ok(reader) = source.read(options, &count) else { return Some(Vec::new()) };
        let mut texts = Vec::new();
        for document in reader {
            let Ok(document) = document else { return Some(Vec::new()) };
            texts.extend(texts_of(&document));
            if texts.len() > most {
                return None;
            }
        }
        Some(texts)
    }

    /// Embeds `texts` that `is_known` does not know. Vectors of earlier calls are forgotten.
    pub(crate) fn embed_texts<E: From<EmbedError>>(
        &self,
        texts: Vec<String>,
        mut is_known: impl FnMut(&[TextHash]) -> Result<Vec<bool>, E>,
    ) -> Result<(), E> {
        self.state().rows.clear();
        if texts.is_empty() {
            return Ok(());
        }
        let mut seen = HashSet::new();
        let mut texts: Vec<(TextHash, String)> = texts
            .into_iter()
            .map(|text| (TextHash::of(&text), text))
            // A blank text is the caller's to refuse.
            .filter(|(hash, text)| !text.trim().is_empty() && seen.insert(*hash))
            .collect();
        let hashes: Vec<TextHash> = texts.iter().map(|(hash, _)| *hash).collect();
        let mut known = is_known(&hashes)?.into_iter();
        texts.retain(|_| !known.next().expect("every text has an answer"));
        let (hashes, texts): (Vec<TextHash>, Vec<String>) = texts.into_iter().unzip();
        let Embedded { vectors, tokens, truncated } = embed_texts(self.embedder, Role::Document, &texts)?;
        let mut state = self.state();
        state.rows = hashes.into_iter().zip(0..).collect();
        state.vectors = vectors;
        state.tokens += tokens;
        state.truncated += truncated;
        Ok(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state complete.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Embedder for Ahead<'_> {
    fn description(&self) -> &ModelDescription {
        self.embedder.description()
    }

    fn longest_document(&self) -> usize {
        self.embedder.longest_document()
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.embedder.count_tokens(text)
    }

    fn document_tokens(&self, text: &str) -> usize {
        self.embedder.document_tokens(text)
    }

    fn batch(&self) -> Batch {
        self.embedder.batch()
    }

    fn is_mostly_unknown(&self, text: &str) -> bool {
        self.embedder.is_mostly_unknown(text)
    }

    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
        let mut state = self.state();
        if state.rows.is_empty() || role != Role::Document {
            drop(state);
            return self.embedder.embed(role, inputs);
        }
        let rows: Vec<Option<usize>> =
            inputs.iter().map(|Input::Text(text)| state.rows.get(&TextHash::of(text)).copied()).collect();
        let missing: Vec<Input<'_>> =
            inputs.iter().zip(&rows).filter(|(_, row)| row.is_none()).map(|(input, _)| *input).collect();
        let computed = self.embedder.embed(role, &missing)?;
        let mut computed_rows = computed.vectors.rows();
        let mut vectors = UnitVectors::new(self.description().dimension);
        for row in rows {
            vectors.push_unit(match row {
                Some(row) => state.vectors.row(row),
                None => computed_rows.next().expect("every missing text has a row"),
            });
        }
        Ok(Embedded {
            vectors,
            tokens: mem::take(&mut state.tokens) + computed.tokens,
            truncated: mem::take(&mut state.truncated) + computed.truncated,
        })
    }
}

/// The texts of the passages of `document`, as they are embedded.
pub(crate) fn texts_of(document: &Document) -> Vec<String> {
    document.passages.iter().map(|passage| passage.contextual_text().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::corpus::{Origin, Source};
    use crate::vectors::Dimension;

    /// Remembers the texts of each call.
    #[derive(Debug)]
    struct Recorder {
        description: ModelDescription,
        batch: Batch,
        calls: Mutex<Vec<Vec<String>>>,
    }

    impl Recorder {
        fn new(batch: Batch) -> Self {
            let dimension = Dimension::new(2).expect("2 is a dimension");
            let description = ModelDescription::of_external("recorder", dimension);
            Self { description, batch, calls: Mutex::default() }
        }

        fn take_calls(&self) -> Vec<Vec<String>> {
            mem::take(&mut *self.calls.lock().expect("no thread panics with it"))
        }
    }

    impl Embedder for Recorder {
        fn description(&self) -> &ModelDescription {
            &self.description
        }

        fn longest_document(&self) -> usize {
            512
        }

        fn count_tokens(&self, text: &str) -> usize {
            text.len()
        }

        fn batch(&self) -> Batch {
            self.batch
        }

        fn embed(&self, _role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
            let texts = inputs.iter().map(|Input::Text(text)| (*text).to_owned()).collect();
            self.calls.lock().expect("no thread panics with it").push(texts);
            let mut vectors = UnitVectors::new(self.description.dimension);
            for _ in inputs {
                vectors.push_unit(&[1.0, 0.0]);
            }
            Ok(Embedded { vectors, tokens: inputs.len(), truncated: 0 })
        }
    }

    /// The number of sources that each call covers, and the texts that it embeds.
    fn calls(batch: Batch, contents: &[&str]) -> Vec<(usize, Vec<String>)> {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let source = |(index, content): (usize, &&str)| {
            let path = folder.path().join(format!("{index}.txt"));
            fs::write(&path, content).expect("the folder is writable");
            FoundSource { source: Source::File(path), origin: Origin::Named }
        };
        let sources: Vec<FoundSource> = contents.iter().enumerate().map(source).collect();
        let recorder = Recorder::new(batch);
        let ahead = Ahead::new(&recorder);
        let (mut calls, mut rest) = (Vec::new(), &sources[..]);
        while !rest.is_empty() {
            let is_known = |hashes: &[TextHash]| {
                Ok::<_, EmbedError>(hashes.iter().map(|hash| *hash == TextHash::of("known")).collect())
            };
            let covered =
                ahead.embed_first(rest, &ReadOptions::default(), is_known).expect("all is embedded");
            calls.push((covered, recorder.take_calls().concat()));
            rest = &rest[covered..];
        }
        calls
    }

    #[test]
    fn sources_are_embedded_together_up_to_the_texts_and_bytes_of_a_batch() {
        let texts = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let by_texts =
            calls(Batch { bytes: 100, texts: 3 }, &["a\nb\n", "c\n", "d\n", "e\nf\ng\nh\n", "i\n"]);
        let expected =
            [(2, texts(&["a", "b", "c"])), (1, texts(&["d"])), (1, texts(&[])), (1, texts(&["i"]))];
        assert_eq!(by_texts, expected, "the fourth has more texts than a batch");
        let by_bytes = calls(Batch { bytes: 10, texts: 100 }, &["abc\n", "known\n", "d\n", "\0\n", "e\n"]);
        let expected = [(2, texts(&["abc"])), (3, texts(&["d", "e"]))];
        assert_eq!(by_bytes, expected, "known texts and files that are no text are not embedded");
        let local = calls(Batch::LOCAL, &["a\n", "b\n"]);
        assert_eq!(local, [(1, texts(&[])), (1, texts(&[]))]);
    }
}

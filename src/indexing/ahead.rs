//! Small sources that are embedded together, for embedders whose batches are larger than such a source.
//!
//! A source is read, embedded and committed by itself. With a service, that would be a request for every small file. So
//! the texts of adjacent small sources are embedded ahead in one batch; then each source is read again and finds its
//! vectors here.

use std::collections::{HashMap, HashSet};
use std::mem;
use std::ops::Range;
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

#[derive(Debug, Default)]
struct State {
    vectors: HashMap<TextHash, Vec<f32>>,
    /// Counts of the texts that were embedded ahead and not yet reported to a caller.
    tokens: usize,
    truncated: usize,
}

impl<'a> Ahead<'a> {
    pub(crate) fn new(embedder: &'a dyn Embedder) -> Self {
        Self { embedder, state: Mutex::default() }
    }

    /// Embeds the documents of `sources` that `is_known` does not know, if there are several sources. A source that
    /// cannot be read is left to the caller, who reads it again.
    pub(crate) fn embed_sources<E: From<EmbedError>>(
        &self,
        sources: &[&FoundSource],
        options: &ReadOptions,
        is_known: impl FnMut(&[TextHash]) -> Result<Vec<bool>, E>,
    ) -> Result<(), E> {
        let mut texts = Vec::new();
        if sources.len() > 1 {
            let count = |text: &str| self.embedder.count_tokens(text);
            for source in sources {
                let Ok(reader) = source.read(options, &count) else { continue };
                let documents = reader.map_while(Result::ok);
                texts.extend(documents.flat_map(|document| texts_of(&document)));
            }
        }
        self.embed_texts(texts, is_known)
    }

    /// Embeds `texts` that `is_known` does not know. Vectors of earlier calls are forgotten.
    pub(crate) fn embed_texts<E: From<EmbedError>>(
        &self,
        texts: Vec<String>,
        mut is_known: impl FnMut(&[TextHash]) -> Result<Vec<bool>, E>,
    ) -> Result<(), E> {
        self.state().vectors.clear();
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
        state.vectors = hashes.into_iter().zip(vectors.rows().map(<[f32]>::to_vec)).collect();
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

    fn batch(&self) -> Batch {
        self.embedder.batch()
    }

    fn is_mostly_unknown(&self, text: &str) -> bool {
        self.embedder.is_mostly_unknown(text)
    }

    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError> {
        let mut state = self.state();
        if state.vectors.is_empty() || role != Role::Document {
            drop(state);
            return self.embedder.embed(role, inputs);
        }
        let found: Vec<Option<Vec<f32>>> =
            inputs.iter().map(|Input::Text(text)| state.vectors.get(&TextHash::of(text)).cloned()).collect();
        let (tokens, truncated) = (mem::take(&mut state.tokens), mem::take(&mut state.truncated));
        drop(state);
        let missing: Vec<Input<'_>> =
            inputs.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(input, _)| *input).collect();
        let computed = self.embedder.embed(role, &missing)?;
        let mut rows = computed.vectors.rows();
        let mut vectors = UnitVectors::new(self.description().dimension);
        for vector in &found {
            match vector {
                Some(vector) => vectors.push_unit(vector),
                None => vectors.push_unit(rows.next().expect("every missing text has a row")),
            }
        }
        Ok(Embedded { vectors, tokens: tokens + computed.tokens, truncated: truncated + computed.truncated })
    }
}

/// The texts of the passages of `document`, as they are embedded.
pub(crate) fn texts_of(document: &Document) -> Vec<String> {
    document.passages.iter().map(|passage| passage.contextual_text().into_owned()).collect()
}

/// Groups of adjacent sources, by their sizes in bytes, that fit `batch` together. A source of unknown size, and every
/// source of a local model, is alone.
pub(crate) fn groups(sizes: &[Option<u64>], batch: Batch) -> Vec<Range<usize>> {
    if batch == Batch::LOCAL {
        return (0..sizes.len()).map(|index| index..index + 1).collect();
    }
    let mut groups: Vec<Range<usize>> = Vec::new();
    let mut room = 0;
    for (index, size) in sizes.iter().enumerate() {
        match (size, groups.last_mut()) {
            (Some(size), Some(group)) if *size <= room && group.len() < batch.texts => {
                room -= size;
                group.end += 1;
            }
            _ => {
                room = size.map_or(0, |size| (batch.bytes as u64).saturating_sub(size));
                groups.push(index..index + 1);
            }
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_sources_are_grouped_up_to_the_size_of_a_batch() {
        let batch = Batch { bytes: 100, texts: 3 };
        let sizes =
            [Some(40), Some(60), Some(1), Some(500), Some(10), None, Some(5), Some(5), Some(5), Some(5)];
        assert_eq!(groups(&sizes, batch), [0..2, 2..3, 3..4, 4..5, 5..6, 6..9, 9..10]);
        assert_eq!(groups(&sizes, Batch::LOCAL).len(), sizes.len());
        assert!(groups(&[], batch).is_empty());
    }
}

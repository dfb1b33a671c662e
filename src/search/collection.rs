//! Passages held in memory: sources that are searched without an index, or texts from the caller.

use std::borrow::Cow;
use std::collections::HashSet;
use std::convert::Infallible;
use std::ops::Range;

use roaring::RoaringBitmap;

use super::grouping::best_rows;
use super::ranking::{RankedRow, Ranking, prepare};
use super::{
    Hit, LocatedPassage, Matches, SearchError, SearchOptions, SearchQuery, Searchable, Selection, within,
};
use crate::corpus::{CorpusError, Document, FoundSource, Passage, ReadOptions};
use crate::embedding::{EmbedError, Embedder, ModelDescription, Role, embed_texts};
use crate::filter::{Filter, Filters, Subject};
use crate::index::TextHash;
use crate::indexing::{Ahead, DocumentSink, EmbeddedDocuments, LeftOut, Progress, Totals, embed_source};
use crate::scan::{Rows, Scan};
use crate::vectors::{RowId, UnitVectors};
use crate::words::{WordStore, WordsInMemory};

/// Embedded documents, held in memory.
#[derive(Debug)]
pub struct Collection {
    model: ModelDescription,
    vectors: UnitVectors,
    passages: Vec<LocatedPassage>,
    words: WordsInMemory,
    /// The number of the document of each passage.
    documents: Vec<u32>,
    /// Fields that documents had when they were gathered, those included that filters left out.
    fields: Vec<Filter>,
}

/// Which documents of the sources are gathered.
#[derive(Debug, Clone, Copy)]
pub struct GatherSelection<'a> {
    /// How sources are read.
    pub read: &'a ReadOptions,
    /// The conditions on a document.
    pub filters: &'a Filters,
    /// Ids of documents that are gathered regardless of the filters.
    pub references: &'a [String],
}

/// A collection, with counts of what was read and embedded.
#[derive(Debug)]
pub struct Gathered {
    /// The collection.
    pub collection: Collection,
    /// Counts over all sources.
    pub totals: Totals,
    /// Files, rows and bytes that were not read.
    pub left_out: LeftOut,
}

/// Why sources could not be searched without an index.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum CollectionError {
    /// A source cannot be read.
    Corpus(#[from] CorpusError),
    /// A text cannot be embedded.
    Embed(#[from] EmbedError),
}

impl Collection {
    /// Reads and embeds `sources` with `embedder`.
    ///
    /// # Errors
    ///
    /// A [`CollectionError`] if a source that the user named cannot be read, or a text cannot be embedded.
    pub fn read(
        embedder: &dyn Embedder,
        sources: &[FoundSource],
        selection: &GatherSelection<'_>,
        progress: &mut dyn Progress,
    ) -> Result<Gathered, CollectionError> {
        let mut collection = Self::new(embedder.description().clone());
        let mut totals = Totals::default();
        let mut left_out = LeftOut::default();
        let ahead = Ahead::new(embedder);
        let nothing_known = |hashes: &[TextHash]| Ok::<_, EmbedError>(vec![false; hashes.len()]);
        let mut covered = 0;
        for (index, found) in sources.iter().enumerate() {
            // Texts that a filter leaves out are not embedded.
            if covered == 0 && selection.filters.is_empty() {
                covered = ahead.embed_first(&sources[index..], selection.read, nothing_known)?;
            }
            covered = covered.saturating_sub(1);
            let name = found.source.name();
            let presence = selection.filters.presence();
            let mut sink = Gatherer { collection, name: &name, selection, presence };
            let outcome = embed_source(&ahead, found, selection.read, progress, &mut sink);
            collection = sink.collection;
            match outcome {
                Ok(read) => {
                    totals += read.totals;
                    left_out.add_source(&found.source.description(), &read.report);
                }
                Err(CollectionError::Corpus(error)) => left_out.add_file(found.skip(error)?),
                Err(error) => return Err(error),
            }
        }
        Ok(Gathered { collection, totals, left_out })
    }

    /// Embeds `documents` of one source, called `source`, with `embedder`.
    ///
    /// # Errors
    ///
    /// An [`EmbedError`] where a text cannot be embedded.
    pub fn of_documents(
        embedder: &dyn Embedder,
        source: &str,
        documents: Vec<Document>,
    ) -> Result<Self, EmbedError> {
        let texts: Vec<Cow<'_, str>> =
            documents.iter().flat_map(|document| &document.passages).map(Passage::contextual_text).collect();
        let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
        let vectors = embed_texts(embedder, Role::Document, &texts)?.vectors;
        let mut collection = Self::new(embedder.description().clone());
        collection.add(source, documents, &vectors);
        Ok(collection)
    }

    fn new(model: ModelDescription) -> Self {
        let vectors = UnitVectors::new(model.dimension);
        Self {
            model,
            vectors,
            passages: Vec::new(),
            words: WordsInMemory::default(),
            documents: Vec::new(),
            fields: Vec::new(),
        }
    }

    /// Whether there is nothing to search.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.passages.is_empty()
    }

    /// The rows that `id` names: all passages of a document, or one passage; or those of a source with one document.
    fn rows_of_id(&self, id: &str) -> Vec<u32> {
        let rows = |key: fn(&LocatedPassage) -> &str| -> Vec<u32> {
            let passages = (0..).zip(&self.passages);
            let named = passages.filter(|(_, passage)| names(id, &passage.source, key(passage)));
            named.map(|(row, _)| row).collect()
        };
        let document = rows(|passage| &passage.document);
        if !document.is_empty() {
            return document;
        }
        let passage = rows(|passage| &passage.key);
        if passage.is_empty() { self.rows_of_only_document(id) } else { passage }
    }

    fn rows_of_only_document(&self, source: &str) -> Vec<u32> {
        let passages = (0..).zip(&self.passages);
        let rows: Vec<u32> =
            passages.filter(|(_, passage)| passage.source == source).map(|(row, _)| row).collect();
        let is_one = rows.iter().all(|&row| self.documents[row as usize] == self.documents[rows[0] as usize]);
        if is_one { rows } else { Vec::new() }
    }

    /// The rows that can be hits; `None` where all can.
    fn allowed(&self, selection: &Selection<'_>) -> Option<RoaringBitmap> {
        let Selection { filters, sources, excluded } = *selection;
        if filters.is_empty() && sources.is_none() && excluded.is_empty() {
            return None;
        }
        let rows = excluded.iter().flat_map(|id| self.rows_of_id(id));
        let hidden: HashSet<u32> = rows.map(|row| self.documents[row as usize]).collect();
        let holds = |passage: &LocatedPassage| {
            let LocatedPassage { source, document, metadata, .. } = passage;
            sources.is_none_or(|globs| globs.select(source))
                && filters.matches(Subject { source, id: document, metadata: metadata.as_ref() })
        };
        let passages = (0..).zip(self.documents.iter().zip(&self.passages));
        let allowed =
            passages.filter(|(_, (document, passage))| !hidden.contains(document) && holds(passage));
        Some(allowed.map(|(row, _)| row).collect())
    }

    fn add(&mut self, source: &str, documents: Vec<Document>, vectors: &UnitVectors) {
        self.vectors.append(vectors);
        for document in documents {
            let number = self.documents.last().map_or(0, |last| last + 1);
            let keys: Vec<String> =
                (0..document.passages.len()).map(|index| document.passage_key(index)).collect();
            for (passage, key) in document.passages.into_iter().zip(keys) {
                self.documents.push(number);
                self.words.push(&passage.contextual_text());
                self.passages.push(LocatedPassage {
                    source: source.to_owned(),
                    document: document.key.clone(),
                    key,
                    passage,
                    metadata: document.metadata.clone(),
                });
            }
        }
    }
}

impl Searchable for Collection {
    fn model(&self) -> &ModelDescription {
        &self.model
    }

    fn search(
        &self,
        queries: &[SearchQuery<'_>],
        options: SearchOptions,
        selection: &Selection<'_>,
    ) -> Result<Vec<Vec<Hit>>, SearchError> {
        let allowed = self.allowed(selection);
        let text_of = |row: u32| Ok(self.passages[row as usize].passage.contextual_text().into_owned());
        let searched = || allowed.clone().unwrap_or_else(|| (0..self.passages.len() as u32).collect());
        let Ok(prepared) = prepare(queries, Some(&self.words), searched, text_of);
        let ranking = Ranking {
            nearest: Scan::new(Rows::from(&self.vectors)),
            allowed: allowed.as_ref(),
            words: Some(&self.words),
        };
        let find = |count| ranking.best(&prepared, count, options.limits());
        let document_of = |row: RowId| Ok::<u32, Infallible>(self.documents[row.0 as usize]);
        let Ok(best) = best_rows(options, find, document_of);
        let hit = |ranked: &RankedRow| Hit::new(ranked, self.passages[ranked.scored.row.0 as usize].clone());
        Ok(best.iter().map(|best| best.iter().map(hit).collect()).collect())
    }

    fn text_count(&self) -> u64 {
        self.words.statistics().count()
    }

    fn has_words(&self) -> Result<bool, SearchError> {
        Ok(true)
    }

    fn has_field(&self, presence: &Filter) -> Result<bool, SearchError> {
        let has_field = |passage: &LocatedPassage| {
            let LocatedPassage { source, document, metadata, .. } = passage;
            presence.matches(Subject { source, id: document, metadata: metadata.as_ref() })
        };
        Ok(self.fields.contains(presence) || self.passages.iter().any(has_field))
    }

    fn has_source(&self, is_selected: &dyn Fn(&str) -> bool) -> Result<bool, SearchError> {
        Ok(self.passages.iter().any(|passage| is_selected(&passage.source)))
    }

    fn find(&self, id: &str) -> Result<Matches, SearchError> {
        let rows = self.rows_of_id(id);
        let mut vectors = UnitVectors::new(self.model.dimension);
        for &row in &rows {
            vectors.push_unit(self.vectors.row(row as usize));
        }
        Ok(Matches { passages: self.passages(&rows)?, vectors })
    }

    fn find_part(&self, id: &str, part: Range<usize>) -> Result<(Vec<LocatedPassage>, usize), SearchError> {
        let rows = self.rows_of_id(id);
        Ok((self.passages(within(&rows, part))?, rows.len()))
    }

    fn vectors(&self) -> Result<Rows<'_>, SearchError> {
        Ok(Rows::from(&self.vectors))
    }

    fn passages(&self, positions: &[u32]) -> Result<Vec<LocatedPassage>, SearchError> {
        Ok(positions.iter().map(|&position| self.passages[position as usize].clone()).collect())
    }

    fn for_each_text(&self, take: &mut dyn FnMut(u32, &str)) -> Result<(), SearchError> {
        for (position, located) in (0..).zip(&self.passages) {
            take(position, &located.passage.text);
        }
        Ok(())
    }
}

/// Whether `id` names `key` within `source`.
fn names(id: &str, source: &str, key: &str) -> bool {
    id.strip_prefix(source).and_then(|rest| rest.strip_prefix(':')) == Some(key)
}

/// Puts the documents of one source into a collection.
struct Gatherer<'a> {
    collection: Collection,
    name: &'a str,
    selection: &'a GatherSelection<'a>,
    /// For each field of the filters, that a document has it.
    presence: Vec<Filter>,
}

impl DocumentSink for Gatherer<'_> {
    type Error = CollectionError;

    fn wants(&mut self, document: &Document) -> bool {
        let GatherSelection { filters, references, .. } = self.selection;
        let subject = Subject { source: self.name, id: &document.key, metadata: document.metadata.as_ref() };
        let fields = &mut self.collection.fields;
        for presence in &self.presence {
            if !fields.contains(presence) && presence.matches(subject) {
                fields.push(presence.clone());
            }
        }
        let is_reference = |id: &String| {
            let mut keys = (0..document.passages.len()).map(|index| document.passage_key(index));
            id == self.name
                || names(id, self.name, &document.key)
                || keys.any(|key| names(id, self.name, &key))
        };
        let is_wanted = filters.matches(subject) || references.iter().any(is_reference);
        if !is_wanted {
            for passage in &document.passages {
                self.collection.words.push_hidden(&passage.contextual_text());
            }
        }
        is_wanted
    }

    fn known_vectors(&mut self, hashes: &[TextHash]) -> Result<Vec<Option<Vec<f32>>>, CollectionError> {
        Ok(vec![None; hashes.len()])
    }

    fn take(&mut self, embedded: EmbeddedDocuments) -> Result<(), CollectionError> {
        self.collection.add(self.name, embedded.documents, &embedded.vectors);
        Ok(())
    }
}

//! The engine: the store that is searched, and its model.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::models::{Indexed, ModelMatch, ModelRequest, Models};
use super::reading::{ReadingRequest, Sources, total_bytes};
use super::{EngineError, Host};
use crate::corpus::{Document, Passage};
use crate::embedding::{Embedder, ModelDescription};
use crate::filter::Filters;
use crate::indexing::{LeftOut, Progress, Totals};
use crate::search::{
    Collection, GatherSelection, Gathered, IndexFolder, IndexPlace, IndexSnapshot, LocatedPassage,
    Searchable, Span,
};

/// Answers requests about one index, or about passages held in memory. Shared by threads.
pub struct Engine {
    store: Store,
    models: Models,
    /// The folder that names of sources are relative to.
    names_from: PathBuf,
}

/// What is searched.
enum Store {
    Index(Box<IndexStore>),
    Memory { collection: Box<Collection>, embedder: Arc<dyn Embedder> },
}

struct IndexStore {
    place: Arc<dyn IndexPlace>,
    request: ModelRequest,
    loaded: Mutex<Option<LoadedModel>>,
}

/// A loaded model, and the model of the index that it was checked against.
struct LoadedModel {
    embedder: Arc<dyn Embedder>,
    serves: ModelDescription,
}

/// Which files are gathered, and how.
#[derive(Debug, Default)]
pub struct GatherRequest {
    /// How files are read.
    pub reading: ReadingRequest,
    /// The conditions on a document.
    pub filters: Filters,
    /// Ids of documents that are gathered regardless of the filters.
    pub references: Vec<String>,
}

/// The place that `folder` names: one that the host supplies, or the folder.
pub(super) fn place_of(host: &dyn Host, folder: &Path) -> Arc<dyn IndexPlace> {
    host.place(folder).unwrap_or_else(|| Arc::new(IndexFolder::new(folder)))
}

/// Passages of a document.
#[derive(Debug, Clone, PartialEq)]
pub struct Fetched {
    /// In the order of the document.
    pub passages: Vec<LocatedPassage>,
    /// How many the document has.
    pub total: usize,
}

/// An engine over gathered sources, with counts of what was read and embedded.
pub struct GatheredEngine {
    /// The engine.
    pub engine: Engine,
    /// Sums over all sources.
    pub totals: Totals,
    /// Files, rows and bytes that were not read.
    pub left_out: LeftOut,
}

impl Engine {
    /// An engine over the index at `folder`, with the model and settings of the index where `request` names no others.
    /// The first request opens the index.
    #[must_use]
    pub fn open(folder: &Path, request: ModelRequest, host: Arc<dyn Host>) -> Self {
        Self::sharing(&Models::new(host), folder, request)
    }

    /// As [`Engine::open`], with the models that other engines have loaded by `models`.
    #[must_use]
    pub fn sharing(models: &Models, folder: &Path, request: ModelRequest) -> Self {
        let place = place_of(&**models.host(), folder);
        let store = IndexStore { place, request, loaded: Mutex::new(None) };
        let names_from = models.host().working_directory().to_owned();
        Self { store: Store::Index(Box::new(store)), models: models.clone(), names_from }
    }

    /// The same engine, whose sources are named from the folder that holds the index folder, wherever the process was
    /// started.
    #[must_use]
    pub fn named_from_index(self) -> Self {
        let Store::Index(index) = &self.store else { return self };
        let names_from = index.place.names(&self.names_from).root().to_owned();
        Self { names_from, ..self }
    }

    /// The absolute folder that names of sources are relative to.
    #[must_use]
    pub fn names_from(&self) -> &Path {
        &self.names_from
    }

    /// An engine over `collection`, which `embedder` embedded.
    #[must_use]
    pub fn of_collection(collection: Collection, embedder: Arc<dyn Embedder>, host: Arc<dyn Host>) -> Self {
        let store = Store::Memory { collection: Box::new(collection), embedder };
        let names_from = host.working_directory().to_owned();
        Self { store, models: Models::new(host), names_from }
    }

    /// Embeds `texts` into memory: each becomes a document, whose id is `texts:` and its number from 1.
    ///
    /// # Errors
    ///
    /// [`EngineError::Embed`] where a text cannot be embedded.
    pub fn of_texts<S: Into<String>>(
        texts: impl IntoIterator<Item = S>,
        embedder: Arc<dyn Embedder>,
        host: Arc<dyn Host>,
    ) -> Result<Self, EngineError> {
        let document = |(number, text): (u64, S)| Document {
            key: number.to_string(),
            line: None,
            metadata: None,
            passages: vec![Passage { text: text.into(), context: None, lines: None, bytes: None }],
        };
        let documents = (1..).zip(texts).map(document).collect();
        let collection = Collection::of_documents(&*embedder, "texts", documents)?;
        Ok(Self::of_collection(collection, embedder, host))
    }

    /// Reads and embeds `sources` into memory.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoFiles`], [`EngineError::NoText`] if there are no filters, and errors of reading and embedding.
    pub fn gather(
        sources: Sources,
        request: &GatherRequest,
        embedder: Arc<dyn Embedder>,
        host: Arc<dyn Host>,
        progress: &mut dyn Progress,
    ) -> Result<GatheredEngine, EngineError> {
        let paths = sources.paths().to_vec();
        let (found, skipped) = sources.collect()?;
        progress.plan(total_bytes(&found));
        let GatherRequest { reading, filters, references } = request;
        let selection = GatherSelection { read: &reading.resolve(&*embedder), filters, references };
        let Gathered { collection, totals, mut left_out } =
            Collection::read(&*embedder, &found, &selection, progress)?;
        for file in skipped {
            left_out.add_file(file);
        }
        if collection.is_empty() && filters.is_empty() {
            return Err(EngineError::NoText { paths, left_out: Box::new(left_out) });
        }
        Ok(GatheredEngine { engine: Self::of_collection(collection, embedder, host), totals, left_out })
    }

    /// Passages that `id` names: those of a document, or one passage. A source with one document names that document, too.
    /// `part` counts them from 0.
    ///
    /// # Errors
    ///
    /// [`EngineError::UnknownId`], or where the store cannot be read.
    pub fn fetch(&self, id: &str, part: Range<usize>) -> Result<Fetched, EngineError> {
        self.with_snapshot(Span::Brief, |snapshot| match snapshot.find_part(id, part)? {
            (_, 0) => Err(EngineError::UnknownId { id: id.to_owned() }),
            (passages, total) => Ok(Fetched { passages, total }),
        })
    }

    /// Passes a current snapshot of the store to `answer`. The snapshot lives for that one call.
    pub(super) fn with_snapshot<T, E: From<EngineError>>(
        &self,
        span: Span,
        answer: impl FnOnce(&dyn Searchable) -> Result<T, E>,
    ) -> Result<T, E> {
        match &self.store {
            Store::Index(_) => answer(&*self.index_snapshot(span)?),
            Store::Memory { collection, .. } => answer(&**collection),
        }
    }

    /// Answers in two steps. `prepare` loads the model and embeds, which may wait for a network, and holds no snapshot.
    /// Then `answer` gets a snapshot with the same model. If the model of the index has changed meanwhile, `prepare`
    /// runs again.
    pub(super) fn answer<P, T, E: From<EngineError>>(
        &self,
        span: Span,
        prepare: impl Fn(&ModelDescription) -> Result<P, E>,
        answer: impl FnOnce(&dyn Searchable, P) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut answer = Some(answer);
        let mut model = match self.last_model() {
            Some(model) => model,
            None => self.with_snapshot(Span::Brief, |snapshot| Ok::<_, E>(snapshot.model().clone()))?,
        };
        loop {
            let prepared = prepare(&model)?;
            let outcome = self.with_snapshot(span, |snapshot| {
                if *snapshot.model() != model {
                    return Ok(Err(snapshot.model().clone()));
                }
                let answer = answer.take().expect("an answer ends the loop");
                answer(snapshot, prepared).map(Ok)
            })?;
            match outcome {
                Ok(answered) => return Ok(answered),
                Err(other) => model = other,
            }
        }
    }

    /// The model of the index when a text was last embedded.
    fn last_model(&self) -> Option<ModelDescription> {
        let Store::Index(index) = &self.store else { return None };
        let loaded = index.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        loaded.as_ref().map(|loaded| loaded.serves.clone())
    }

    /// A current snapshot of the index.
    pub(super) fn index_snapshot(&self, span: Span) -> Result<Box<dyn IndexSnapshot>, EngineError> {
        let Store::Index(index) = &self.store else { return Err(EngineError::InMemory) };
        Ok(index.place.snapshot(&self.names_from, span)?)
    }

    /// The index folder, or the name of another place that holds the index; `None` for passages in memory.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.store {
            Store::Index(index) => Some(index.place.name()),
            Store::Memory { .. } => None,
        }
    }

    /// The model of the index, or of the passages in memory.
    ///
    /// # Errors
    ///
    /// [`EngineError::ExternalModel`] if it cannot run here, and errors of reading the index and of loading the model.
    pub fn model(&self) -> Result<Arc<dyn Embedder>, EngineError> {
        let model =
            self.with_snapshot(Span::Brief, |snapshot| Ok::<_, EngineError>(snapshot.model().clone()))?;
        self.embedder(&model)
    }

    /// The embedder whose vectors are comparable with those of `model`.
    pub(super) fn embedder(&self, model: &ModelDescription) -> Result<Arc<dyn Embedder>, EngineError> {
        let index = match &self.store {
            Store::Memory { embedder, .. } => return Ok(Arc::clone(embedder)),
            Store::Index(index) => index,
        };
        // Held while loading, so that concurrent first requests load the model once.
        let mut loaded = index.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(LoadedModel { embedder, serves }) = &*loaded
            && serves == model
        {
            return Ok(Arc::clone(embedder));
        }
        let indexed = Indexed { folder: index.place.name(), model };
        let embedder = self.models.load_for(&index.request, indexed, ModelMatch::AnyPrecision)?;
        *loaded = Some(LoadedModel { embedder: Arc::clone(&embedder), serves: model.clone() });
        Ok(embedder)
    }

    /// Whether the model of the vectors can be loaded without a request to the hub.
    pub(super) fn can_embed(&self, model: &ModelDescription) -> bool {
        match &self.store {
            Store::Memory { .. } => true,
            Store::Index(_) => self.models.is_here(model),
        }
    }

    /// Refuses a request for a model that differs from that of the vectors. For requests that embed nothing.
    pub(super) fn check_model(
        &self,
        model: &ModelDescription,
        required: ModelMatch,
    ) -> Result<(), EngineError> {
        let Store::Index(index) = &self.store else { return Ok(()) };
        let mut request = index.request.clone();
        if required == ModelMatch::AnyPrecision {
            request.precision = None;
        }
        self.models.check(&request, Indexed { folder: index.place.name(), model })
    }

    /// The name of the owner of the vectors, for refusals.
    pub(super) fn owner(&self, model: &ModelDescription) -> String {
        match &self.store {
            Store::Index(_) => "the index".to_owned(),
            Store::Memory { .. } => format!("the model {}", model.name),
        }
    }
}

//! Changes of an index: adding, rebuilding, removing, compacting, importing.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use super::core::place_of;
use super::models::{Indexed, ModelMatch, refuse_other_query_prefix};
use super::patience::Patience;
use super::{EngineError, Host, ModelRequest, Models, ReadingRequest};
use crate::corpus::{ReadOptions, WalkOptions};
use crate::embedding::{Embedder, ModelDescription, Role, embed_texts};
use crate::exchange::{Import, Imported};
use crate::index::{
    self, Compaction, Fault, IndexContent, IndexWriter, Repair, Settings, SourceRecord, StoredPath, Writer,
};
use crate::indexing::{Indexer, Plan, Progress, Report, Scope, Trust};
use crate::search::{IndexPlace, SourceNames, Span};
use crate::vectors::{Dimension, UnitVectors};

/// Which sources are indexed, and how.
#[derive(Debug, Clone, Default)]
pub struct IndexRequest {
    /// Files, folders and `-` for standard input.
    pub paths: Vec<PathBuf>,
    /// Which files of the folders are included.
    pub walk: WalkOptions,
    /// How files are read.
    pub reading: ReadingRequest,
    /// The requested model and settings.
    pub model: ModelRequest,
}

/// Vectors that another program computed.
#[derive(Debug, Clone, Default)]
pub struct ImportRequest {
    /// An `.npy` file: rows x dimension.
    pub vectors: PathBuf,
    /// The texts of the rows.
    pub documents: Option<PathBuf>,
    /// The model that computed the vectors.
    pub model: ModelRequest,
}

/// How much may be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// A part of the index: names that cover all sources are refused.
    Part,
    /// Even all sources, if the names cover them.
    Whole,
}

/// The result of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Removal {
    /// Whole sources.
    pub sources: u64,
    /// Documents of sources that stay.
    pub documents: u64,
}

/// The sources and texts of the index.
type Content = Box<dyn IndexContent>;

/// Changes the index at one place. Each change opens the index as its only writer.
pub struct IndexEditor {
    place: Arc<dyn IndexPlace>,
    models: Models,
    host: Arc<dyn Host>,
    patience: Patience,
}

impl IndexEditor {
    /// For the index at `folder`, which need not exist yet.
    #[must_use]
    pub fn new(folder: &Path, host: Arc<dyn Host>) -> Self {
        let models = Models::new(Arc::clone(&host));
        Self { place: place_of(&*host, folder), models, host, patience: Patience::default() }
    }

    /// Waits up to `patience` for another writer of the index to end; without it another writer is an error at once.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience: Patience::new(patience), ..self }
    }

    /// The index folder, or the name of another place that holds the index.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.place.name()
    }

    /// Brings the index up to date with the sources of `request`; creates it if there is none.
    ///
    /// # Errors
    ///
    /// [`EngineError::NoFiles`], [`EngineError::NoText`], a refusal of the model, and errors of reading, embedding and
    /// writing. Sources that were finished stay indexed.
    pub fn update(&self, request: &IndexRequest, progress: &mut dyn Progress) -> Result<Report, EngineError> {
        let report = if self.place.exists()? || can_be_read_again(&request.paths) {
            // Another run may create the index while this one is about to.
            self.patience.retry(|| self.add_or_create(request, progress))?
        } else {
            self.create(request, progress)?
        };
        if report.added + report.changed + report.removed + report.unchanged == 0 {
            let paths = request.paths.clone();
            return Err(EngineError::NoText { paths, left_out: Box::new(report.left_out) });
        }
        Ok(report)
    }

    fn add_or_create(
        &self,
        request: &IndexRequest,
        progress: &mut dyn Progress,
    ) -> Result<Report, EngineError> {
        if self.place.exists()? { self.add(request, progress) } else { self.create(request, progress) }
    }

    fn add(&self, request: &IndexRequest, progress: &mut dyn Progress) -> Result<Report, EngineError> {
        let writer = self.place.write()?;
        let embedder = self.model_to_add(request, &writer.settings().model)?;
        let records = writer.sources()?;
        self.carry_out(request, &records, Indexer::new(&*embedder, writer), &*embedder, progress)
    }

    fn create(&self, request: &IndexRequest, progress: &mut dyn Progress) -> Result<Report, EngineError> {
        let embedder = self.models.load(&request.model)?;
        let indexer = Indexer::create(&*embedder, |settings| self.place.create(settings));
        self.carry_out(request, &[], indexer, &*embedder, progress)
    }

    fn carry_out(
        &self,
        request: &IndexRequest,
        records: &[SourceRecord],
        mut indexer: Indexer<'_>,
        embedder: &dyn Embedder,
        progress: &mut dyn Progress,
    ) -> Result<Report, EngineError> {
        let options = request.reading.resolve(embedder);
        let plan = self.compare(request, &options, records, Trust::Recorded)?;
        progress.plan(plan.bytes());
        let report = indexer.apply(plan, &options, progress)?;
        indexer.close()?;
        Ok(report)
    }

    /// Embeds everything in the index again with the requested model and settings, and replaces the index in one step.
    /// The named sources are read again; the texts of the others are taken from the index.
    ///
    /// # Errors
    ///
    /// As [`IndexEditor::update`]; the index is then unchanged.
    pub fn rebuild(
        &self,
        request: &IndexRequest,
        progress: &mut dyn Progress,
    ) -> Result<Report, EngineError> {
        let model = self.place.texts(Span::Brief)?.settings().model.clone();
        let embedder = self.models.load_to_rebuild(&request.model, &model)?;
        let settings = Settings::new(embedder.description().clone());
        let writer = self.patience.retry(|| Ok(self.place.rebuild(&settings)?))?;
        let mut indexer = Indexer::new(&*embedder, writer);
        // Only now does nobody else write: what is read before may be out of date.
        let older = self.place.texts(Span::Brief)?;
        if older.settings().model != model {
            drop((older, indexer));
            return self.rebuild(request, progress);
        }
        let options = request.reading.resolve(&*embedder);
        let records = older.sources()?;
        let plan = if request.paths.is_empty() {
            Plan::default()
        } else {
            self.compare(request, &options, &records, Trust::Nothing)?
        };
        let replaced = plan.replaced_or_removed();
        progress.plan(None);
        let mut report = indexer.apply(plan, &options, progress)?;
        let is_kept = |record: &&SourceRecord| {
            !replaced.contains(&record.path) || report.unreadable.contains(&record.path)
        };
        let kept: Vec<&SourceRecord> = records.iter().filter(is_kept).collect();
        report.totals += indexer.carry_over(&*older, &kept, progress)?;
        report.unchanged += kept.len() as u64;
        drop(older);
        indexer.close()?;
        Ok(report)
    }

    /// Removes sources, folders of sources, and documents by their ids. Either all `names` are removed or none.
    ///
    /// # Errors
    ///
    /// [`EngineError::EmptyName`], [`EngineError::NotIndexed`], [`EngineError::RemovesEverything`] unless `extent` is
    /// [`Extent::Whole`], and failure to write the index.
    pub fn remove(&self, names: &[String], extent: Extent) -> Result<Removal, EngineError> {
        if names.iter().any(|name| name.trim().is_empty()) {
            return Err(EngineError::EmptyName);
        }
        match self.remove_names(names, extent) {
            Err(EngineError::Index(error)) if self.place.make_room(&error) => {
                self.remove_names(names, extent)
            }
            outcome => outcome,
        }
    }

    fn remove_names(&self, names: &[String], extent: Extent) -> Result<Removal, EngineError> {
        let mut writer = self.writer()?;
        let all: Vec<StoredPath> = writer.sources()?.into_iter().map(|record| record.path).collect();
        let mut covered = HashSet::new();
        let mut ids = Vec::new();
        for name in names {
            let sources = self.sources_named(name, &all)?;
            if sources.is_empty() {
                ids.push(name);
            }
            covered.extend(sources);
        }
        if extent == Extent::Part && !all.is_empty() && covered.len() == all.len() {
            let (folder, sources) = (self.folder().to_owned(), all.len() as u64);
            return Err(EngineError::RemovesEverything { folder, sources });
        }
        for id in &ids {
            self.remove_document(&mut *writer, id)?;
        }
        for path in &covered {
            writer.remove_source(path)?;
        }
        writer.close()?;
        Ok(Removal { sources: covered.len() as u64, documents: ids.len() as u64 })
    }

    /// The sources that `name` names: one source, or all sources in a folder.
    fn sources_named(&self, name: &str, all: &[StoredPath]) -> Result<Vec<StoredPath>, EngineError> {
        let names = self.names();
        let candidates = names.stored_candidates(Path::new(name))?;
        let folders: Vec<_> = candidates.iter().filter_map(|path| path.to_absolute(names.root())).collect();
        let is_beneath = |path: &StoredPath| {
            let path = path.to_absolute(names.root());
            path.is_some_and(|path| folders.iter().any(|folder| path.starts_with(folder)))
        };
        Ok(all.iter().filter(|path| candidates.contains(path) || is_beneath(path)).cloned().collect())
    }

    /// A source or a key may contain colons, so every colon is tried as the separator.
    fn remove_document(&self, writer: &mut dyn IndexWriter, id: &str) -> Result<(), EngineError> {
        let names = self.names();
        for (colon, _) in id.match_indices(':') {
            for path in names.stored_candidates(Path::new(&id[..colon]))? {
                if writer.source(&path)?.is_some() && writer.remove_documents(&path, &[&id[colon + 1..]])? > 0
                {
                    return Ok(());
                }
            }
        }
        Err(EngineError::NotIndexed { name: id.to_owned() })
    }

    /// What is damaged.
    ///
    /// # Errors
    ///
    /// [`EngineError::Index`] where there is no index that can be read at all.
    pub fn verify(&self) -> Result<Vec<Fault>, EngineError> {
        Ok(self.place.verify()?)
    }

    /// Repairs what is damaged. The model is loaded only if vectors are lost.
    ///
    /// # Errors
    ///
    /// [`EngineError::BeyondRepair`], a refusal of the model, and where the index cannot be written.
    pub fn repair(&self, request: &ModelRequest) -> Result<Repair, EngineError> {
        let Some(folder) = self.place.folder() else {
            return Err(EngineError::RepairedElsewhere { place: self.folder().to_owned() });
        };
        let mut loaded: Option<Arc<dyn Embedder>> = None;
        let mut embed = |texts: &[String]| -> Result<UnitVectors, EngineError> {
            let embedder = match &loaded {
                Some(embedder) => embedder,
                None => loaded.insert(self.model_of_index(request)?),
            };
            Ok(embed_texts(&**embedder, Role::Document, texts)?.vectors)
        };
        let repaired = self.patience.retry(|| Writer::repair(folder, &mut embed));
        repaired.map_err(|error| match error {
            EngineError::Index(index::Error::Corrupt { path, what }) => {
                EngineError::BeyondRepair { path, what }
            }
            error => error,
        })
    }

    /// The model that computed the vectors of the index.
    fn model_of_index(&self, request: &ModelRequest) -> Result<Arc<dyn Embedder>, EngineError> {
        let model = self.place.texts(Span::Brief)?.settings().model.clone();
        let indexed = Indexed { folder: self.folder(), model: &model };
        self.models.load_for(request, indexed, ModelMatch::Exact)
    }

    /// Frees the space of rows that were replaced, removed or never finished.
    ///
    /// # Errors
    ///
    /// [`EngineError::Index`] where the index cannot be written.
    pub fn compact(&self) -> Result<Compaction, EngineError> {
        let mut writer = self.writer()?;
        let compaction = writer.compact()?;
        writer.close()?;
        Ok(compaction)
    }

    /// Imports vectors into the index, which is created if there is none. Nothing is written unless both files are
    /// valid throughout. `advance` receives the number of rows done and of all rows.
    ///
    /// # Errors
    ///
    /// [`EngineError::Import`], [`EngineError::NoModelName`], [`EngineError::OtherDimension`], a refusal of the model,
    /// and failure to write the index.
    pub fn import(
        &self,
        request: &ImportRequest,
        advance: &mut dyn FnMut(u64, u64),
    ) -> Result<(Imported, Dimension), EngineError> {
        let names = self.names();
        let store = |path: &Path| names.stored(path);
        let import = Import::check(&request.vectors, request.documents.as_deref(), &store)?;
        let mut writer = self.patience.retry(|| self.open_for_import(&request.model, import.dimension()))?;
        let mut done = 0;
        let imported = import.write(&mut *writer, &mut |rows| {
            done += rows;
            advance(done, import.rows());
        })?;
        writer.close()?;
        Ok((imported, import.dimension()))
    }

    fn open_for_import(
        &self,
        request: &ModelRequest,
        found: Dimension,
    ) -> Result<Box<dyn IndexWriter>, EngineError> {
        if !self.place.exists()? {
            let model = self.models.describe_import(request, found)?;
            return Ok(self.place.create(&Settings::new(model))?);
        }
        let writer = self.place.write()?;
        let indexed = Indexed { folder: self.folder(), model: &writer.settings().model };
        refuse_other_query_prefix(literal_query_prefix(request), indexed)?;
        self.models.check(request, indexed)?;
        Ok(writer)
    }

    /// The model for a run, and the index, if there is one. The model loads before the index is read: a request holds no
    /// transaction while it waits.
    pub(super) fn model_and_reader(
        &self,
        request: &IndexRequest,
    ) -> Result<(Arc<dyn Embedder>, Option<Content>), EngineError> {
        if !self.place.exists()? {
            return Ok((self.models.load(&request.model)?, None));
        }
        let model = self.place.texts(Span::Brief)?.settings().model.clone();
        let indexed = Indexed { folder: self.folder(), model: &model };
        let embedder = self.models.load_for(&request.model, indexed, ModelMatch::Exact)?;
        Ok((embedder, Some(self.place.texts(Span::Lasting)?)))
    }

    /// The model of a rebuild, and the index whose texts it embeds.
    pub(super) fn model_and_texts(
        &self,
        request: &IndexRequest,
    ) -> Result<(Arc<dyn Embedder>, Content), EngineError> {
        let model = self.place.texts(Span::Brief)?.settings().model.clone();
        let embedder = self.models.load_to_rebuild(&request.model, &model)?;
        Ok((embedder, self.place.texts(Span::Lasting)?))
    }

    /// The model whose vectors join those of the index.
    fn model_to_add(
        &self,
        request: &IndexRequest,
        model: &ModelDescription,
    ) -> Result<Arc<dyn Embedder>, EngineError> {
        let indexed = Indexed { folder: self.folder(), model };
        let embedder = self.models.load_for(&request.model, indexed, ModelMatch::Exact)?;
        refuse_other_query_prefix(Some(&embedder.description().query_prefix), indexed)?;
        Ok(embedder)
    }

    /// Compares the sources of `request` with those of the index.
    pub(super) fn compare(
        &self,
        request: &IndexRequest,
        options: &ReadOptions,
        records: &[SourceRecord],
        trust: Trust,
    ) -> Result<Plan, EngineError> {
        let names = self.names();
        let scope =
            Scope { arguments: &request.paths, walk: &request.walk, read: options, names: &names, trust };
        let plan = Plan::new(&scope, records)?;
        if plan.is_empty() {
            return Err(EngineError::NoFiles { paths: request.paths.clone() });
        }
        Ok(plan)
    }

    fn writer(&self) -> Result<Box<dyn IndexWriter>, EngineError> {
        self.patience.retry(|| Ok(self.place.write()?))
    }

    pub(super) fn names(&self) -> SourceNames {
        self.place.names(self.host.working_directory())
    }
}

/// Whether `paths` are files and folders only: what a pipe or standard input held is gone once it is read.
fn can_be_read_again(paths: &[PathBuf]) -> bool {
    paths.iter().all(|path| path != Path::new("-") && (path.is_file() || path.is_dir()))
}

/// The query prefix of a request for existing vectors, if it is a literal text.
fn literal_query_prefix(request: &ModelRequest) -> Option<&str> {
    request.query_prefix.as_ref().and_then(super::Prefix::literal)
}

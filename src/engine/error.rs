//! Why the engine refuses a request or cannot carry it out.

use std::error::Error;
use std::fmt;
use std::path::PathBuf;

use crate::analysis::BenchmarkError;
use crate::corpus::CorpusError;
use crate::embedding::{EmbedError, Identity, ModelDescription};
use crate::exchange::{ExportError, ImportError};
use crate::index;
use crate::indexing::{IndexingError, LeftOut};
use crate::model::{BUNDLED_NAME, ModelError};
use crate::search::{CollectionError, LEAST_TEXTS_OF_CONFIDENCE, SearchError};
use crate::vectors::Dimension;

/// Why the engine refuses a request or cannot carry it out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The index cannot be read or written.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// Damage to an index that has no second copy of what is damaged.
    #[error("{} is damaged beyond repair: {what}", path.display())]
    BeyondRepair {
        /// The damaged file.
        path: PathBuf,
        /// The contradiction.
        what: index::Damage,
    },
    /// A repair of an index that is not a folder.
    #[error("the index {} cannot be repaired here", place.display())]
    RepairedElsewhere {
        /// The place of the index.
        place: PathBuf,
    },
    /// A source cannot be found or read.
    #[error(transparent)]
    Corpus(#[from] CorpusError),
    /// Sources cannot be indexed.
    #[error(transparent)]
    Indexing(#[from] IndexingError),
    /// The model does not load.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A text cannot be embedded.
    #[error(transparent)]
    Embed(#[from] EmbedError),
    /// The host has no model hub.
    #[error(transparent)]
    Hub(Box<dyn Error + Send + Sync>),
    /// Vectors cannot be imported.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The index cannot be exported.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// Judged data cannot be read.
    #[error(transparent)]
    Benchmark(#[from] BenchmarkError),
    /// The vectors of the index and those of the requested model are not comparable.
    #[error(transparent)]
    OtherModel(Box<ModelMismatch>),
    /// A search by words of an index without words.
    #[error("the index {} was made by an older version and has no words", folder.display())]
    NoWords {
        /// The index folder.
        folder: PathBuf,
    },
    /// A search by words with vectors, reference documents, or added and subtracted texts.
    #[error(
        "a search by words takes text queries only, without reference documents or added and subtracted texts"
    )]
    WordsOfVectors,
    /// Hits should have a confidence, and theirs is not known.
    #[error("confidence is not known here: {0}")]
    UnknownConfidence(UnknownConfidence),
    /// The query prefix of an index cannot be changed by adding to it.
    #[error("the index {} has the query prefix {indexed:?}", folder.display())]
    OtherQueryPrefix {
        /// The index folder.
        folder: PathBuf,
        /// The stored prefix.
        indexed: String,
    },
    /// The model of the index cannot run in this process, so no text can be compared with its vectors.
    #[error("the model {model} of the index {} cannot be run here, so its vectors cannot be compared with a text", folder.display())]
    ExternalModel {
        /// The index folder.
        folder: PathBuf,
        /// The name of the model.
        model: String,
    },
    /// Settings were given for a model that cannot be run here.
    #[error("the model {model} cannot be run here, so pooling, prefixes and dimensions cannot be set")]
    ExternalModelSettings {
        /// The name of the model.
        model: String,
    },
    /// The files of a model of a service were asked for.
    #[error("{model} is a model of a service: its files are not here")]
    NoFilesOfService {
        /// The name of the model.
        model: String,
    },
    /// A setting of local models was given for a model of a service.
    #[error("{setting} cannot be set for {model}, which is not computed here")]
    LocalSetting {
        /// The name of the model.
        model: String,
        /// The setting.
        setting: LocalSetting,
    },
    /// An import into a new index does not name the model that computed the vectors.
    #[error("no model is named")]
    NoModelName,
    /// The dimension of vectors differs from that of the vectors they are compared with or added to.
    #[error("the vectors have dimension {found}, {owner} has dimension {expected}")]
    OtherDimension {
        /// The dimension of the vectors.
        found: Dimension,
        /// The index, or the model by its name, that they were compared with.
        owner: String,
        /// The dimension of the owner.
        expected: Dimension,
    },
    /// A request about an index was made of an engine over passages in memory.
    #[error("passages in memory have no index")]
    InMemory,
    /// The query vectors, or the terms of an analogy, cancel out.
    #[error("the added and subtracted meanings cancel out")]
    NoDirection,
    /// No passage or document has an id.
    #[error("nothing has the id {id:?}")]
    UnknownId {
        /// The id.
        id: String,
    },
    /// A name to remove is neither a source, a folder of sources nor an id.
    #[error("{name:?} is neither a source nor an id of the index")]
    NotIndexed {
        /// The name.
        name: String,
    },
    /// A name to remove is empty.
    #[error("a name to remove is empty")]
    EmptyName,
    /// The names to remove cover the whole index, which the request does not allow.
    #[error("this would remove everything in the index {}: {}", folder.display(), counted_sources(*sources))]
    RemovesEverything {
        /// The index folder.
        folder: PathBuf,
        /// The number of its sources.
        sources: u64,
    },
    /// The paths contain no file.
    #[error("no file is found in {}", listed(paths))]
    NoFiles {
        /// The paths as given.
        paths: Vec<PathBuf>,
    },
    /// The files contain no text.
    #[error("no file in {} has text", listed(paths))]
    NoText {
        /// The paths as given.
        paths: Vec<PathBuf>,
        /// Files, rows and bytes that were not read.
        left_out: Box<LeftOut>,
    },
}

/// A setting that only models of this process have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocalSetting {
    /// How token vectors become one vector.
    #[error("pooling")]
    Pooling,
    /// The precision of the encoder.
    #[error("precision")]
    Precision,
    /// The device that runs the model.
    #[error("a device")]
    Device,
    /// A prompt by its name in the model's files.
    #[error("a prompt")]
    Prompt,
}

/// Why the confidence of hits is not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnknownConfidence {
    /// A query is a vector, or has texts or documents added, or is asked by meaning.
    #[error("a query goes by meaning alone")]
    NoWords,
    /// A query is asked by words, or the model does not know its words.
    #[error("a query goes by words alone")]
    NoMeaning,
    /// Confidence is calibrated for the bundled model.
    #[error("it is calibrated for {BUNDLED_NAME}, not for {model}")]
    OtherModel {
        /// The name of the model of the vectors.
        model: String,
    },
    /// Among few passages, even the best cosine is low.
    #[error("it takes {LEAST_TEXTS_OF_CONFIDENCE} passages, and here are {passages}")]
    FewPassages {
        /// How many there are.
        passages: u64,
    },
    /// An older program made the index, and no writer opened it since.
    #[error("an older version made the index, which has no words")]
    OlderIndex,
}

/// Vectors were to be added to, or compared with, an index of another model.
#[derive(Debug, thiserror::Error)]
#[error(
    "the index {} was made with {}, not with {}: their vectors cannot be compared",
    folder.display(), Named(indexed), Named(requested)
)]
pub struct ModelMismatch {
    /// The index folder.
    pub folder: PathBuf,
    /// The model of the index.
    pub indexed: ModelDescription,
    /// The requested model.
    pub requested: ModelDescription,
}

/// A model as refusals name it: name, pooling with the number of components, precision and the start of the
/// fingerprint.
struct Named<'a>(&'a ModelDescription);

impl fmt::Display for Named<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ModelDescription { name, identity, pooling, kept_dimensions, encoder_precision, .. } = self.0;
        match identity {
            Identity::External { name } => write!(formatter, "{name} (known by its name only)"),
            Identity::Served(served) => write!(formatter, "{name} ({served})"),
            Identity::Computed(fingerprint) => {
                write!(formatter, "{name} ({pooling} pooling")?;
                if let Some(kept) = kept_dimensions {
                    write!(formatter, ", {kept} dimensions")?;
                }
                write!(formatter, ", {encoder_precision}, fingerprint {})", fingerprint.short())
            }
        }
    }
}

fn counted_sources(sources: u64) -> String {
    if sources == 1 { "1 source".to_owned() } else { format!("{sources} sources") }
}

fn listed(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
    names.join(", ")
}

impl From<SearchError> for EngineError {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Index(error) => Self::Index(error),
        }
    }
}

impl From<CollectionError> for EngineError {
    fn from(error: CollectionError) -> Self {
        match error {
            CollectionError::Corpus(error) => Self::Corpus(error),
            CollectionError::Embed(error) => Self::Embed(error),
        }
    }
}

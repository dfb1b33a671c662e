//! The layer that every front end uses: one type that opens an index or files, holds the model and answers requests.
//!
//! An [`Engine`] searches an index, or sources that were gathered into memory, and answers many requests, from many
//! threads. It owns the rules of the product: which model computes vectors ([`Models`]), that vectors of two models
//! never meet, the length of passages, the meaning of a name. Front ends own flags, terminals, sockets and formats of
//! output.
//!
//! | to | use |
//! | --- | --- |
//! | search, fetch, compare, group, describe | [`Engine`] |
//! | add, rebuild, remove, compact, import | [`IndexEditor`] |
//! | load a model | [`Models`] |
//! | score texts for a query by a cross-encoder | [`Reranker`] |
//! | measure a model on judged data | [`measure_retrieval`], [`measure_similarity`] |
//!
//! # Invariants
//!
//! - No read transaction outlives a request: each request takes its own snapshot, so the next one sees what another
//!   process has indexed meanwhile.
//! - A model is loaded once, when the first text is embedded, and again only if the model of the index has changed.
//! - No vector is compared with, or stored beside, one of another identity ([`EngineError::OtherModel`]).
//! - The engine knows no flags, terminals, exit codes or protocols, and reads no environment: a [`Host`] supplies its
//!   surroundings.
//!
//! # Example
//!
//! ```no_run
//! use std::path::Path;
//! use std::sync::Arc;
//!
//! use embed::engine::{Engine, LocalHost, ModelRequest, SearchRequest};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let host = Arc::new(LocalHost::new("/home/ann/notes"));
//! let engine = Engine::open(Path::new(".embed"), ModelRequest::default(), host);
//! let answers = engine.search(&SearchRequest::text("how do I return"))?;
//! for hit in &answers.hits[0] {
//!     println!("{:.3} {} {}", hit.score, hit.passage.place(), hit.passage.passage.text);
//! }
//! # Ok(())
//! # }
//! ```

mod analogy;
mod clusters;
mod core;
mod duplicates;
mod editor;
mod error;
mod evaluation;
mod host;
mod models;
mod notes;
mod patience;
mod planning;
mod query;
mod reading;
mod record;
mod reranker;
mod runtime;
mod status;
mod unknown;

pub use self::core::{Engine, Fetched, GatherRequest, GatheredEngine};
pub use analogy::AnalogyRequest;
pub use clusters::{ClusterMethod, ClusterSummary, Clusters};
pub use duplicates::Duplicates;
pub use editor::{Extent, ImportRequest, IndexEditor, IndexRequest, Removal};
pub use error::{EngineError, LocalSetting, ModelMismatch, UnknownConfidence};
pub use evaluation::{
    ModelCosts, RetrievalDocuments, RetrievalMeasurement, SimilarityMeasurement, TimedVectors,
    embed_in_portions, embed_queries, measure_retrieval, measure_similarity,
};
pub use host::{Host, LocalHost, NotProvided};
pub use models::{ModelRequest, Models, Prefix};
pub use planning::{ChangeKind, PlannedChange, PlannedChanges};
pub use query::{Answers, Query, SearchBy, SearchRequest};
pub use reading::{ReadingRequest, Sources};
pub use record::{Explanation, SearchRecord, name_of_sum};
pub use reranker::{RERANK_WEIGHT, RerankOptions, Reranker, RerankerRequest, Reranking, rerank};
pub use runtime::Runtime;
pub use status::{IndexStatus, SourceStatus};

pub use crate::analysis::{
    AnalogyMeasure, AnalogyOrigin, RetrievalBenchmark, SimilarityBenchmark, pairwise_similarities,
    similarities, similarity_matrix,
};
pub use crate::corpus::{
    CorpusError, FieldChoice, Hidden, IgnoreFiles, InputFormat, Origin, PageExtent, Passage, ReadOptions,
    RowProblem, Source, SourceGlobs, TextEncoding, TextRecord, WalkOptions, open_decoded, sentences,
};
pub use crate::embedding::{
    Batch, EmbedError, Embedded, Embedder, EmbedderRequest, Identity, Input, ModelDescription, NamedBy, Role,
    Token, TokenEmbedder, TokenizedText, embed_texts,
};
pub use crate::exchange::{
    DocumentsError, Export, ExportError, ExportFormat, ImportError, Imported, NpyError, NpyReader, NpyWriter,
    OutputError, OutputFile,
};
pub use crate::filter::{FilterError, Filters};
pub use crate::index::{Compaction, Error as IndexError, FOLDER_NAME, Fault, Repair, find_index};
pub use crate::indexing::{IndexingError, JoinedFields, LeftOut, Progress, Report, Step, Totals, Volume};
pub use crate::mapped_file::tolerate_truncation;
pub use crate::model::{
    BUNDLED_NAME, Device, DigestCache, EmbeddingSettings, EncoderPrecision, ModelError, ModelFiles,
    PoolingChoice,
};
pub use crate::search::{
    EVEN_CONFIDENCE, Grouping, Hit, IndexPlace, LocatedPassage, Ranks, ScoreDetails, ScoreParts,
    SearchOptions,
};
pub use crate::simd::InstructionSet;
pub use crate::streaming::{EncodedRecord, EncodedStream, StreamError, StreamOptions};
pub use crate::topk::best_first;
pub use crate::vectors::{Dimension, UnitVectors};
pub use crate::words::{WordQuery, terms_of};

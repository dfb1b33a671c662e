//! From sources to an index: reads documents, embeds them in batches and stores both.
//!
//! An index is brought up to date in two steps. A [`Plan`] compares the named sources with those of the index and
//! changes nothing. [`Indexer::apply`] carries the plan out. A text whose vector is in the index is not embedded again,
//! whether the vector comes from another source, an older version, or an interrupted run.

mod ahead;
mod batches;
mod canonical_names;
mod carry_over;
mod freshness;
mod indexer;
mod left_out;
mod plan;
mod preview;
mod rule;
mod scope;
mod sink;
mod update;
mod vanished;

pub use crate::index::{imported_rule, was_imported};
pub(crate) use ahead::Ahead;
pub use batches::{DocumentSink, EmbeddedDocuments, Progress, ReadSource, Step, Totals, embed_source};
pub use indexer::{Indexer, IndexingError};
pub use left_out::{JoinedFields, LeftOut, Omission};
pub use plan::{Plan, PlannedSource};
pub use preview::Volume;
pub use scope::{Change, Scope, Trust};
pub use update::Report;

//! From sources to an index: reads documents, embeds them in batches and writes both down.

mod batches;
mod indexer;

pub use batches::{EmbeddedDocuments, Progress, Step, Totals, embed_source};
pub use indexer::{Indexer, IndexingError, index_settings};

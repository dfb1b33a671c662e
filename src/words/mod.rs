//! Search by words: the terms of a text, and the relevance of texts to the terms of a query.
//!
//! `analysis.rs` turns texts into terms, `query.rs` turns a query into terms and conditions, and `ranking.rs` computes
//! BM25 from any [`WordStore`]: an index on disk (`index/words.rs`) or texts in memory ([`WordsInMemory`]). This module
//! does not depend on vectors.

mod analysis;
mod buffer;
mod definitions;
mod memory;
mod phrase;
mod phrases;
mod postings;
mod query;
mod ranking;
mod stop_words;
mod text_terms;

#[cfg(feature = "postgres")]
pub(crate) use analysis::definition_of;
pub use analysis::{ANALYSIS_VERSION, plain_words, terms_of};
pub use buffer::{WordBuffer, WordSegment, encode_postings};
pub use definitions::is_defining_word;
pub use memory::WordsInMemory;
pub use phrase::Phrase;
pub use phrases::rows_that_satisfy;
pub use postings::{Posting, PostingsReader, push_posting};
pub use query::WordQuery;
pub use ranking::{MOST_WORDS_ADD, WordScores, WordStatistics, WordStore};
pub use stop_words::is_stop_word;
pub use text_terms::TextTerms;

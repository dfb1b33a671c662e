//! Texts of waiting requests are encoded together.
//!
//! A model has two lanes, each with its own threads, queue and worker. The long lane encodes what is waiting in pieces of
//! at most [`PIECE_TOKENS`] tokens, first come, first served; its threads yield to all others. The short lane takes texts
//! of few tokens, so a query never waits for a batch of documents, only shares the CPU with it. A request with more text
//! than a piece submits one piece at a time: requests take turns, and one that is no longer wanted stops at the next piece.

mod embedder;
mod lane;

pub use embedder::LaneHost;
pub(super) use lane::until_cancelled;

/// The most tokens that are encoded at a time, unless a single text is longer. Larger pieces are not faster.
const PIECE_TOKENS: usize = 2048;

/// The most tokens of a piece that goes to the short lane: a query, not a document.
const SHORT_TOKENS: usize = 96;

/// The most bytes of a text that is tokenized as a query is.
const SHORT_BYTES: usize = 512;

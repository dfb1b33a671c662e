//! Vectors of a stream of texts as it arrives: what is there is encoded together, and nothing waits for more.
//!
//! A thread of its own reads ahead into a queue of bounded size. [`EncodedStream`] takes what is there, up to a number
//! of tokens, and yields a vector, or a problem, for every record in order. So memory does not grow with the
//! stream, an answer comes as soon as it can, and where input comes faster than it is encoded, batches fill.

mod batches;
mod queue;

pub use batches::{EncodedBatch, EncodedRecord, EncodedStream, StreamError, StreamOptions};

//! Vectors of a stream of texts while it goes on: what has arrived is encoded together, and nothing waits for more.
//!
//! A thread of its own reads ahead into a queue of bounded size. [`EncodedStream`] takes what is there, up to a number
//! of tokens, and gives out a vector, or what is wrong, for every record in its order. So memory does not grow with the
//! stream, an answer comes as soon as it can, and where input comes faster than it is encoded, batches fill.

mod batches;
mod queue;

pub use batches::{EncodedBatch, EncodedRecord, EncodedStream, StreamError, StreamOptions};

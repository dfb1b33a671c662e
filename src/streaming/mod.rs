//! Vectors of a stream of texts as it arrives: the texts at hand are encoded together, without waiting for more.
//!
//! A separate thread reads ahead into a queue of bounded size. [`EncodedStream`] takes the queued records, up to a
//! number of tokens, and yields a vector or a problem for every record in order. So memory does not grow with the
//! stream, latency is low, and batches fill when input arrives faster than it is encoded.

mod batches;
mod queue;

pub use batches::{EncodedBatch, EncodedRecord, EncodedStream, StreamError, StreamOptions};

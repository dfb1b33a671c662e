//! Cross-encoders: models that read a query and a text together and compute one score.
//!
//! [`CrossEncoderFiles`] are the files of a sequence-classification model with one output, in the layout of the hub;
//! [`CrossEncoder`] is a loaded model. The encoder is that of embeddings; a head computes the score from its pooled
//! hidden states.

mod config;
mod encoder;
mod files;
mod head;

pub(super) use config::HeadConfig;
pub use encoder::{CrossEncoder, PairScores};
pub use files::CrossEncoderFiles;

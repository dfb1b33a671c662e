//! Models: where their files come from, what they say of themselves, and how they turn texts into unit vectors.
//!
//! [`ModelFiles`] are the bytes of a model, bundled, from a folder or from the hub. [`Model`] is one ready to embed: files, tokenizer,
//! encoder and the [`EmbeddingSettings`] that decide which vector a text gets.

mod bundled;
mod config;
mod cpu;
mod embedding;
mod encoder;
mod error;
mod files;
mod fingerprint;
mod from_hub;
mod pooling;
mod reference;
mod tokenizer;
mod weights;

pub use crate::simd::Activation;
pub use bundled::BUNDLED_NAME;
pub use config::BertConfig;
pub use cpu::{BertShape, CpuEncoder, EncoderError, EncoderPrecision, TokensError, UnknownPrecision};
pub use embedding::{EmbeddedTexts, EmbeddingSettings, Model};
pub use encoder::Encoder;
pub use error::ModelError;
pub use files::ModelFiles;
pub use fingerprint::Fingerprint;
pub use pooling::{Pooling, PoolingChoice};
pub use reference::ReferenceEncoder;
pub use tokenizer::{TokenizedText, Tokenizer};
pub use weights::Weights;

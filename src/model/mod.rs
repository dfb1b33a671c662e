//! Models: the source of their files, their declarations, and the computation of unit vectors from texts.
//!
//! [`ModelFiles`] are the bytes of a model: bundled, from a folder or from the hub. [`Model`] is a loaded model: files,
//! tokenizer, encoder and the [`EmbeddingSettings`] that determine the vector of a text. An [`Architecture`] has the
//! differences between kinds of models: sizes, names of tensors, and the computation in candle.

mod architecture;
mod bundled;
mod cpu;
mod cross_encoder;
mod device;
mod digest_cache;
mod embedding;
mod encoder;
mod error;
mod fastest_encoder;
mod files;
mod find;
mod fingerprint;
mod folder;
mod hex;
mod limits;
mod open_device;
mod pooling;
mod prompts;
mod read;
mod reference;
mod sentence_transformers;
mod settings;
mod tokenizer;
mod weights;

pub use crate::simd::Activation;
pub use architecture::{
    Architecture, BertConfig, BertFamily, ModernBertConfig, NomicBertConfig, SUPPORTED_ARCHITECTURES,
};
pub use bundled::BUNDLED_NAME;
pub use cpu::{BertShape, CpuEncoder, EncoderError, EncoderPrecision, TokensError, UnknownPrecision};
pub use cross_encoder::{CrossEncoder, CrossEncoderFiles, PairScores};
pub use device::Device;
pub use digest_cache::DigestCache;
pub use embedding::Model;
pub use encoder::Encoder;
pub use error::ModelError;
pub use files::ModelFiles;
pub use pooling::{DeclaredPooling, Pooling, PoolingChoice};
pub use prompts::Prompts;
pub use reference::ReferenceEncoder;
pub use settings::EmbeddingSettings;
pub use tokenizer::{Casing, PairTokenizer, TokenizedPair, Tokenizer, TokenizerSettings};
pub use weights::{ExpectedTensors, Weights};

//! Errors of models.

use std::path::PathBuf;

use super::{Device, EncoderPrecision, SUPPORTED_ARCHITECTURES, TokensError};
use crate::hub::HubError;
use crate::vectors::{Dimension, NoDirection};

/// Why a model cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The name is neither that of a folder nor that of the bundled model.
    #[error("no model '{name}': it is neither a folder nor the bundled model {bundled}")]
    Unknown {
        /// The name.
        name: String,
        /// The name of the bundled model.
        bundled: &'static str,
    },
    /// The hub does not provide the model.
    #[error(transparent)]
    Hub(#[from] HubError),
    /// The binary was built without the bundled model.
    #[error("this embed was built without the bundled model {bundled}")]
    NotBundled {
        /// The name of the bundled model.
        bundled: &'static str,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// A file of the model is a link that leads out of its folder.
    #[error("{} is a link out of the model's folder, to {}", path.display(), target.display())]
    Outside {
        /// The file.
        path: PathBuf,
        /// The file that the link leads to.
        target: PathBuf,
    },
    /// A file of the model is missing from its folder.
    #[error("the model folder {} has no {file}", folder.display())]
    MissingFile {
        /// The model's folder.
        folder: PathBuf,
        /// The missing file.
        file: &'static str,
    },
    /// A JSON file of the model does not parse, or lacks a field.
    #[error("{} is not a valid model file", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// The parser's error.
        source: serde_json::Error,
    },
    /// Only the CPU encoder computes in precisions other than float32.
    #[error(
        "the precision {precision} is unavailable for the architecture '{architecture}' on the device '{}'",
        device.name()
    )]
    PrecisionUnsupported {
        /// The requested precision.
        precision: EncoderPrecision,
        /// Its `model_type`.
        architecture: &'static str,
        /// The device of the model.
        device: Device,
    },
    /// The configuration names another architecture.
    #[error(
        "{}: the architecture '{architecture}' is not supported; supported are {}",
        path.display(), SUPPORTED_ARCHITECTURES.join(", ")
    )]
    UnsupportedArchitecture {
        /// The configuration file.
        path: PathBuf,
        /// The `model_type` found there.
        architecture: String,
    },
    /// The model has an unsupported step after the encoder.
    #[error("{}: the module '{module}' is not supported, only Transformer, Pooling and Normalize are", path.display())]
    UnsupportedModule {
        /// `modules.json`.
        path: PathBuf,
        /// The last part of the module's type.
        module: String,
    },
    /// The model's files declare a pooling that is not supported.
    #[error("{model} declares the pooling '{pooling}', which is not supported")]
    UnsupportedPooling {
        /// The model.
        model: String,
        /// The pooling, as `1_Pooling/config.json` names it.
        pooling: String,
    },
    /// The model has no prompt of that name.
    #[error("{model} has no prompt '{prompt}'; {}", known_prompts(known))]
    UnknownPrompt {
        /// The model.
        model: String,
        /// The name.
        prompt: String,
        /// The names of the model's prompts.
        known: Vec<String>,
    },
    /// The settings keep more components than the model's vectors have.
    #[error("{model} has vectors of dimension {dimension}: there are no {kept} components to keep")]
    Dimensions {
        /// The model.
        model: String,
        /// The number of components to keep.
        kept: Dimension,
        /// The number of components.
        dimension: Dimension,
    },
    /// The binary was built without support for the device.
    #[error("this embed was built without support for the device '{}'", device.name())]
    NoDeviceSupport {
        /// The device.
        device: Device,
    },
    /// There is no such device, or it does not respond.
    #[error("the device '{}' cannot be used", device.name())]
    Device {
        /// The device.
        device: Device,
        /// The error of the tensor library.
        source: candle_core::Error,
    },
    /// A field of the configuration has an invalid value.
    #[error("{}: {field} is {value}, {expected}", path.display())]
    InvalidConfig {
        /// The configuration file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// The expected value.
        expected: &'static str,
    },
    /// The weights are not a readable safetensors file.
    #[error("{} is not a valid safetensors file", path.display())]
    Safetensors {
        /// The weights file.
        path: PathBuf,
        /// The error of the header check.
        source: safetensors::SafeTensorError,
    },
    /// A tensor of the architecture is missing.
    #[error("{} has no tensor {tensor}", path.display())]
    MissingTensor {
        /// The weights file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
    },
    /// The model has no head that scores pairs: it computes vectors.
    #[error(
        "{model} is not a cross-encoder, which scores a query and a text together: it has no tensor {tensor}"
    )]
    NoClassifier {
        /// The weights file, or the name of the model.
        model: String,
        /// The tensor's name.
        tensor: String,
    },
    /// A classification model has several outputs, or none.
    #[error("{}: the model has {labels} outputs, a cross-encoder has one", path.display())]
    Labels {
        /// The weights file.
        path: PathBuf,
        /// The number of outputs.
        labels: usize,
    },
    /// Cross-encoders of the architecture are not supported.
    #[error("{}: cross-encoders of the architecture '{architecture}' are not supported", path.display())]
    UnsupportedCrossEncoder {
        /// The configuration file.
        path: PathBuf,
        /// Its `model_type`.
        architecture: &'static str,
    },
    /// A cross-encoder was named as the model that computes vectors.
    #[error("{model} is a cross-encoder: it scores a query and a text together and computes no vectors")]
    CrossEncoder {
        /// The model's folder.
        model: String,
    },
    /// A tensor has a shape other than the configuration implies.
    #[error("{}: tensor {tensor} has shape {found:?}, the configuration implies {expected:?}", path.display())]
    TensorShape {
        /// The weights file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that the configuration implies.
        expected: Vec<usize>,
    },
    /// A tensor holds numbers other than float32 or float16.
    #[error("{}: tensor {tensor} holds {found}, only F32 and F16 are supported", path.display())]
    TensorType {
        /// The weights file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The type in the file.
        found: String,
    },
    /// The tokenizer does not load.
    #[error("{} is not a valid tokenizer", path.display())]
    TokenizerFile {
        /// The tokenizer file.
        path: PathBuf,
        /// The error of the tokenizer library.
        source: tokenizers::Error,
    },
    /// The tokenizer has ids for which the model has no embedding.
    #[error("{}: the tokenizer has {tokens} tokens, the model has embeddings for {embeddings}", path.display())]
    VocabularySize {
        /// The tokenizer file.
        path: PathBuf,
        /// One more than the highest token id.
        tokens: usize,
        /// The rows of the model's word embedding.
        embeddings: usize,
    },
    /// A text cannot be tokenized.
    #[error("a text cannot be tokenized")]
    Tokenize {
        /// The error of the tokenizer library.
        source: tokenizers::Error,
    },
    /// Token ids are invalid for the model.
    #[error("the encoder failed")]
    Tokens {
        /// The error.
        #[from]
        source: TokensError,
    },
    /// A tensor operation failed.
    #[error("the encoder failed")]
    Encode {
        /// The error of the tensor library.
        #[from]
        source: candle_core::Error,
    },
    /// The encoder returned a vector without direction, which indicates a damaged model.
    #[error("the model returned a vector without direction: its weights are damaged")]
    NoDirection {
        /// Why the vector cannot be scaled.
        #[from]
        source: NoDirection,
    },
}

fn known_prompts(known: &[String]) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("it has: {}", known.join(", ")) }
}

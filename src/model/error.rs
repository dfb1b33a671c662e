//! What can be wrong with a model.

use std::path::PathBuf;

use super::Device;
use crate::vectors::Dimension;

/// Why a model cannot be loaded or run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The name is neither a folder nor a model inside the binary.
    #[error("no model '{name}': it is neither a folder nor the bundled model {bundled}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// The name that the binary answers to.
        bundled: &'static str,
    },
    /// The hub does not give the model.
    #[error(transparent)]
    Hub(#[from] crate::hub::HubError),
    /// The binary was built without the model inside.
    #[error("this embed was built without the bundled model {bundled}")]
    NotBundled {
        /// The model that is left out.
        bundled: &'static str,
    },
    /// A file of the model cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A file of the model is missing from its folder.
    #[error("the model folder {} has no {file}", folder.display())]
    MissingFile {
        /// The model's folder.
        folder: PathBuf,
        /// The file that is not there.
        file: &'static str,
    },
    /// A JSON file of the model does not parse, or lacks a field.
    #[error("{} is not a valid model file", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why parsing ended.
        source: serde_json::Error,
    },
    /// Only the CPU's own encoder computes in other precisions than float32.
    #[error("--precision {precision} is not for the architecture '{architecture}' on the device {}", device.name())]
    PrecisionUnsupported {
        /// What was asked for.
        precision: super::EncoderPrecision,
        /// As `model_type` names it.
        architecture: &'static str,
        /// Where it was to run.
        device: super::Device,
    },
    /// The configuration names another architecture.
    #[error(
        "{}: the architecture '{architecture}' is not supported; these are: {}",
        path.display(), super::SUPPORTED_ARCHITECTURES.join(", ")
    )]
    UnsupportedArchitecture {
        /// The configuration file.
        path: PathBuf,
        /// The `model_type` found there.
        architecture: String,
    },
    /// A folder of sentence-transformers has a step after the encoder that is not computed here.
    #[error("{}: the module '{module}' is not supported, only Transformer, Pooling and Normalize are", path.display())]
    UnsupportedModule {
        /// `modules.json`.
        path: PathBuf,
        /// The last part of the module's type.
        module: String,
    },
    /// The model's authors chose a pooling that is not computed here.
    #[error("{model} asks for the pooling '{pooling}', which is not supported")]
    UnsupportedPooling {
        /// The model.
        model: String,
        /// The pooling, as `1_Pooling/config.json` names it.
        pooling: String,
    },
    /// The model has no prompt of a name.
    #[error("{model} has no prompt '{prompt}'; {}", known_prompts(known))]
    UnknownPrompt {
        /// The model.
        model: String,
        /// The name asked for.
        prompt: String,
        /// The names of those it has.
        known: Vec<String>,
    },
    /// More components of a vector are asked for than the model gives.
    #[error("{model} has vectors of dimension {dimension}: there are no {asked} components to keep")]
    Dimensions {
        /// The model.
        model: String,
        /// The components asked for.
        asked: Dimension,
        /// The components there are.
        dimension: Dimension,
    },
    /// The build cannot use a kind of device.
    #[error("this embed was built without support for the device '{}'", device.name())]
    NoDeviceSupport {
        /// The device asked for.
        device: Device,
    },
    /// There is no such device, or it does not answer.
    #[error("the device '{}' cannot be used", device.name())]
    Device {
        /// The device asked for.
        device: Device,
        /// What the tensor library says.
        source: candle_core::Error,
    },
    /// A field of the configuration has a value that no model can have.
    #[error("{}: {field} is {value}, {expected}", path.display())]
    InvalidConfig {
        /// The configuration file.
        path: PathBuf,
        /// The field.
        field: &'static str,
        /// Its value.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The weights are not a readable safetensors file.
    #[error("{} is not a valid safetensors file", path.display())]
    Safetensors {
        /// The weights file.
        path: PathBuf,
        /// What the header check says.
        source: safetensors::SafeTensorError,
    },
    /// A tensor that the architecture needs is not there.
    #[error("{} has no tensor {tensor}", path.display())]
    MissingTensor {
        /// The weights file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
    },
    /// A tensor is there in another shape than the configuration says.
    #[error("{}: tensor {tensor} has shape {found:?}, the configuration asks for {expected:?}", path.display())]
    TensorShape {
        /// The weights file.
        path: PathBuf,
        /// The tensor's name.
        tensor: String,
        /// The shape in the file.
        found: Vec<usize>,
        /// The shape that follows from the configuration.
        expected: Vec<usize>,
    },
    /// A tensor holds another type of number than float32 or float16.
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
        /// What the tokenizer library says.
        source: tokenizers::Error,
    },
    /// The tokenizer gives ids that the model has no embedding for.
    #[error("{}: the tokenizer has {tokens} tokens, the model embeds {embeddings}", path.display())]
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
        /// What the tokenizer library says.
        source: tokenizers::Error,
    },
    /// Token ids are not the model's.
    #[error("the encoder failed")]
    Tokens {
        /// What is wrong with them.
        #[from]
        source: super::TokensError,
    },
    /// A tensor operation failed.
    #[error("the encoder failed")]
    Encode {
        /// What the tensor library says.
        #[from]
        source: candle_core::Error,
    },
    /// The encoder gave a vector without direction (a damaged model does).
    #[error("the model gives a vector of no direction: its weights are damaged")]
    NoDirection {
        /// Why the vector cannot be scaled.
        #[from]
        source: crate::vectors::NoDirection,
    },
}

fn known_prompts(known: &[String]) -> String {
    if known.is_empty() { "it has none".to_owned() } else { format!("it has: {}", known.join(", ")) }
}

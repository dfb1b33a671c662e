//! The files of a cross-encoder.

use std::fs;
use std::path::{Path, PathBuf};

use super::config::HeadConfig;
use super::head::HeadLayout;
use crate::hub::{Hub, HubName, Progress, Snapshot};
use crate::model::folder::{required, weights_file};
use crate::model::sentence_transformers::{LongestText, longest_text};
use crate::model::{Architecture, BUNDLED_NAME, ModelError, ModelFiles, Weights};

/// The fewest tokens that the longest pair may have: room for the special tokens, the query and the text.
const MIN_PAIR_TOKENS: usize = 16;

/// A cross-encoder's files, read and checked but not yet ready to run.
#[derive(Debug)]
pub struct CrossEncoderFiles {
    /// A folder's absolute path, or a name on the hub with its commit.
    pub name: String,
    /// The architecture of the encoder.
    pub architecture: Architecture,
    /// The encoder's weights.
    pub weights: Weights,
    /// The longest pair in tokens, special tokens included.
    pub max_tokens: usize,
    pub(super) layout: HeadLayout,
    pub(super) head_weights: Weights,
    pub(super) tokenizer_json: Vec<u8>,
    pub(super) tokenizer_path: PathBuf,
}

impl CrossEncoderFiles {
    /// The files of a folder: `config.json`, `tokenizer.json` and `model.safetensors` of a sequence-classification model
    /// with one output.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] that names the file at fault; [`ModelError::NoClassifier`] for a model that computes vectors,
    /// and [`ModelError::Labels`] for one with more outputs.
    pub fn from_folder(folder: &Path) -> Result<Self, ModelError> {
        let absolute = fs::canonicalize(folder)
            .map_err(|source| ModelError::Read { path: folder.to_owned(), source })?;
        let config_path = folder.join("config.json");
        let config = required(folder, "config.json")?;
        let architecture = Architecture::from_json(&config, &config_path)?;
        let layout =
            HeadLayout::of(&architecture, &HeadConfig::from_json(&config, &config_path)?, &config_path)?;
        let tokenizer_json = required(folder, "tokenizer.json")?;
        let weights_path = weights_file(folder)?;
        let head_weights = layout.open(&weights_path)?;
        Ok(Self {
            name: absolute.to_string_lossy().into_owned(),
            max_tokens: longest_pair(folder, &architecture)?,
            weights: Weights::open(&weights_path, architecture.expected_tensors())?,
            layout,
            head_weights,
            architecture,
            tokenizer_json,
            tokenizer_path: folder.join("tokenizer.json"),
        })
    }

    /// The files of the model `name`, which is a folder.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unknown`] if the name is unknown, [`ModelError::NoClassifier`] for the bundled model, or an error
    /// in the files.
    pub fn find(name: &str) -> Result<Self, ModelError> {
        if Path::new(name).is_dir() {
            return Self::from_folder(Path::new(name));
        }
        if ModelFiles::is_bundled(name) {
            let (model, tensor) = (BUNDLED_NAME.to_owned(), "classifier.weight".to_owned());
            return Err(ModelError::NoClassifier { model, tensor });
        }
        Err(ModelError::Unknown { name: name.to_owned(), bundled: BUNDLED_NAME })
    }

    /// The files of the model `name`, from the cache or else from `hub`.
    ///
    /// # Errors
    ///
    /// [`ModelError::Hub`] if they are unavailable, or an error in the files.
    pub fn from_hub(hub: &Hub, name: &HubName, progress: &mut dyn Progress) -> Result<Self, ModelError> {
        let Snapshot { name, folder } = hub.find(name, progress)?;
        let files = Self::from_folder(&folder)?;
        Ok(Self { name: name.to_string(), ..files })
    }
}

fn longest_pair(folder: &Path, architecture: &Architecture) -> Result<usize, ModelError> {
    let positions = LongestText {
        tokens: architecture.positions(),
        file: "config.json",
        field: "max_position_embeddings",
    };
    let longest = match longest_text(folder)? {
        Some(longest) if longest.tokens < positions.tokens => longest,
        _ => positions,
    };
    if longest.tokens >= MIN_PAIR_TOKENS {
        return Ok(longest.tokens);
    }
    Err(longest.too_short(folder, "too few for a query, a text and their special tokens"))
}

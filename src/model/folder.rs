//! A model in a folder laid out like a Hugging Face repository.

use std::fs;
use std::path::{Path, PathBuf};

use super::cross_encoder::HeadConfig;
use super::read::{find, read};
use super::sentence_transformers::SentenceTransformersFiles;
use super::{Architecture, ModelError, ModelFiles, Weights};

impl ModelFiles {
    /// The files of a folder: `config.json`, `tokenizer.json`, `model.safetensors`, and, if they exist, those of
    /// sentence-transformers: `modules.json`, `sentence_bert_config.json`, `tokenizer_config.json`,
    /// `1_Pooling/config.json` and `config_sentence_transformers.json`.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] that names the file at fault.
    pub fn from_folder(folder: &Path) -> Result<Self, ModelError> {
        let absolute = fs::canonicalize(folder)
            .map_err(|source| ModelError::Read { path: folder.to_owned(), source })?;
        let config = required(folder, "config.json")?;
        let architecture = Architecture::from_json(&config, &folder.join("config.json"))?;
        let tokenizer_json = required(folder, "tokenizer.json")?;
        let weights_path = weights_file(folder)?;
        let SentenceTransformersFiles { max_seq_length, casing, pooling, prompts } =
            SentenceTransformersFiles::read(folder)?;
        let is_cross_encoder =
            || HeadConfig::from_json(&config, folder).is_ok_and(|head| head.is_cross_encoder());
        // The hidden states of a cross-encoder are not trained for comparison, unless its files declare a pooling.
        if pooling.is_none() && is_cross_encoder() {
            return Err(ModelError::CrossEncoder { model: folder.display().to_string() });
        }
        let positions = architecture.positions();
        Ok(Self {
            name: absolute.to_string_lossy().into_owned(),
            max_tokens: max_seq_length.map_or(positions, |longest| longest.min(positions)),
            weights: Weights::open(&weights_path, architecture.expected_tensors())?,
            architecture,
            tokenizer_json: tokenizer_json.into(),
            tokenizer_path: folder.join("tokenizer.json"),
            casing,
            declared_pooling: pooling,
            prompts,
        })
    }
}

/// The weights file of a folder; an error if it is missing.
pub(super) fn weights_file(folder: &Path) -> Result<PathBuf, ModelError> {
    const FILE: &str = "model.safetensors";
    find(folder, FILE)?.ok_or_else(|| ModelError::MissingFile { folder: folder.to_owned(), file: FILE })
}

pub(super) fn required(folder: &Path, file: &'static str) -> Result<Vec<u8>, ModelError> {
    read(folder, file)?.ok_or_else(|| ModelError::MissingFile { folder: folder.to_owned(), file })
}

//! The files of a model, bundled in the binary or in a folder laid out like a Hugging Face repository.

use std::borrow::Cow;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::sentence_transformers::SentenceTransformersFiles;
use super::{Architecture, BUNDLED_NAME, ModelError, Prompts, StatedPooling, Weights, bundled};

/// A model's files, read and checked but not yet ready to run.
#[derive(Debug)]
pub struct ModelFiles {
    /// The name by which an index finds the model again: the bundled model's, or a folder's absolute path.
    pub name: String,
    /// How the encoder computes.
    pub architecture: Architecture,
    /// The encoder's weights.
    pub weights: Weights,
    /// `tokenizer.json`.
    pub tokenizer_json: Cow<'static, [u8]>,
    /// Where `tokenizer_json` came from.
    pub tokenizer_path: PathBuf,
    /// The pooling that the model's authors chose, where they say.
    pub pooling: Option<StatedPooling>,
    /// The prompts that the model's authors give.
    pub prompts: Prompts,
    /// The longest text in tokens, special tokens included.
    pub max_tokens: usize,
}

/// Room for `[CLS]`, one token and `[SEP]`.
pub(super) const MIN_TOKENS: usize = 3;

impl ModelFiles {
    /// The files of the model `name`: a folder if there is one of that name, else the bundled model, whose name may be
    /// given without its organization.
    ///
    /// # Errors
    ///
    /// [`ModelError::Unknown`] where `name` is neither, or whatever is wrong with the files.
    pub fn find(name: &str) -> Result<Self, ModelError> {
        if Path::new(name).is_dir() {
            return Self::from_folder(Path::new(name));
        }
        if bundled::is_called(name) {
            return Self::bundled();
        }
        Err(ModelError::Unknown { name: name.to_owned(), bundled: BUNDLED_NAME })
    }

    /// Whether `name` is that of the bundled model, with or without its organization.
    #[must_use]
    pub fn is_bundled(name: &str) -> bool {
        bundled::is_called(name)
    }

    /// The files inside the binary.
    ///
    /// # Errors
    ///
    /// [`ModelError::NotBundled`] in a build without the `bundled-model` feature.
    pub fn bundled() -> Result<Self, ModelError> {
        bundled::files()
    }

    /// The files of a folder: `config.json`, `tokenizer.json`, `model.safetensors`, and where they exist
    /// those of sentence-transformers: `modules.json`, `sentence_bert_config.json`, `tokenizer_config.json`, `1_Pooling/config.json` and
    /// `config_sentence_transformers.json`.
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
        let weights_path = folder.join("model.safetensors");
        if !weights_path.exists() {
            return Err(ModelError::MissingFile { folder: folder.to_owned(), file: "model.safetensors" });
        }
        let SentenceTransformersFiles { max_seq_length, pooling, prompts } =
            SentenceTransformersFiles::read(folder)?;
        let positions = architecture.positions();
        Ok(Self {
            name: absolute.to_string_lossy().into_owned(),
            max_tokens: max_seq_length.map_or(positions, |longest| longest.min(positions)),
            weights: Weights::open(&weights_path, &architecture)?,
            architecture,
            tokenizer_json: tokenizer_json.into(),
            tokenizer_path: folder.join("tokenizer.json"),
            pooling,
            prompts,
        })
    }
}

fn required(folder: &Path, file: &'static str) -> Result<Vec<u8>, ModelError> {
    let path = folder.join(file);
    fs::read(&path).map_err(|source| match source.kind() {
        ErrorKind::NotFound => ModelError::MissingFile { folder: folder.to_owned(), file },
        _ => ModelError::Read { path, source },
    })
}

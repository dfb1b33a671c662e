//! The files of sentence-transformers besides the model: the steps after the encoder, the longest text, case, pooling
//! and prompts. Format: <https://sbert.net/docs/sentence_transformer/usage/custom_models.html>.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::limits::MIN_TOKENS;
use super::read::read;
use super::{Casing, DeclaredPooling, ModelError, Prompts};

/// The content of these files; all of them are optional.
#[derive(Debug)]
pub(super) struct SentenceTransformersFiles {
    /// The longest text in tokens, if the files limit it.
    pub max_seq_length: Option<usize>,
    pub casing: Casing,
    pub pooling: Option<DeclaredPooling>,
    pub prompts: Prompts,
}

/// An entry of `modules.json`.
#[derive(Deserialize)]
struct Module {
    /// A Python class with its module.
    #[serde(rename = "type")]
    kind: String,
}

const SENTENCE_BERT: &str = "sentence_bert_config.json";

/// `sentence_bert_config.json`.
#[derive(Default, Deserialize)]
struct SentenceBert {
    max_seq_length: Option<usize>,
    /// Whether sentence-transformers lower-cases a text before the tokenizer.
    do_lower_case: Option<bool>,
}

/// `tokenizer_config.json`, which states the longest text since version 6.
#[derive(Deserialize)]
struct TokenizerConfig {
    /// 1e30 if there is no limit.
    model_max_length: Option<f64>,
}

/// `config_sentence_transformers.json`.
#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    prompts: Prompts,
}

/// `1_Pooling/config.json`: the name of a mode or a list of them, or a flag for each mode in version 5 and before.
#[derive(Deserialize)]
struct PoolingConfig {
    pooling_mode: Option<Modes>,
    /// Whether the tokens of a prompt are pooled with the others.
    include_prompt: Option<bool>,
    #[serde(flatten)]
    others: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Modes {
    One(String),
    Several(Vec<String>),
}

impl SentenceTransformersFiles {
    /// Reads the files in `folder`.
    ///
    /// # Errors
    ///
    /// A [`ModelError`] that names the file at fault, and [`ModelError::UnsupportedModule`].
    pub(super) fn read(folder: &Path) -> Result<Self, ModelError> {
        check_modules(folder)?;
        let pooling: Option<PoolingConfig> = optional(folder, "1_Pooling/config.json")?;
        let config: Option<Config> = optional(folder, "config_sentence_transformers.json")?;
        let transformer: SentenceBert = optional(folder, SENTENCE_BERT)?.unwrap_or_default();
        Ok(Self {
            max_seq_length: longest_text(folder)?.map(|longest| longest.tokens),
            casing: if transformer.do_lower_case == Some(true) { Casing::Lower } else { Casing::AsWritten },
            pooling: pooling.map(PoolingConfig::pooling),
            prompts: config.map(|config| config.prompts).unwrap_or_default(),
        })
    }
}

/// The longest text that a file allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LongestText {
    /// Special tokens included.
    pub(super) tokens: usize,
    /// The file that says so, and its field.
    pub(super) file: &'static str,
    pub(super) field: &'static str,
}

impl LongestText {
    /// The error that it is too short, for `folder`.
    pub(super) fn too_short(self, folder: &Path, expected: &'static str) -> ModelError {
        let Self { tokens, file, field } = self;
        ModelError::InvalidConfig { path: folder.join(file), field, value: tokens.to_string(), expected }
    }
}

/// The longest text, if the files in `folder` limit it.
pub(super) fn longest_text(folder: &Path) -> Result<Option<LongestText>, ModelError> {
    let transformer: SentenceBert = optional(folder, SENTENCE_BERT)?.unwrap_or_default();
    let (mut file, mut field) = (SENTENCE_BERT, "max_seq_length");
    let mut tokens = transformer.max_seq_length;
    if tokens.is_none() {
        (file, field) = ("tokenizer_config.json", "model_max_length");
        let config: Option<TokenizerConfig> = optional(folder, file)?;
        tokens = config.and_then(|config| config.model_max_length).map(|length| length as usize);
    }
    let longest = tokens.map(|tokens| LongestText { tokens, file, field });
    match longest {
        Some(longest) if longest.tokens < MIN_TOKENS => {
            Err(longest.too_short(folder, "too few for a text and its special tokens"))
        }
        longest => Ok(longest),
    }
}

/// Refuses other modules. Vectors are scaled to length 1 with or without Normalize.
fn check_modules(folder: &Path) -> Result<(), ModelError> {
    const FILE: &str = "modules.json";
    let modules: Vec<Module> = optional(folder, FILE)?.unwrap_or_default();
    let names = modules.iter().map(|module| module.kind.rsplit('.').next().unwrap_or_default());
    match names.into_iter().find(|name| !matches!(*name, "Transformer" | "Pooling" | "Normalize")) {
        Some(module) => {
            Err(ModelError::UnsupportedModule { path: folder.join(FILE), module: module.to_owned() })
        }
        None => Ok(()),
    }
}

impl PoolingConfig {
    fn pooling(self) -> DeclaredPooling {
        let modes = match &self.pooling_mode {
            Some(Modes::One(mode)) => vec![mode.clone()],
            Some(Modes::Several(modes)) => modes.clone(),
            None => self.flags(),
        };
        if self.include_prompt == Some(false) {
            DeclaredPooling::Other(format!("{} without the prompt", modes.join("+")))
        } else if modes.is_empty() {
            DeclaredPooling::from_name("mean")
        } else {
            DeclaredPooling::from_name(&modes.join("+"))
        }
    }

    /// The modes whose flags are set; `pooling_mode_cls_token` is the flag of `cls`.
    fn flags(&self) -> Vec<String> {
        let set = self.others.iter().filter(|(_, value)| **value == serde_json::Value::Bool(true));
        let modes = set.filter_map(|(flag, _)| flag.strip_prefix("pooling_mode_"));
        modes.map(|mode| mode.trim_end_matches("_tokens").trim_end_matches("_token").to_owned()).collect()
    }
}

fn optional<T: DeserializeOwned>(folder: &Path, file: &str) -> Result<Option<T>, ModelError> {
    let Some(json) = read(folder, file)? else { return Ok(None) };
    serde_json::from_slice(&json)
        .map(Some)
        .map_err(|source| ModelError::Json { path: folder.join(file), source })
}

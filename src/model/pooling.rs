//! From a token's hidden states to a text's vector.

use serde::{Deserialize, Serialize};

/// How the hidden states of a text's tokens become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over all tokens of the text, special tokens included, padding never.
    Mean,
    /// The hidden state of the first token, `[CLS]`.
    Cls,
}

impl Pooling {
    /// The name used on the command line, in the catalog and in fingerprints.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::Cls => "cls",
        }
    }
}

impl std::fmt::Display for Pooling {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Which pooling a user asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PoolingChoice {
    /// [`Pooling::Mean`].
    #[default]
    Mean,
    /// [`Pooling::Cls`].
    Cls,
    /// What the model's `1_Pooling/config.json` says; mean where it has none.
    Auto,
}

/// `1_Pooling/config.json` of sentence-transformers, as far as it names a pooling supported here.
#[derive(Debug, Deserialize)]
pub(super) struct PoolingFile {
    #[serde(default)]
    pooling_mode_cls_token: bool,
}

impl PoolingFile {
    pub(super) const fn pooling(&self) -> Pooling {
        if self.pooling_mode_cls_token { Pooling::Cls } else { Pooling::Mean }
    }
}

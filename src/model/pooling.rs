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

/// The pooling that a model's authors chose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatedPooling {
    /// One that is computed here.
    Known(Pooling),
    /// Another, by its name in sentence-transformers.
    Other(String),
}

impl StatedPooling {
    /// The pooling that sentence-transformers calls `name`.
    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "mean" => Self::Known(Pooling::Mean),
            "cls" => Self::Known(Pooling::Cls),
            _ => Self::Other(name.to_owned()),
        }
    }
}

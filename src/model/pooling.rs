//! From a token's hidden states to a text's vector.

use serde::{Deserialize, Serialize};

/// How the hidden states of a text's tokens become one vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// The mean over all tokens of the text, special tokens included, without padding.
    Mean,
    /// The hidden state of the first token, `[CLS]`.
    Cls,
}

impl Pooling {
    /// The name on the command line, in the catalog and in fingerprints.
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

/// The pooling that a caller chooses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PoolingChoice {
    /// [`Pooling::Mean`].
    Mean,
    /// [`Pooling::Cls`].
    Cls,
    /// The pooling that the model's files declare; mean if they declare none.
    Auto,
}

/// The pooling that a model's files declare.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeclaredPooling {
    /// A supported pooling.
    Known(Pooling),
    /// An unsupported pooling, by its name in sentence-transformers.
    Other(String),
}

impl DeclaredPooling {
    /// The pooling that sentence-transformers calls `name`.
    pub(super) fn from_name(name: &str) -> Self {
        match name {
            "mean" => Self::Known(Pooling::Mean),
            "cls" => Self::Known(Pooling::Cls),
            _ => Self::Other(name.to_owned()),
        }
    }

    /// Its name in sentence-transformers.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Known(pooling) => pooling.name(),
            Self::Other(name) => name,
        }
    }
}

//! Errors of models and tokens.

/// Why the encoder cannot run a model.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError<E: std::error::Error + 'static> {
    /// The caller could not provide a tensor.
    #[error("tensor {name} cannot be read")]
    Tensor {
        /// Its name.
        name: String,
        /// The caller's reason.
        source: E,
    },
    /// A tensor has a shape other than the configuration implies.
    #[error("tensor {name} is {found:?}, not {expected:?}")]
    TensorShape {
        /// Its name.
        name: String,
        /// Its rows and columns.
        found: [usize; 2],
        /// The rows and columns that the configuration implies.
        expected: [usize; 2],
    },
    /// The heads do not divide the hidden size evenly.
    #[error("a hidden size of {hidden} cannot be split into {heads} heads")]
    Heads {
        /// The hidden size.
        hidden: usize,
        /// The number of heads.
        heads: usize,
    },
    /// A dimension is zero.
    #[error("the model's {0} is zero")]
    Zero(&'static str),
}

/// Why the model cannot encode tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokensError {
    /// A sequence has no tokens.
    #[error("sequence {sequence} has no tokens")]
    Empty {
        /// Its index.
        sequence: usize,
    },
    /// A sequence has more tokens than the model has positions.
    #[error("sequence {sequence} has {tokens} tokens; the model has {positions} positions")]
    TooLong {
        /// Its index.
        sequence: usize,
        /// Its length.
        tokens: usize,
        /// The number of positions.
        positions: usize,
    },
    /// A token is not in the vocabulary.
    #[error("sequence {sequence} has token {token}; the vocabulary ends before {vocabulary}")]
    UnknownToken {
        /// Its index.
        sequence: usize,
        /// The token.
        token: u32,
        /// The size of the vocabulary.
        vocabulary: usize,
    },
}

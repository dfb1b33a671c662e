//! What can be wrong with a model or with tokens.

/// A model that the encoder cannot run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncoderError<E: std::error::Error + 'static> {
    /// The caller found no such tensor.
    #[error("tensor {name} cannot be read")]
    Tensor {
        /// Its name.
        name: String,
        /// The caller's reason.
        source: E,
    },
    /// A tensor has another shape than the configuration says.
    #[error("tensor {name} is {found:?}, not {expected:?}")]
    TensorShape {
        /// Its name.
        name: String,
        /// Rows and columns that it has.
        found: [usize; 2],
        /// Rows and columns that the configuration asks for.
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

/// Tokens that the model cannot encode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TokensError {
    /// A sequence of no tokens has no vector.
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
        /// The longest possible.
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

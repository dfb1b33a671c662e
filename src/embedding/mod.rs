//! The interface of embedding models: inputs become unit vectors.
//!
//! An [`Embedder`] is a model as the rest of the crate sees it: indexing, streaming, gathering and the engine take this
//! trait. The local model (`model::Model`) is one implementation. Tokens, files, devices and networks are
//! hidden from callers, who see inputs, vectors and a [`ModelDescription`].

mod identity;
mod request;
mod tokens;

use std::error::Error;
use std::fmt;

pub use identity::{Fingerprint, Identity, ServedIdentity};
pub use request::{EmbedderRequest, NamedBy};
pub use tokens::{Token, TokenEmbedder, TokenizedText};

use crate::vectors::{Dimension, UnitVectors};

/// The longest word that WordPiece splits, in characters, unless the tokenizer's file sets another limit: longer words
/// are unknown.
const LONGEST_WORD: usize = 100;

/// The approximate number of ASCII letters of a known token.
const LETTERS_OF_TOKEN: usize = 4;

/// Computes unit vectors of inputs. Shared by threads; the same input gives the same vector.
pub trait Embedder: fmt::Debug + Send + Sync {
    /// The model: its identity and the shape of its vectors.
    fn description(&self) -> &ModelDescription;

    /// Tokens of the longest document that is embedded whole, without special tokens and prefix; at least 1.
    fn longest_document(&self) -> usize;

    /// Tokens of `text`, without special tokens, for splitting text into passages. A text that cannot be
    /// tokenized counts as its bytes and is refused by [`Embedder::embed`].
    fn count_tokens(&self, text: &str) -> usize;

    /// Tokens that are encoded for `text` as a document, without special tokens: with the document prefix, and without what
    /// is truncated.
    fn document_tokens(&self, text: &str) -> usize {
        self.count_tokens(text)
    }

    /// The amount of text that a caller with more of it passes to one [`Embedder::embed`].
    fn batch(&self) -> Batch {
        Batch::LOCAL
    }

    /// Whether more than half of the tokens of `text` are the unknown token, which makes its vector uninformative: all
    /// such texts of one length have the same vector. False by default: many models have a token for everything.
    fn is_mostly_unknown(&self, _text: &str) -> bool {
        false
    }

    /// The model's tokens; `None` by default: other programs tokenize for models of services.
    fn token_embedder(&self) -> Option<&dyn TokenEmbedder> {
        None
    }

    /// The vectors of `inputs`: inputs x dimension, in order.
    ///
    /// # Errors
    ///
    /// An [`EmbedError`] that carries the error of the implementation.
    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Embedded, EmbedError>;
}

/// [`Embedder::embed`] for inputs that are all texts.
///
/// # Errors
///
/// As [`Embedder::embed`].
pub fn embed_texts<S: AsRef<str>>(
    embedder: &dyn Embedder,
    role: Role,
    texts: &[S],
) -> Result<Embedded, EmbedError> {
    let inputs: Vec<Input<'_>> = texts.iter().map(|text| Input::Text(text.as_ref())).collect();
    embedder.embed(role, &inputs)
}

/// Whether most tokens of `text` can be unknown. This check avoids tokenizing every text a second time, which would
/// take a few percent of the time of embedding. ASCII letters and digits are in every vocabulary: only words with other
/// characters are unknown, or words that are too long, such as encoded data.
#[must_use]
pub fn can_be_mostly_unknown(text: &str) -> bool {
    let (mut ascii, mut others, mut word, mut longest_word) = (0, 0, 0, 0);
    for character in text.chars() {
        if character.is_ascii_alphanumeric() {
            ascii += 1;
            word += 1;
            longest_word = longest_word.max(word);
            continue;
        }
        word = 0;
        others += usize::from(!character.is_ascii() && !character.is_whitespace());
    }
    LETTERS_OF_TOKEN * others > ascii || longest_word > LONGEST_WORD
}

/// An amount of text, reached by either measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Batch {
    /// Bytes of text.
    pub bytes: usize,
    /// The number of texts.
    pub texts: usize,
}

impl Batch {
    /// For a model of this process: enough to group texts of equal lengths, and little to lose if a run is interrupted.
    /// The number of texts makes batches of short texts about as frequent as those of long ones.
    pub const LOCAL: Self = Self { bytes: 128 * 1024, texts: 4096 };
}

/// Input that can be embedded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input<'a> {
    /// A text.
    Text(&'a str),
}

/// Which side of a search an input is on. Models have different prefixes for queries and documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The input is a query.
    Query,
    /// The input is a document.
    Document,
}

/// Vectors of inputs, and counts of tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Embedded {
    /// One row for each input, in order.
    pub vectors: UnitVectors,
    /// Tokens encoded, special tokens included.
    pub tokens: usize,
    /// The number of inputs that exceed the model's limit and were truncated.
    pub truncated: usize,
}

/// Why inputs could not be embedded: the error of the implementation, such as `model::ModelError`.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct EmbedError(Box<dyn Error + Send + Sync>);

impl EmbedError {
    /// Wraps the error of an implementation.
    pub fn new(source: impl Error + Send + Sync + 'static) -> Self {
        Self(Box::new(source))
    }

    /// The error of the implementation, if it is an `E`.
    #[must_use]
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        self.0.downcast_ref()
    }
}

/// A model and how it embeds documents: what an index records, and what two sets of vectors must share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelDescription {
    /// The name by which the model is found again.
    pub name: String,
    /// Vectors of equal identities are comparable.
    pub identity: Identity,
    /// The number of components of a vector.
    pub dimension: Dimension,
    /// The requested number of components, if vectors are truncated; it then equals `dimension`.
    pub kept_dimensions: Option<Dimension>,
    /// How token vectors become one vector, in the model's own term.
    pub pooling: String,
    /// Put before every query unless the user says otherwise.
    pub query_prefix: String,
    /// Put before every document.
    pub document_prefix: String,
    /// The longest text in tokens, special tokens included.
    pub max_tokens: u32,
    /// The precision of the encoder, in the model's own term.
    pub encoder_precision: String,
}

impl ModelDescription {
    /// A model that cannot run in this process, identified by the name of the program that computed its vectors.
    #[must_use]
    pub fn of_external(name: &str, dimension: Dimension) -> Self {
        Self {
            name: name.to_owned(),
            identity: Identity::External { name: name.to_owned() },
            dimension,
            kept_dimensions: None,
            pooling: "unknown".to_owned(),
            query_prefix: String::new(),
            document_prefix: String::new(),
            max_tokens: 0,
            encoder_precision: "unknown".to_owned(),
        }
    }

    /// Whether the model cannot run in this process, so that no text can be compared with its vectors.
    #[must_use]
    pub const fn is_external(&self) -> bool {
        matches!(self.identity, Identity::External { .. })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_in_ascii_are_known_unless_a_word_is_too_long() {
        for text in ["", "a cat", "...", "a caf\u{e9} noir", "all right \u{1f44d}"] {
            assert!(!can_be_mostly_unknown(text), "{text}");
        }
        assert!(can_be_mostly_unknown("\u{8c22}\u{8c22}\u{4f60}"));
        assert!(can_be_mostly_unknown("\u{1f44d} \u{1f389} ok"));
        assert!(!can_be_mostly_unknown(&"word".repeat(25)));
        assert!(can_be_mostly_unknown(&"0123456789".repeat(11)));
    }
}

//! From a text, or a pair of texts, to token ids, cut at the model's longest length.

mod casing;
mod pairs;
mod post_processor;
#[cfg(test)]
mod tests;
mod tokenize;
mod vocabulary;
mod word_piece;

pub use casing::Casing;
pub use pairs::{PairTokenizer, TokenizedPair};
pub use tokenize::{Tokenizer, TokenizerSettings};

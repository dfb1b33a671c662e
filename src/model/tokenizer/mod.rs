//! From text to token ids, cut at the model's longest length.

mod casing;
#[cfg(test)]
mod tests;
mod tokenize;
mod vocabulary;
mod word_piece;

pub use casing::Casing;
pub use tokenize::{TokenizedText, Tokenizer, TokenizerSettings};

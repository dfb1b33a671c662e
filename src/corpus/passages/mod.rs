//! Passages of a text: parts that can stand alone.
//!
//! A text is a sequence of words, and every gap between two words has a [`Break`](words::Break): the kind of cut that
//! it allows. Formats differ only in their breaks and in the contexts of passages. Passages are filled word by word
//! ([`packing`]), so memory and time do not depend on the structure of a text.

mod block;
mod code;
mod context;
mod lone;
mod markdown;
mod outline;
mod packing;
mod prose;
mod sections;
mod settings;
mod split;
#[cfg(test)]
mod tests;
mod words;

pub(super) use block::{Block, BlockKind, plain_title};
pub(super) use packing::Piece;
pub use settings::PassageSettings;
pub(super) use split::{CutText, Structure, split};

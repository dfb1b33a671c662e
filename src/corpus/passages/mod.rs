//! Passages of a text: parts that can stand alone.
//!
//! A text is a row of words, and every gap between two of them has a [`Break`](words::Break): what a cut there would
//! separate. Formats differ only in their breaks and in what is above a passage. Passages are filled word by word
//! ([`packing`]), so memory and time do not depend on how a text is structured.

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

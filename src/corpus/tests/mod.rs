//! Sources as a whole: what walking finds, and what becomes of hard inputs in every format.

mod hard_inputs;
mod places;
mod walking;

/// A token a word.
fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

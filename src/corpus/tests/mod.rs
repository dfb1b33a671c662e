//! Sources as a whole: walking, and difficult inputs in every format.

mod hard_inputs;
mod places;
mod walking;

/// One token per word.
fn words(text: &str) -> usize {
    text.split_whitespace().count()
}

//! The visible text of a page, and the place of each stretch in the page.

mod elements;
mod extract;
mod extractor;
mod navigation;
mod open_elements;
mod page;
mod reader;
mod start_tag;
mod stretches;
#[cfg(test)]
mod tests;

pub(super) use extract::extract;
pub(super) use page::Page;
pub(super) use reader::{MAXIMUM_ATTRIBUTES, TooManyAttributes};

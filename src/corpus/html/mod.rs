//! The text of a page as a reader sees it, and where each stretch of it stands in the page.

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

//! What answers requests: a file for each protocol or kind of answer.

mod answer;
mod embed;
pub(super) mod openai;
pub(super) mod page;
mod parse;
pub(super) mod rerank;
pub(super) mod search;
pub(super) mod site;
pub(super) mod tei;

pub(super) use parse::{OneOrMany, object};

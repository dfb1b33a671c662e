//! `embed search`: the passages that best match a query, from the index or from files.

mod arguments;
mod explanation;
mod layout;
mod notes;
mod printer;
mod queries;
mod record;
mod reranking;
mod run;

pub(crate) use arguments::SearchArguments;
pub(crate) use run::run;

//! `embed search`: the passages nearest to a query, from the index or straight from files.

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

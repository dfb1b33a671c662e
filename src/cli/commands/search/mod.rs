//! `embed search`: the passages nearest to a query, from the index or straight from files.

mod arguments;
mod layout;
mod queries;
mod record;
mod run;

pub(crate) use arguments::SearchArguments;
pub(crate) use run::run;

//! Messages of a search about marks and words of its queries.

use embed::engine::SearchBy;

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::queries::TypedQuery;
use crate::cli::render::printable;
use crate::cli::report::note;

/// Says that marks of queries are no conditions, and that queries have no words to search for.
pub(super) fn note_marks_and_words(
    arguments: &SearchArguments,
    queries: &[TypedQuery],
    global: &GlobalArguments,
) {
    let has_conditions = |query: &TypedQuery| query.marks().is_some_and(|query| query.has_conditions());
    if !arguments.reads_marks() && queries.iter().any(has_conditions) {
        let flag = if arguments.has_terms() { "--like, --plus or --minus" } else { "--by meaning" };
        note(global, &format!("with {flag}, quotes and minus signs have no effect"));
    }
    let has_no_words = |query: &&TypedQuery| query.marks().is_some_and(|query| query.terms.is_empty());
    if SearchBy::from(arguments.by) == SearchBy::Words
        && let Some(label) = queries.iter().find(has_no_words).and_then(TypedQuery::label)
    {
        let label = printable(label);
        note(global, &format!("\"{label}\" has no words to search for: words such as 'the' are left out"));
    }
}

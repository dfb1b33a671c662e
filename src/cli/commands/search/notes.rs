//! Messages of a search: whether results answer the queries, and whether the queries are in the model's vocabulary.

use embed::engine::{Answers, EVEN_CONFIDENCE, Hit, SearchBy};

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::queries::TypedQuery;
use crate::cli::render::printable;
use crate::cli::report::note;

/// Prints that the index has no words.
pub(super) fn note_lacking_words(global: &GlobalArguments) {
    note(
        global,
        "searched by meaning only: the index was made by an older version; run 'embed index' to add words",
    );
}

/// Says which fields of --where no document has.
pub(super) fn note_missing_fields(answers: &Answers, global: &GlobalArguments) {
    for field in &answers.missing_fields {
        note(global, &format!("no document has the field {field}"));
    }
}

fn confidence(hit: &Hit) -> Option<f32> {
    hit.parts.and_then(|parts| parts.confidence)
}

/// Whether hits have a confidence and none reaches [`EVEN_CONFIDENCE`].
fn is_unanswered(hits: &[Hit]) -> bool {
    let mut confidences = hits.iter().filter_map(confidence).peekable();
    confidences.peek().is_some() && confidences.all(|confidence| confidence < EVEN_CONFIDENCE)
}

/// Prints which queries have no confident result: a single one by its text, several by their number.
pub(super) fn note_unanswered(queries: &[TypedQuery], hits: &[Vec<Hit>], global: &GlobalArguments) {
    let unanswered: Vec<&str> = queries
        .iter()
        .zip(hits)
        .filter(|(_, hits)| is_unanswered(hits))
        .filter_map(|(query, _)| query.label())
        .collect();
    match unanswered.as_slice() {
        [] => {}
        [query] => note(global, &format!("no result seems to answer \"{}\"", printable(query))),
        several => {
            note(
                global,
                &format!("no result seems to answer {} of {} queries", several.len(), queries.len()),
            );
        }
    }
}

/// Prints that queries are mostly outside the model's vocabulary, and the consequence.
pub(super) fn note_unknown_queries(arguments: &SearchArguments, answers: &Answers, global: &GlobalArguments) {
    let queries = match answers.mostly_unknown_queries {
        0 => return,
        1 if arguments.queries.is_none() => "the query is".to_owned(),
        1 => "1 query is".to_owned(),
        unknown => format!("{unknown} queries are"),
    };
    let by_words =
        SearchBy::from(arguments.by) == SearchBy::Both && !arguments.has_terms() && !answers.lacks_words;
    let outcome = if by_words { "searched by words only" } else { "the scores are not meaningful" };
    note(global, &format!("{queries} mostly outside the model's vocabulary: {outcome}"));
}

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

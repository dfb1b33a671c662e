//! Messages of a search: whether results answer the queries, and whether the queries are in the model's vocabulary.

use embed::engine::{Hit, SearchBy};

use crate::cli::args::global::GlobalArguments;
use crate::cli::commands::search::arguments::SearchArguments;
use crate::cli::commands::search::queries::TypedQuery;
use crate::cli::render::printable;
use crate::cli::report::note;

/// A best hit below this confidence more likely comes from a wrong corpus than from the right one.
const LEAST_CONFIDENCE: f32 = 0.5;

/// Prints that the index has no words.
pub(super) fn note_lacking_words(global: &GlobalArguments) {
    note(
        global,
        "searched by meaning only: the index was made by an older version; run 'embed index' to add words",
    );
}

fn confidence(hit: &Hit) -> Option<f32> {
    hit.parts.and_then(|parts| parts.confidence)
}

/// Whether a hit reaches the minimum confidence. A hit of unknown confidence does.
pub(super) fn is_confident(hit: &Hit, minimum: Option<f32>) -> bool {
    minimum.zip(confidence(hit)).is_none_or(|(minimum, confidence)| confidence >= minimum)
}

/// Whether hits have a confidence and none reaches [`LEAST_CONFIDENCE`].
fn is_unanswered(hits: &[Hit]) -> bool {
    let mut confidences = hits.iter().filter_map(confidence).peekable();
    confidences.peek().is_some() && confidences.all(|confidence| confidence < LEAST_CONFIDENCE)
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
pub(super) fn note_unknown_queries(
    arguments: &SearchArguments,
    global: &GlobalArguments,
    unknown: usize,
    lacks_words: bool,
) {
    let queries = match unknown {
        0 => return,
        1 if arguments.queries.is_none() => "the query is".to_owned(),
        1 => "1 query is".to_owned(),
        _ => format!("{unknown} queries are"),
    };
    let has_terms =
        [&arguments.like, &arguments.plus, &arguments.minus].iter().any(|terms| !terms.is_empty());
    let by_words = SearchBy::from(arguments.by) == SearchBy::Both && !has_terms && !lacks_words;
    let outcome = if by_words { "searched by words only" } else { "the scores are not meaningful" };
    note(global, &format!("{queries} mostly outside the model's vocabulary: {outcome}"));
}

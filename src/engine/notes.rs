//! What there is to say about answers, in a sentence each: whether they answer the queries, and how far the queries were
//! understood.

use super::query::{Answers, Query, SearchBy, SearchRequest};
use crate::search::{EVEN_CONFIDENCE, Hit};

impl Answers {
    /// The remarks on the answers to `request`, without line breaks of their own.
    #[must_use]
    pub fn remarks(&self, request: &SearchRequest) -> Vec<String> {
        let mut remarks = Vec::new();
        if self.lacks_words {
            let remark = "searched by meaning only: the index was made by an older version; run 'embed index' to add words";
            remarks.push(remark.to_owned());
        }
        remarks.extend(self.missing_fields.iter().map(|field| format!("no document has the field {field}")));
        if self.selects_no_source {
            remarks.push("no source matches the glob".to_owned());
        }
        remarks.extend(self.unanswered(&request.queries));
        remarks.extend(self.outside_vocabulary(request));
        remarks.extend(self.truncated(request));
        remarks
    }

    /// Which queries have no confident hit: a single one by its text, several by their number.
    fn unanswered(&self, queries: &[Query]) -> Option<String> {
        let pairs = queries.iter().zip(&self.hits).filter(|(_, hits)| is_unanswered(hits));
        let texts: Vec<&str> = pairs
            .filter_map(|(query, _)| match query {
                Query::Text(text) => Some(text.as_str()),
                Query::Vector(_) => None,
            })
            .collect();
        match texts.as_slice() {
            [] => None,
            [text] => Some(format!("no result seems to answer \"{text}\"")),
            several => {
                Some(format!("no result seems to answer {} of {} queries", several.len(), queries.len()))
            }
        }
    }

    /// That the model read only the beginning of queries.
    fn truncated(&self, request: &SearchRequest) -> Option<String> {
        match (self.truncated_queries, request.queries.len()) {
            (0, _) => None,
            (1, 1) => Some(
                "the query is longer than the model reads: its end was not searched by meaning".to_owned(),
            ),
            (1, _) => {
                Some("1 query is longer than the model reads: its end was not searched by meaning".to_owned())
            }
            (count, _) => Some(format!(
                "{count} queries are longer than the model reads: their ends were not searched by meaning"
            )),
        }
    }

    /// That queries are mostly outside the model's vocabulary, and the consequence.
    fn outside_vocabulary(&self, request: &SearchRequest) -> Option<String> {
        let queries = match (self.mostly_unknown_queries, request.queries.len()) {
            (0, _) => return None,
            (1, 1) => "the query is".to_owned(),
            (1, _) => "1 query is".to_owned(),
            (unknown, _) => format!("{unknown} queries are"),
        };
        let by_words = request.by == SearchBy::Both && !request.has_terms() && !self.lacks_words;
        let outcome = if by_words { "searched by words only" } else { "the scores are not meaningful" };
        Some(format!("{queries} mostly outside the model's vocabulary: {outcome}"))
    }
}

/// Whether hits have a confidence and none reaches [`EVEN_CONFIDENCE`].
fn is_unanswered(hits: &[Hit]) -> bool {
    let confidences = hits.iter().filter_map(|hit| hit.parts.and_then(|parts| parts.confidence));
    let mut confidences = confidences.peekable();
    confidences.peek().is_some() && confidences.all(|confidence| confidence < EVEN_CONFIDENCE)
}

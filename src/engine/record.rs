//! A hit as programs read it: one record a hit, the same in every front end.

use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::search::{Hit, ScoreDetails};
use crate::words::WordQuery;

/// A hit and its query. Serializes as `query`, `query_line`, `rank`, the fields of the hit, and `explain` where there is one;
/// fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SearchRecord {
    /// The text of the query; `None` for a vector.
    #[serde(serialize_with = "optional_text")]
    pub query: Option<Arc<str>>,
    /// The line of the text, or the row of the vector, in its file, from 1; `None` for a query that is not from a file.
    pub query_line: Option<u64>,
    /// The place among the hits of the query, from 1.
    pub rank: usize,
    /// The hit.
    #[serde(flatten)]
    pub hit: Hit,
    /// What its score is made of, if requested.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explain: Option<Explanation>,
}

#[expect(clippy::ref_option, reason = "serde passes the field")]
fn optional_text<S: Serializer>(text: &Option<Arc<str>>, serializer: S) -> Result<S::Ok, S::Error> {
    text.as_deref().serialize(serializer)
}

/// The name of a query that has no text of its own: `docs.txt:3 + woman - man`.
#[must_use]
pub fn name_of_sum(like: &[String], plus: &[String], minus: &[String]) -> String {
    let added: Vec<&str> = like.iter().chain(plus).map(String::as_str).collect();
    minus.iter().fold(added.join(" + "), |name, text| format!("{name} - {text}"))
}

/// What the score of a hit is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// Ranks and BM25.
    #[serde(flatten)]
    pub details: ScoreDetails,
    /// The terms of the query that occur in the passage.
    pub terms: Vec<String>,
}

impl Explanation {
    /// `None` if the score is only a cosine, plus what a cross-encoder added.
    #[must_use]
    pub fn new(query: &str, hit: &Hit) -> Option<Self> {
        let details = hit.parts?.details;
        let terms = WordQuery::parse(query).matches_in(&hit.passage.passage.contextual_text());
        Some(Self { details, terms })
    }
}

impl SearchRecord {
    /// The record with an explanation of its score, if the score has parts.
    #[must_use]
    pub fn explained(self) -> Self {
        let explain = self.query.as_deref().and_then(|query| Explanation::new(query, &self.hit));
        Self { explain, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::corpus::{LocatedPassage, Passage};

    #[test]
    fn a_score_is_written_with_the_fewest_digits_that_read_back() {
        let passage =
            Passage { text: "text".to_owned(), context: None, lines: Some((1, 1)), bytes: Some((0, 4)) };
        let (source, document, key) = ("docs.txt".to_owned(), "1".to_owned(), "1".to_owned());
        let passage = LocatedPassage { source, document, key, passage, metadata: None };
        let hit = Hit { score: 0.812_345_6, passage, parts: None, rerank: None };
        let record = SearchRecord { query: Some("q".into()), query_line: None, rank: 1, hit, explain: None };
        let json = serde_json::to_string(&record).expect("a record is plain data");
        assert_eq!(json.matches("0.8123456,").count(), 1);
        assert!(json.contains("\"query_line\":null"));
    }
}

//! One result of a search.

use embed::engine::Hit;
use serde::Serialize;

use crate::cli::commands::search::explanation::{Explanation, line_by_meaning};
use crate::cli::commands::search::queries::TypedQuery;
use crate::cli::listing::hit_columns;
use crate::cli::render::Column;

/// One result, with its documented fields; fields are only ever added.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct SearchRecord {
    /// The text; null for a vector.
    query: Option<String>,
    /// The line of the text, or the row of the vector, in the file of queries, from 1; null for an argument.
    query_line: Option<u64>,
    rank: usize,
    #[serde(flatten)]
    pub(super) hit: Hit,
    /// With `--explain`.
    #[serde(skip_serializing_if = "Option::is_none")]
    explain: Option<Explanation>,
}

impl SearchRecord {
    pub(super) fn new(query: &TypedQuery, rank: usize, hit: Hit) -> Self {
        Self { query: query.label().map(str::to_owned), query_line: query.line(), rank, hit, explain: None }
    }

    /// The record with an explanation of its score, if the score has parts.
    pub(super) fn explained(self) -> Self {
        let explain = self.query.as_deref().and_then(|query| Explanation::new(query, &self.hit));
        Self { explain, ..self }
    }

    /// The explanation as a line for people.
    pub(super) fn explanation(&self) -> String {
        self.explain.as_ref().map_or_else(|| line_by_meaning(self.hit.rerank), Explanation::line)
    }

    /// The columns of a hit on one line.
    pub(super) fn columns(&self, query: QueryColumn) -> Vec<Column> {
        let query = (query == QueryColumn::Shown).then(|| Column::Text(self.query_name()));
        query.into_iter().chain(hit_columns(&self.hit)).collect()
    }

    /// Score and place.
    pub(super) fn head(&self) -> [Column; 2] {
        let [score, place, _] = hit_columns(&self.hit);
        [score, place]
    }

    /// The text of the query, or the number of its row if it is a vector.
    pub(super) fn query_name(&self) -> String {
        let row = || self.query_line.map(|row| row.to_string());
        self.query.clone().or_else(row).unwrap_or_default()
    }
}

/// Whether a plain line begins with its query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QueryColumn {
    Shown,
    Hidden,
}

#[cfg(test)]
mod tests {
    use embed::engine::{LocatedPassage, Passage};

    use super::*;

    fn record() -> SearchRecord {
        let passage =
            Passage { text: "text".to_owned(), context: None, lines: Some((1, 1)), bytes: Some((0, 4)) };
        let passage = LocatedPassage {
            source: "docs.txt".to_owned(),
            document: "1".to_owned(),
            key: "1".to_owned(),
            passage,
            metadata: None,
        };
        let query = TypedQuery::Text { text: "q".to_owned(), line: None };
        SearchRecord::new(&query, 1, Hit { score: 0.812_345_6, passage, parts: None, rerank: None })
    }

    #[test]
    fn the_columns_begin_with_the_query_if_there_are_many() {
        let texts = |columns: Vec<Column>| columns.len();
        assert_eq!(record().columns(QueryColumn::Shown)[0], Column::Text("q".to_owned()));
        assert_eq!(texts(record().columns(QueryColumn::Shown)), 4);
        assert_eq!(record().columns(QueryColumn::Hidden)[0], Column::score(0.812_345_6));
    }

    #[test]
    fn an_explanation_by_meaning_has_what_reranking_added() {
        assert_eq!(record().explained().explanation(), "by meaning alone");
        let mut reranked = record();
        reranked.hit.rerank = Some(1.234);
        assert_eq!(reranked.explained().explanation(), "by meaning alone, reranked 1.23");
    }

    #[test]
    fn a_score_is_written_with_the_fewest_digits_that_read_back() {
        let json = serde_json::to_string(&record()).expect("a record is plain data");
        assert_eq!(json.matches("0.8123456,").count(), 1);
        assert!(json.contains("\"query_line\":null"));
    }
}

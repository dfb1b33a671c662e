//! One result of a search.

use embed::engine::{Hit, SearchRecord};

use crate::cli::commands::search::explanation::explanation_line;
use crate::cli::commands::search::queries::TypedQuery;
use crate::cli::listing::hit_columns;
use crate::cli::render::Column;

/// How a record is shown to people.
pub(super) trait Shown {
    /// The explanation as a line.
    fn explanation(&self) -> String;

    /// The columns of a hit on one line.
    fn columns(&self, query: QueryColumn) -> Vec<Column>;

    /// Score and place.
    fn head(&self) -> [Column; 2];

    /// The text of the query, or the number of its row if it is a vector.
    fn query_name(&self) -> String;
}

/// The record of the hit of rank `rank`, from 1.
pub(super) fn record(query: &TypedQuery, rank: usize, hit: Hit) -> SearchRecord {
    SearchRecord { query: query.label().map(Into::into), query_line: query.line(), rank, hit, explain: None }
}

impl Shown for SearchRecord {
    fn explanation(&self) -> String {
        explanation_line(&self.hit, self.explain.as_ref())
    }

    fn columns(&self, query: QueryColumn) -> Vec<Column> {
        let query = (query == QueryColumn::Shown).then(|| Column::Text(self.query_name()));
        query.into_iter().chain(hit_columns(&self.hit)).collect()
    }

    fn head(&self) -> [Column; 2] {
        let [score, place, _] = hit_columns(&self.hit);
        [score, place]
    }

    fn query_name(&self) -> String {
        let row = || self.query_line.map(|row| row.to_string());
        self.query.as_deref().map(str::to_owned).or_else(row).unwrap_or_default()
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

    fn sample() -> SearchRecord {
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
        record(&query, 1, Hit { score: 0.812_345_6, passage, parts: None, rerank: None })
    }

    #[test]
    fn the_columns_begin_with_the_query_if_there_are_many() {
        let texts = |columns: Vec<Column>| columns.len();
        assert_eq!(sample().columns(QueryColumn::Shown)[0], Column::Text("q".to_owned()));
        assert_eq!(texts(sample().columns(QueryColumn::Shown)), 4);
        assert_eq!(sample().columns(QueryColumn::Hidden)[0], Column::score(0.812_345_6));
    }

    #[test]
    fn an_explanation_by_meaning_has_what_reranking_added() {
        assert_eq!(sample().explained().explanation(), "by meaning alone");
        let mut reranked = sample();
        reranked.hit.rerank = Some(1.234);
        assert_eq!(reranked.explained().explanation(), "by meaning alone, reranked 1.23");
    }
}

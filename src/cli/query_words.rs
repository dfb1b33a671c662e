//! Finds the words of a query in a text, by the rules of search by words.

use std::collections::HashMap;
use std::ops::Range;

use embed::engine::{WordQuery, terms_of};
use unicode_width::UnicodeWidthChar;

/// The words of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct QueryWords {
    /// The number of each term, in the order of the query.
    terms: HashMap<String, usize>,
}

impl QueryWords {
    /// The words of a typed query.
    pub(crate) fn of(query: &str) -> Self {
        Self { terms: WordQuery::parse(query).terms.into_iter().zip(0..).collect() }
    }

    /// The number of terms that a text can have.
    pub(crate) fn len(&self) -> usize {
        self.terms.len()
    }

    /// The numbers of the terms that `text` has, each once, in increasing order.
    pub(crate) fn terms_in(&self, text: &str) -> Vec<usize> {
        let mut found = Vec::new();
        if !self.terms.is_empty() {
            terms_of(text, |term| found.extend(self.terms.get(term)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The ranges of the words of `line` that have a term of the query.
    pub(crate) fn matches_in(&self, line: &str) -> Vec<Range<usize>> {
        words(line).into_iter().filter(|word| !self.terms_in(&line[word.clone()]).is_empty()).collect()
    }
}

/// Runs of letters, digits and underscores. A wide character is a word, since its script has no spaces.
fn words(line: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    let mut is_open = false;
    for (start, character) in line.char_indices() {
        let end = start + character.len_utf8();
        let is_wide = character.width() == Some(2);
        // A combining mark has no width.
        let continues = is_open && character.width() == Some(0);
        if is_wide || !(character.is_alphanumeric() || character == '_' || continues) {
            words.extend(is_wide.then_some(start..end));
            is_open = false;
            continue;
        }
        match words.last_mut() {
            Some(word) if is_open => word.end = end,
            _ => words.push(start..end),
        }
        is_open = true;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matched<'a>(query: &str, line: &'a str) -> Vec<&'a str> {
        let words = QueryWords::of(query);
        words.matches_in(line).into_iter().map(|word| &line[word]).collect()
    }

    #[test]
    fn words_match_in_any_form_that_has_a_term_of_the_query() {
        assert_eq!(
            matched("how do I return items", "(Returned) the ITEM, in returns."),
            ["Returned", "ITEM", "returns"]
        );
        assert_eq!(matched("similarity", "let x = cosine_similarity(a, b);"), ["cosine_similarity"]);
        assert_eq!(matched("cafe", "a caf\u{e9} or cafe\u{301}"), ["caf\u{e9}", "cafe\u{301}"]);
        assert!(matched("the of", "the end of it").is_empty());
    }

    #[test]
    fn characters_of_scripts_without_spaces_match_alone() {
        assert_eq!(matched("\u{5403}\u{996d}", "\u{8bf7}\u{5403}\u{996d}"), ["\u{5403}", "\u{996d}"]);
    }
}

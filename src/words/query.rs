//! The query of a user as terms and conditions.

use std::collections::HashSet;

use super::analysis::{is_definition, names_of, terms_of};
use super::phrase::Phrase;
use super::text_terms::TextTerms;

/// The words of a query.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WordQuery {
    /// The query without quotation marks and excluded words: the text that is embedded.
    pub text: String,
    /// Each term once, in the order of the query.
    pub terms: Vec<String>,
    /// The terms that are names, such as `parse_file` or `0.19`, each once.
    pub names: Vec<String>,
    /// What a text must have, for each `"quoted phrase"`.
    pub phrases: Vec<Phrase>,
    /// What a text must not have, for each `-word`.
    pub excluded: Vec<Phrase>,
}

impl WordQuery {
    /// Treats `text` literally: quotation marks and hyphens have no special meaning.
    #[must_use]
    pub fn plain(text: &str) -> Self {
        let (mut terms, mut known) = (Vec::new(), HashSet::new());
        terms_of(text, |term| {
            if !is_definition(term) && known.insert(term.to_owned()) {
                terms.push(term.to_owned());
            }
        });
        let (mut names, mut known) = (Vec::new(), HashSet::new());
        names_of(text, |name| {
            if known.insert(name.to_owned()) {
                names.push(name.to_owned());
            }
        });
        Self { text: text.to_owned(), terms, names, ..Self::default() }
    }

    /// Reads `"quoted phrases"`, which must occur, and `-words`, which must not.
    ///
    /// A quotation mark opens a phrase at the start of a word and closes it at the end of one. A hyphen at the start of a word
    /// excludes it, be it a number or an emoji; two hyphens do not, as in `--all`. What has no letter, digit or symbol is no
    /// condition. Anything else stands for itself.
    #[must_use]
    pub fn parse(query: &str) -> Self {
        let (mut text, mut phrases, mut excluded) = (String::new(), Vec::new(), Vec::new());
        let mut rest = query;
        while let Some(first) = rest.chars().next() {
            let at_start = text.is_empty() || text.ends_with(char::is_whitespace);
            if let Some((phrase, length)) = exclusion(rest).filter(|_| at_start) {
                excluded.push(phrase);
                rest = &rest[length..];
            } else if let Some(phrase) = quoted(rest).filter(|_| at_start) {
                phrases.extend(Phrase::of(phrase));
                text.push_str(phrase);
                rest = &rest[phrase.len() + 2..];
            } else {
                text.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
        if phrases.is_empty() && excluded.is_empty() {
            return Self::plain(query);
        }
        Self { phrases, excluded, ..Self::plain(text.trim()) }
    }

    /// The terms of the query that occur in `text`, in the order of the query.
    #[must_use]
    pub fn matches_in(&self, text: &str) -> Vec<String> {
        let found = TextTerms::of(text).counts;
        self.terms.iter().filter(|term| found.contains_key(term.as_str())).cloned().collect()
    }

    /// Whether the query has phrases or excluded words.
    #[must_use]
    pub const fn has_conditions(&self) -> bool {
        !self.phrases.is_empty() || !self.excluded.is_empty()
    }
}

/// What is excluded at the start of `text`, and how long that is with its marks.
fn exclusion(text: &str) -> Option<(Phrase, usize)> {
    let body = text.strip_prefix('-')?;
    if body.starts_with(|char: char| char == '-' || char.is_whitespace()) {
        return None;
    }
    if let Some(phrase) = quoted(body) {
        return Some((Phrase::of(phrase)?, phrase.len() + 3));
    }
    let length = body.find(char::is_whitespace).unwrap_or(body.len());
    // Punctuation around a word belongs to the sentence.
    let word = body[..length].trim_start_matches(['"', '\'', '(']);
    let word = word.trim_end_matches(['"', '\'', ')', ',', '.', ';', ':', '!', '?']);
    Some((Phrase::of(word)?, length + 1))
}

/// The quoted words at the start of `text`, if a quotation mark closes them at the end of a word.
fn quoted(text: &str) -> Option<&str> {
    let body = text.strip_prefix('"')?;
    let end = body.find('"')?;
    let after = body[end + 1..].chars().next();
    (!body[..end].trim().is_empty() && after.is_none_or(|after| !after.is_alphanumeric()))
        .then(|| &body[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phrases(typed: &[&str]) -> Vec<Phrase> {
        typed.iter().map(|typed| Phrase::of(typed).expect("it has words")).collect()
    }

    #[test]
    fn phrases_must_occur_and_words_after_a_hyphen_must_not() {
        let query = WordQuery::parse("refund \"ten Days\" -draft, now");
        assert_eq!(query.text, "refund ten Days  now");
        assert_eq!(query.phrases, phrases(&["ten days"]));
        assert_eq!(query.excluded, phrases(&["draft"]));
        assert_eq!(query.terms, ["refund", "ten", "day", "now"]);
        assert_eq!(WordQuery::parse("a -\"not this\" b").excluded, phrases(&["not this"]));
    }

    #[test]
    fn whatever_follows_a_hyphen_is_excluded() {
        for word in ["2023", "14.2", "#3", "🎉", "C++", "½", "谢谢"] {
            let query = WordQuery::parse(&format!("notes -{word}"));
            assert_eq!((query.text.as_str(), query.excluded), ("notes", phrases(&[word])), "{word}");
        }
        let query = WordQuery::parse("at \"-5\" degrees");
        assert_eq!((query.text.as_str(), query.phrases), ("at -5 degrees", phrases(&["-5"])));
    }

    #[test]
    fn a_long_query_takes_time_in_proportion_to_its_length() {
        for query in [
            "x".repeat(400_000),
            (0..60_000).map(|n| format!("a_{n} ")).collect::<Vec<_>>().concat(),
            "-\"x ".repeat(50_000),
        ] {
            assert!(WordQuery::parse(&query).text.len() <= query.len());
        }
    }

    #[test]
    fn marks_inside_words_stand_for_themselves() {
        for text in [
            "state-of-the-art",
            "git add --all",
            "fn f() -> u8",
            "a 5\" pipe",
            "it's \"open",
            "a - b",
            "-",
            "\"\"",
            "don't",
            "",
        ] {
            let query = WordQuery::parse(text);
            assert_eq!(query.text, text);
            assert!(!query.has_conditions(), "{text}");
        }
    }
}
